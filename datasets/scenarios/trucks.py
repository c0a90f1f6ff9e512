"""Scenarios of muck trucks: passes with every state of the load, convoys, red lights."""

from __future__ import annotations

from collections.abc import Callable

from datasets.scenarios.chance import Chance
from datasets.scenarios.script import (
    WIDTH,
    Actor,
    Scenario,
    Span,
    TrueIncident,
    Xyxy,
    crossing,
    merged,
    shifted,
    stay,
    zone,
)

KIND = "uncovered_muck_truck"
LIMIT_S = 0.6
RULE = {"kind": KIND}
EDGES = (0.06, 0.94)
TRUCK: Xyxy = (0.0, 60.0, 84.0, 112.0)
OPEN = ("uncovered", "partly")
DURATION_S = 90.0
OUT = 90.0
Story = tuple[tuple[Actor, ...], tuple[TrueIncident, ...]]


def _true(truck: Actor) -> TrueIncident:
    inside = crossing(truck, EDGES[0] * WIDTH, EDGES[1] * WIDTH)
    begin, end = inside or (0.0, 0.0)
    return TrueIncident(KIND, "road", begin, end, None)


def _pass(chance: Chance, load: str, since: float, seconds: float, label: str = "dump_truck") -> Actor:
    start, end = shifted(TRUCK, -OUT), shifted(TRUCK, WIDTH + 6)
    box_start, box_end = (start, end) if chance.pick(2) else (end, start)
    return chance.actor(label, ((since, box_start), (since + seconds, box_end)), load)


def passes_open(chance: Chance, since: float) -> Story:
    """An open load drives through."""
    truck = _pass(chance, OPEN[chance.pick(2)], since, chance.between(4, 9))
    return (truck,), (_true(truck),)


def stops_at_light(chance: Chance, since: float) -> Story:
    """An open load stops at a red light and drives on."""
    middle, seconds = shifted(TRUCK, 120), chance.between(8, 16)
    way = (
        (since, shifted(TRUCK, -OUT)),
        (since + 4, middle),
        (since + 4 + seconds, middle),
        (since + 8 + seconds, shifted(TRUCK, WIDTH + 6)),
    )
    truck = chance.actor("dump_truck", way, "uncovered")
    return (truck,), (_true(truck),)


def convoy(chance: Chance, since: float) -> Story:
    """Two trucks one behind the other, each with a load of its own."""
    seconds = chance.between(5, 8)
    loads = [("uncovered", "uncovered"), ("uncovered", "covered"), ("empty", "uncovered")][chance.pick(3)]
    actors = []
    for number, load in enumerate(loads):
        begin = since + number * chance.between(2.4, 3.2)
        way = (begin, shifted(TRUCK, -OUT)), (begin + seconds, shifted(TRUCK, WIDTH + 6))
        actors.append(chance.actor("dump_truck", way, load))
    return tuple(actors), tuple(_true(truck) for truck in actors if truck.load == "uncovered")


def passes_behind(chance: Chance, since: float) -> Story:
    """A bus that comes the other way hides an open load for a second."""
    (truck,), (incident,) = passes_open(chance, since)
    low = (0.0, 66.0, 90.0, 136.0)
    ways = shifted(low, WIDTH + 6), shifted(low, -OUT)
    begin, end = ways if truck.way[0][1][0] < 0 else ways[::-1]
    bus = chance.actor("bus", ((since, begin), (since + 5, end)))
    return (truck, bus), (incident,)


def passes_closed(chance: Chance, since: float) -> Story:
    """An empty or covered truck drives through."""
    return (_pass(chance, ("empty", "covered")[chance.pick(2)], since, chance.between(4, 9)),), ()


def stands(chance: Chance, since: float) -> Story:
    """An open truck stands at the light the whole time, and is not seen to move."""
    del since
    return (chance.actor("dump_truck", stay((60.0, 34.0, 126.0, 76.0), 0, DURATION_S + 1), "uncovered"),), ()


def others_pass(chance: Chance, since: float) -> Story:
    """Cars, and a truck whose load cannot be seen."""
    car = _pass(chance, "not_visible", since, 5.0, "truck")
    low = shifted((0.0, 70.0, 56.0, 104.0), 0, 40)
    return (car, chance.actor("car", ((since + 1, shifted(low, -60)), (since + 5, shifted(low, WIDTH))))), ()


STORIES: tuple[Callable[[Chance, float], Story], ...] = (
    *(passes_open, stops_at_light, convoy, passes_behind),
    *(passes_closed, others_pass),
)


def make(seed: int) -> Scenario:
    """Two stories one after the other; in every fifth a truck stands at the light behind."""
    chance = Chance(seed)
    told = [STORIES[seed % len(STORIES)], STORIES[chance.pick(len(STORIES))]]
    parts = [story(chance, since) for story, since in zip(told, (6.0 + chance.between(0, 4), 46.0), strict=True)]
    names = [story.__name__ for story in told]
    if seed % 5 == 0:
        parts.append(stands(chance, 0.0))
        names.append(stands.__name__)
    actors, incidents = merged(parts)
    begin = chance.between(2, 50)
    dips: tuple[Span, ...] = ((begin, begin + 1.0),) if seed % 3 == 0 else ()
    zones = (zone("road", *EDGES, RULE),)
    return Scenario(f"{KIND}-{seed}", KIND, seed, DURATION_S, zones, actors, incidents, LIMIT_S, dips, tuple(names))
