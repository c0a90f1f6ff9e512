"""Scenarios of street vending: stalls and tricycles with people at them, and what only looks so."""

from __future__ import annotations

from collections.abc import Callable

from datasets.scenarios.chance import Chance
from datasets.scenarios.script import Actor, Key, Scenario, Span, TrueIncident, Xyxy, merged, shifted, stay, visit, zone

KIND = "street_vending"
LIMIT_S = 90.0
RULE = {"kind": KIND, "dwell_seconds": LIMIT_S}
GUIDED_FROM = 0.8
SPLIT = 0.42
PLACES: tuple[Xyxy, ...] = ((34.0, 96.0, 84.0, 132.0), (180.0, 98.0, 232.0, 134.0))
PERMITTED_PLACE: Xyxy = (266.0, 100.0, 312.0, 134.0)
PERSON = (14.0, 40.0)
DURATION_S = 420.0
Story = tuple[tuple[Actor, ...], tuple[TrueIncident, ...]]


def _person(x: float, feet: float) -> Xyxy:
    return x - PERSON[0] / 2, feet - PERSON[1], x + PERSON[0] / 2, feet


def _fidgeting(chance: Chance, box: Xyxy, since: float, until: float) -> tuple[Key, ...]:
    """Walks up, shifts from foot to foot, walks off."""
    keys: list[Key] = [(since - 4, shifted(box, -150)), (since, box)]
    seconds = since
    while (seconds := seconds + chance.between(15, 40)) < until - 3:
        place = shifted(box, chance.between(-4, 4))
        keys += [(seconds, keys[-1][1]), (seconds + 1, place)]
    return (*keys, (until, keys[-1][1]), (until + 4, shifted(box, 200)))


def _vendor(chance: Chance, place: Xyxy, since: float, until: float) -> Actor:
    """Stands at the side of what is sold from."""
    return chance.actor("person", _fidgeting(chance, _person(place[2] + 6, place[3] - 1), since, until))


def _customers(chance: Chance, place: Xyxy, since: float, until: float) -> tuple[Actor, ...]:
    found: list[Actor] = []
    seconds = since + chance.between(5, 15)
    while seconds < until - 20:
        left = min(seconds + chance.between(20, 50), until - 2)
        x = chance.between(place[0] - 4, place[0] + 14)
        found.append(chance.actor("person", _fidgeting(chance, _person(x, place[3] + 8), seconds, left)))
        seconds += chance.between(15, 40)
    return tuple(found)


def _true(place: Xyxy, since: float, until: float) -> TrueIncident:
    middle = (place[0] + place[2]) / 2 / 320
    return TrueIncident(KIND, "left" if middle < SPLIT else "right", since, until, place)


def sells(chance: Chance, place: Xyxy) -> Story:
    """A stall is set up, sells, and is packed up."""
    box, since = chance.sized(place), chance.between(15, 60)
    until = since + chance.between(110, 220)
    stall = chance.actor("stall", stay(box, since, until))
    people = (_vendor(chance, box, since, until), *_customers(chance, box, since, until))
    return (stall, *people), (_true(box, since, until),)


def sells_from_tricycle(chance: Chance, place: Xyxy) -> Story:
    """A vendor rides up on a tricycle and sells from it."""
    box, since = chance.sized(place), chance.between(15, 60)
    until = since + chance.between(120, 220)
    tricycle = chance.actor("tricycle", visit(box, since, until))
    people = (_vendor(chance, box, since + 1, until - 1), *_customers(chance, box, since, until))
    return (tricycle, *people), (_true(box, since, until),)


def is_crowded(chance: Chance, place: Xyxy) -> Story:
    """Customers stand in front of the stall, and for half a minute hide it."""
    (stall, *people), (incident,) = sells(chance, place)
    begin = incident.from_s + chance.between(25, 50)
    width = (place[2] - place[0]) / 4
    feet = place[3] + 3
    wall = [
        chance.actor(
            "person", visit((place[0] + n * width, feet - 44, place[0] + (n + 1.1) * width, feet), begin, begin + 25)
        )
        for n in range(4)
    ]
    return (stall, *people, *wall), (incident,)


