"""Clips of illegal parking: a car arrives, parks, is hidden, is swapped for another, leaves; others only stop."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.scenes import places
from datasets.scenes.paths import Halt, stop_at_kerb
from datasets.scenes.places import HALF, KERB, LANE, Place, on_frame
from datasets.scenes.shapes import Rng
from datasets.scenes.spec import ActorSpec, ClipSpec, Stay, Trip, Waypoint

KIND = "illegal_parking"
DURATION_S, FPS = 76.0, 8.0
DWELL_S = 20.0
HALT_X = 10.0


def story(here: Place, seed: int, name: str) -> ClipSpec:
    """By the seed's place in its four: hidden by a bus, swapped, after a short stop, or nothing illegal."""
    rng = here.rng(seed)
    at = on_frame(float(rng.uniform(10, 13)), FPS)
    acts = (_hidden, _swapped, _after_a_short_stop, _nothing)[seed % places.SEEDS_PER_PLACE]
    trips, stays = acts(here, _Play(_cars(here, rng), at, HALT_X + here.aside(rng, 2.2), here.aside(rng, 5.0)))
    trips += _traffic(here, float(rng.uniform(0, 6)), seed)
    side = here.side
    zone = tuple((x, side * y) for x, y in ((3.5, HALF), (17.0, HALF), (17.0, 3.3), (3.5, 3.3)))
    return ClipSpec(name, here.scene, tuple(trips), DURATION_S, FPS, 8, seed, tuple(stays), zone, "kerb", loops=False)


@dataclass(frozen=True, slots=True)
class _Play:
    """Two cars that take turns; the first comes at `at`; they stand at `x`, `longer` seconds more than usual."""

    cars: tuple[ActorSpec, ActorSpec]
    at: float
    x: float
    longer: float


def _cars(here: Place, rng: Rng) -> tuple[ActorSpec, ActorSpec]:
    kinds = [str(kind) for kind in here.rng(5).permutation(["sedan", "suv", "van", "hatchback"])]
    cars = [places.cast(here, name, kinds[k]) for k, name in enumerate(("car-a", "car-bb", "car-ccc"))]
    first, second = (0, 1) if here.turn is None else rng.permutation(3)[:2]
    return cars[first], cars[second]


def _parks(here: Place, play: _Play, who: int, from_s: float, to_s: float) -> Trip:
    start, end = here.ends
    halt = Halt(play.x, here.side * KERB, here.side * LANE, from_s, to_s)
    return Trip(play.cars[who], stop_at_kerb(halt, start, end))


Acts = tuple[list[Trip], list[Stay]]


def _hidden(here: Place, play: _Play) -> Acts:
    at, gone = play.at, play.at + 44 + play.longer
    bus = places.cast(here, "bus", "bus")
    return [_parks(here, play, 0, at, gone), _waits(here, bus, at + 14, play.x)], [Stay(play.cars[0].id, at, gone)]


def _swapped(here: Place, play: _Play) -> Acts:
    at, gone = play.at, play.at + 25 + abs(play.longer)
    again = gone + 10
    trips = [_parks(here, play, 0, at, gone), _parks(here, play, 1, again, again + 60)]
    return trips, [Stay(play.cars[0].id, at, gone), Stay(play.cars[1].id, again, DURATION_S)]


def _after_a_short_stop(here: Place, play: _Play) -> Acts:
    at, later = play.at, play.at + 20
    gone = later + 30 + play.longer
    trips = [_parks(here, play, 0, at, at + 8), _parks(here, play, 1, later, gone)]
    return trips, [Stay(play.cars[1].id, later, gone)]


def _nothing(here: Place, play: _Play) -> Acts:
    at = play.at
    return [_parks(here, play, 0, at, at + 9), _parks(here, play, 1, at + 30, at + 37)], []


def _waits(here: Place, bus: ActorSpec, from_s: float, x: float) -> Trip:
    """The bus stands in its lane for eight seconds, between the camera and the parked car."""
    (start, end), y = here.ends, here.side * LANE
    speed = 8.0
    way = (
        Waypoint(from_s - abs(x - start) / speed - 1.5, start, y),
        Waypoint(from_s - 3.0, x - here.way * 10.0, y),
        Waypoint(from_s, x, y),
        Waypoint(from_s + 8.0, x, y),
        Waypoint(from_s + 11.0, x + here.way * 10.0, y),
        Waypoint(from_s + 12.0 + abs(end - x) / speed, end, y),
    )
    return Trip(bus, way)


def _traffic(here: Place, first_s: float, seed: int) -> list[Trip]:
    """Others pass: two against the watched side, a scooter along it."""
    kinds = (("pass-a", "suv", False, 9.0), ("pass-bc", "hatchback", False, 9.0), ("ride", "motorcycle", True, 8.0))
    trips = []
    for number, (name, kind, watched, speed) in enumerate(kinds):
        trip = places.drives_by(places.cast(here, name, kind), here, watched=watched, speed=speed)
        at = 30.0 * number + first_s + 3.0 * (seed % 3)
        trips.append(places.moved(trip, on_frame(at, FPS)))
    return [trip for trip in trips if trip.waypoints[-1].t_s < DURATION_S]
