"""Scenarios of exposed garbage: bags, heaps and bins over half an hour, and what is cleared in time."""

from __future__ import annotations

from collections.abc import Callable

from datasets.scenarios.chance import Chance
from datasets.scenarios.script import Actor, Key, Scenario, Span, TrueIncident, Xyxy, merged, shifted, stay, visit, zone

KIND = "exposed_garbage"
LIMIT_S = 300.0
RULE = {"kind": KIND, "dwell_seconds": LIMIT_S}
SPLIT = 0.45
PLACES: tuple[Xyxy, ...] = ((50.0, 110.0, 78.0, 130.0), (210.0, 112.0, 240.0, 134.0))
PERSON = (16.0, 46.0)
DURATION_S = 2600.0
Story = tuple[tuple[Actor, ...], tuple[TrueIncident, ...]]


def _true(place: Xyxy, since: float, until: float) -> TrueIncident:
    middle = (place[0] + place[2]) / 2 / 320
    return TrueIncident(KIND, "left" if middle < SPLIT else "right", since, until, place)


def _somebody(chance: Chance, place: Xyxy, seconds: float) -> Actor:
    """Walks up beside the place, is at it at that time, and walks off."""
    spot = (place[0] - PERSON[0] - 2, place[3] - PERSON[1], place[0] - 2, place[3])
    keys = (
        (seconds - 8, shifted(spot, -110)),
        (seconds - 1, spot),
        (seconds + 2, spot),
        (seconds + 12, shifted(spot, 0, 95)),
    )
    return chance.actor("person", keys)


def _lying(chance: Chance, place: Xyxy, since: float, until: float, label: str = "garbage") -> tuple[Actor, ...]:
    """Put down by somebody, and fetched by somebody."""
    thing = chance.actor(label, stay(place, since, until))
    return thing, _somebody(chance, place, since), _somebody(chance, place, until)


def lies(chance: Chance, place: Xyxy) -> Story:
    """A bag is put down and lies until it is fetched."""
    box, since = chance.sized(place), chance.between(20, 200)
    until = since + chance.between(400, 1200)
    return _lying(chance, box, since, until), (_true(box, since, until),)


def was_there(chance: Chance, place: Xyxy) -> Story:
    """A heap that lay there before the camera looked, and is never fetched."""
    box = chance.sized(place)
    return (chance.actor("garbage", stay(box, 0, DURATION_S + 1)),), (_true(box, 0.0, DURATION_S),)


def grows(chance: Chance, place: Xyxy) -> Story:
    """A heap to which bags are added."""
    box, since = chance.sized(place), chance.between(20, 200)
    steps = [since + 200.0 * number for number in range(1, 4)]
    keys: list[Key] = [(since, box)]
    people = [_somebody(chance, box, since)]
    for number, at in enumerate(steps, start=1):
        grown = (box[0] - 5 * number, box[1] - 4 * number, box[2] + 7 * number, box[3])
        keys += [(at, keys[-1][1]), (at + 1, grown)]
        people.append(_somebody(chance, grown, at))
    until = steps[-1] + chance.between(200, 500)
    people.append(_somebody(chance, keys[-1][1], until))
    heap = chance.actor("garbage", (*keys, (until, keys[-1][1])))
    return (heap, *people), (_true(keys[3][1], since, until),)


def is_hidden(chance: Chance, place: Xyxy) -> Story:
    """A van parks in front of a heap for ten minutes."""
    _actors, (incident,) = lies(chance, place)
    since, until = incident.from_s, incident.from_s + chance.between(1200, 1500)
    box = incident.xyxy or place
    van = (place[0] - 25, place[1] - 25, place[2] + 25, place[3] + 12)
    came = since + chance.between(100, 350)
    front = chance.actor("truck", visit(van, came, came + chance.between(300, 700)))
    return (*_lying(chance, box, since, until), front), (_true(box, since, until),)


def runs_over(chance: Chance, place: Xyxy) -> Story:
    """A bin that is filled over its mouth and emptied."""
    high = (place[0], place[1] - 14, place[2] - 4, place[3])
    full = (high[0] - 2, high[1] - 10, high[2] + 2, high[3])
    since = chance.between(60, 200)
    until = since + chance.between(400, 1200)
    before, after = (
        chance.actor("garbage_bin", stay(high, 0, since)),
        chance.actor("garbage_bin", stay(high, until, DURATION_S)),
    )
    over = chance.actor("overflow", stay(full, since, until))
    people = _somebody(chance, full, since), _somebody(chance, full, until)
    return (before, over, after, *people), (_true(full, since, until),)


def straddles(chance: Chance, place: Xyxy) -> Story:
    """A heap on the line between two zones, most of it in one."""
    width = place[2] - place[0]
    box = (SPLIT * 320 - 0.75 * width, place[1], SPLIT * 320 + 0.25 * width, place[3])
    since = chance.between(20, 200)
    until = since + chance.between(400, 1200)
    return _lying(chance, box, since, until), (TrueIncident(KIND, "left", since, until, box),)


def is_taken_away(chance: Chance, place: Xyxy) -> Story:
    """A bag put down and fetched before the limit."""
    since = chance.between(20, 900)
    return _lying(chance, chance.sized(place), since, since + chance.between(40, 240)), ()


def is_a_bin(chance: Chance, place: Xyxy) -> Story:
    """A bin that is not full, with people who use it."""
    high = (place[0], place[1] - 14, place[2] - 4, place[3])
    people = [_somebody(chance, high, chance.between(50, 2400)) for _ in range(4)]
    return (chance.actor("garbage_bin", stay(high, 0, DURATION_S)), *people), ()


def is_carried(chance: Chance, place: Xyxy) -> Story:
    """Somebody waits with a bag, and walks on."""
    since = chance.between(30, 900)
    person = (place[0] - 18, place[3] - PERSON[1], place[0] - 2, place[3])
    actors = []
    for label, box in (("person", person), ("garbage", place)):
        keys = (since - 20, shifted(box, -60)), (since, box), (since + 60, box), (since + 80, shifted(box, 260))
        actors.append(chance.actor(label, keys))
    return tuple(actors), ()


STORIES: tuple[Callable[[Chance, Xyxy], Story], ...] = (
    *(lies, was_there, grows, is_hidden, runs_over, straddles),
    *(is_taken_away, is_a_bin, is_carried),
)


def make(seed: int) -> Scenario:
    """Two places with a story each; every third has a time of blinding light."""
    chance = Chance(seed)
    told = [STORIES[seed % len(STORIES)], STORIES[chance.pick(len(STORIES))]]
    if straddles in told:
        told = [straddles, is_taken_away]
    parts = [story(chance, place) for story, place in zip(told, PLACES, strict=True)]
    actors, incidents = merged(parts)
    begin = chance.between(300, 900)
    dips: tuple[Span, ...] = ((begin, begin + chance.between(60, 240)),) if seed % 3 == 0 else ()
    zones = (zone("left", 0.0, SPLIT, RULE), zone("right", SPLIT, 1.0, RULE))
    names = tuple(story.__name__ for story in told)
    return Scenario(f"{KIND}-{seed}", KIND, seed, DURATION_S, zones, actors, incidents, LIMIT_S, dips, names)