def straddles(chance: Chance, place: Xyxy) -> Story:
    """A stall on the line between two zones, most of it in one."""
    width = place[2] - place[0]
    moved = (SPLIT * 320 - 0.75 * width, place[1], SPLIT * 320 + 0.25 * width, place[3])
    box, since = moved, chance.between(15, 60)
    until = since + chance.between(110, 220)
    stall = chance.actor("stall", stay(box, since, until))
    people = (_vendor(chance, box, since, until), *_customers(chance, box, since, until))
    return (stall, *people), (TrueIncident(KIND, "left", since, until, box),)


def packs_up(chance: Chance, place: Xyxy) -> Story:
    """Sells for less than the limit."""
    box, since = chance.sized(place), chance.between(15, 100)
    until = since + chance.between(40, 75)
    people = (_vendor(chance, box, since, until), *_customers(chance, box, since, until))
    return (chance.actor("stall", stay(box, since, until)), *people), ()


def waits_for_bus(chance: Chance, place: Xyxy) -> Story:
    """People stand together, and nothing is sold."""
    people = []
    for number in range(5):
        since = chance.between(10, 80)
        spot = _person(place[0] + 12 * number, place[3] + chance.between(-3, 3))
        people.append(chance.actor("person", _fidgeting(chance, spot, since, since + chance.between(120, 250))))
    return tuple(people), ()


def delivers(chance: Chance, place: Xyxy) -> Story:
    """A delivery tricycle stops for two minutes; its rider goes in and comes back."""
    box, since = chance.sized(place), chance.between(15, 100)
    until = since + 120
    rider = _person(box[2] + 6, box[3])
    gone, back = (since + 10, since + 14), (until - 14, until - 10)
    out = (since, rider), (gone[0], rider), (gone[1], shifted(rider, 0, -90))
    home = (back[0], shifted(rider, 0, -90)), (back[1], rider), (until, rider)
    tricycle = chance.actor("tricycle", visit(box, since, until))
    return (tricycle, chance.actor("person", out), chance.actor("person", home)), ()


def is_shut(chance: Chance, place: Xyxy) -> Story:
    """A stall with nobody at it; people pass."""
    stall = chance.actor("stall", stay(chance.sized(place), 0, 400))
    starts = [chance.between(10, 380) for _ in range(5)]
    low = _person(place[0], place[3] + 22)
    people = [chance.actor("person", ((t, shifted(low, -120)), (t + 15, shifted(low, 260)))) for t in starts]
    return (stall, *people), ()


STORIES: tuple[Callable[[Chance, Xyxy], Story], ...] = (
    *(sells, sells_from_tricycle, is_crowded, straddles),
    *(packs_up, waits_for_bus, delivers, is_shut),
)


def make(seed: int) -> Scenario:
    """Two places with a story each, and a permitted stall in a guided zone in every second."""
    chance = Chance(seed)
    told = [STORIES[seed % len(STORIES)], STORIES[chance.pick(len(STORIES))]]
    if straddles in told:
        told = [straddles, packs_up]
    parts = [story(chance, place) for story, place in zip(told, PLACES, strict=True)]
    if seed % 2:
        since = chance.between(10, 40)
        stall = chance.actor("stall", stay(PERMITTED_PLACE, since, 400))
        parts.append(((stall, _vendor(chance, shifted(PERMITTED_PLACE, -40), since, 380)), ()))
    actors, incidents = merged(parts)
    begin = chance.between(60, 140)
    dips: tuple[Span, ...] = ((begin, begin + chance.between(5, 25)),) if seed % 3 == 0 else ()
    zones = (
        zone("left", 0.0, SPLIT, RULE),
        zone("right", SPLIT, GUIDED_FROM, RULE, "restricted"),
        zone("market", GUIDED_FROM, 1.0, RULE, "guided"),
    )
    names = tuple(story.__name__ for story in told)
    return Scenario(f"{KIND}-{seed}", KIND, seed, DURATION_S, zones, actors, incidents, LIMIT_S, dips, names)
