"""Clips of illegal parking: a car arrives, parks, is hidden, is swapped for another, leaves; others only stop."""

from __future__ import annotations

from datasets.scenes import places
from datasets.scenes.paths import Halt, stop_at_kerb
from datasets.scenes.places import HALF, KERB, LANE, Place, on_frame
from datasets.scenes.spec import ActorSpec, ClipSpec, Stay, Trip, Waypoint

KIND = "illegal_parking"
DURATION_S, FPS = 76.0, 8.0
DWELL_S = 20.0
HALT_X = 10.0


def story(here: Place, seed: int, name: str) -> ClipSpec:
    """By the seed's place in its four: hidden by a bus, swapped, after a short stop, or nothing illegal."""
    rng = here.rng(seed)
    at = on_frame(float(rng.uniform(10, 13)), FPS)
    trips, stays = _acts(here, seed % places.SEEDS_PER_PLACE, _cars(here), at)
    trips += _traffic(here, float(rng.uniform(0, 6)), seed)
    side = here.side
    zone = tuple((x, side * y) for x, y in ((3.5, HALF), (17.0, HALF), (17.0, 3.3), (3.5, 3.3)))
    return ClipSpec(name, here.scene, tuple(trips), DURATION_S, FPS, 8, seed, tuple(stays), zone, "kerb", loops=False)


def _cars(here: Place) -> tuple[ActorSpec, ActorSpec]:
    kinds = here.rng(5).permutation(["sedan", "suv", "van", "hatchback"])
    return places.cast(here, "car-a", str(kinds[0])), places.cast(here, "car-bb", str(kinds[1]))


def _parks(here: Place, car: ActorSpec, from_s: float, to_s: float) -> Trip:
    start, end = here.ends
    halt = Halt(HALT_X, here.side * KERB, here.side * LANE, from_s, to_s)
    return Trip(car, stop_at_kerb(halt, start, end))


def _acts(here: Place, number: int, cars: tuple[ActorSpec, ActorSpec], at: float) -> tuple[list[Trip], list[Stay]]:
    first, second = cars
    if number == 0:
        bus = places.cast(here, "bus", "bus")
        return [_parks(here, first, at, at + 44), _waits(here, bus, at + 14)], [Stay(first.id, at, at + 44)]
    if number == 1:
        again = at + 35
        trips = [_parks(here, first, at, at + 25), _parks(here, second, again, again + 60)]
        return trips, [Stay(first.id, at, at + 25), Stay(second.id, again, DURATION_S)]
    if number == 2:
        later = at + 20
        return [_parks(here, first, at, at + 8), _parks(here, second, later, later + 30)], [
            Stay(second.id, later, later + 30)
        ]
    return [_parks(here, first, at, at + 9), _parks(here, second, at + 30, at + 37)], []


def _waits(here: Place, bus: ActorSpec, from_s: float) -> Trip:
    """The bus stands in its lane for eight seconds, between the camera and the parked car."""
    (start, end), y = here.ends, here.side * LANE
    speed = 8.0
    way = (
        Waypoint(from_s - abs(HALT_X - start) / speed - 1.5, start, y),
        Waypoint(from_s - 3.0, HALT_X - here.way * 10.0, y),
        Waypoint(from_s, HALT_X, y),
        Waypoint(from_s + 8.0, HALT_X, y),
        Waypoint(from_s + 11.0, HALT_X + here.way * 10.0, y),
        Waypoint(from_s + 12.0 + abs(end - HALT_X) / speed, end, y),
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
