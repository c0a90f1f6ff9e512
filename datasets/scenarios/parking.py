"""Scenarios of illegal parking: bays of a kerb, and what happens in each."""

from __future__ import annotations

from collections.abc import Callable

from datasets.scenarios.chance import Chance
from datasets.scenarios.script import Actor, Scenario, Span, TrueIncident, Xyxy, merged, shifted, stay, visit, zone

KIND = "illegal_parking"
LIMIT_S = 60.0
RULE = {"kind": KIND, "dwell_seconds": LIMIT_S}
BAYS: tuple[Xyxy, ...] = ((30.0, 60.0, 86.0, 98.0), (200.0, 62.0, 258.0, 100.0))
SPLIT = 0.45
DURATION_S = 330.0
Story = tuple[tuple[Actor, ...], tuple[TrueIncident, ...]]


def _true(box: Xyxy, since: float, until: float) -> TrueIncident:
    middle = (box[0] + box[2]) / 2 / 320
    return TrueIncident(KIND, "left" if middle < SPLIT else "right", since, until, box)


def parks(chance: Chance, bay: Xyxy) -> Story:
    """A car comes, stands beyond the limit and leaves."""
    box, since = chance.sized(bay), chance.between(15, 60)
    until = since + chance.between(75, 150)
    return (chance.actor("car", visit(box, since, until)),), (_true(box, since, until),)


def is_hidden(chance: Chance, bay: Xyxy) -> Story:
    """A lorry stands in front of a parked car for half a minute."""
    (car,), (incident,) = parks(chance, bay)
    front = shifted((bay[0] - 12, bay[1] - 20, bay[2] + 12, bay[3] + 12), 0)
    came = incident.from_s + chance.between(15, 25)
    lorry = chance.actor("truck", visit(front, came, came + chance.between(12, 28), seconds=2.5))
    return (car, lorry), (incident,)


def is_swapped(chance: Chance, bay: Xyxy) -> Story:
    """A car leaves and another takes its place: two incidents."""
    (car,), (first,) = parks(chance, bay)
    box, since = chance.sized(bay), first.to_s + chance.between(6, 14)
    until = since + chance.between(75, 100)
    second = chance.actor("car", visit(box, since, until, seconds=3.0))
    return (car, second), (first, _true(box, since, until))


def straddles(chance: Chance, bay: Xyxy) -> Story:
    """A car on the line between two zones, most of it in one of them."""
    width = bay[2] - bay[0]
    box = (SPLIT * 320 - 0.75 * width, bay[1], SPLIT * 320 + 0.25 * width, bay[3])
    since = chance.between(15, 60)
    until = since + chance.between(75, 150)
    incident = TrueIncident(KIND, "left", since, until, box)
    return (chance.actor("car", visit(box, since, until)),), (incident,)


def stops(chance: Chance, bay: Xyxy) -> Story:
    """A short stop within the limit."""
    since = chance.between(15, 120)
    return (chance.actor("car", visit(chance.sized(bay), since, since + chance.between(15, 48))),), ()


def queues(chance: Chance, bay: Xyxy) -> Story:
    """Cars creep through the bay, one after another."""
    start = chance.between(10, 60)
    cars = []
    for number in range(5):
        begin = start + 22 * number
        way = ((begin, shifted(bay, -230)), (begin + 60, shifted(bay, 250)))
        cars.append(chance.actor("car", way))
    return tuple(cars), ()


def passes(chance: Chance, bay: Xyxy) -> Story:
    """Traffic in front, and a bicycle leaned against the wall: not of the rule's classes."""
    low = shifted(bay, 0, 60)
    times = [chance.between(10, 300) for _ in range(6)]
    cars = [chance.actor("car", ((t, shifted(low, -280)), (t + 4, shifted(low, 300)))) for t in times]
    cycle = chance.actor("bicycle", stay((bay[0], bay[1] + 10, bay[0] + 26, bay[3]), 0, 290))
    return (*cars, cycle), ()


STORIES: tuple[Callable[[Chance, Xyxy], Story], ...] = (
    *(parks, is_hidden, is_swapped, straddles, parks),
    *(stops, queues, passes),
)


def make(seed: int) -> Scenario:
    """Two bays with a story each; headlights blind the camera for a while in every third."""
    chance = Chance(seed)
    told = [
        STORIES[(seed + 3 * bay) % len(STORIES)] if bay == 0 else STORIES[chance.pick(len(STORIES))] for bay in (0, 1)
    ]
    if straddles in told:
        told = [straddles, stops]
    elif queues in told:
        told = [queues, passes] if told[0] is queues else [passes, queues]
    parts = [story(chance, bay) for story, bay in zip(told, BAYS, strict=True)]
    actors, incidents = merged(parts)
    begin = chance.between(60, 140)
    dips: tuple[Span, ...] = ((begin, begin + chance.between(5, 25)),) if seed % 3 == 0 else ()
    zones = (zone("left", 0.0, SPLIT, RULE), zone("right", SPLIT, 1.0, RULE))
    names = tuple(story.__name__ for story in told)
    return Scenario(f"{KIND}-{seed}", KIND, seed, DURATION_S, zones, actors, incidents, LIMIT_S, dips, names)
