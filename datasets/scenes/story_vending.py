"""Clips of street vending: a vendor sets up, sells to people who come and go, packs up; others only stop or pass."""

from __future__ import annotations

from datasets.scenes import places
from datasets.scenes.places import HALF, KERB, Place, on_frame
from datasets.scenes.shapes import Rng
from datasets.scenes.spec import ActorSpec, ClipSpec, Stay, Trip, Waypoint

KIND = "street_vending"
DURATION_S, FPS = 76.0, 8.0
DWELL_S = 20.0
X = 7.5


def story(here: Place, seed: int, name: str) -> ClipSpec:
    """By the seed's place in its four: a tricycle that sells, a table or cloth, one already there, or no vending."""
    rng, number = here.rng(seed), seed % places.SEEDS_PER_PLACE
    at = on_frame(float(rng.uniform(10, 14)), FPS)
    if number == 3:
        trips, stays = _nobody_sells(here, at), []
    else:
        over = on_frame(float(rng.uniform(52, 58)), FPS)
        trips, stay = (_on_wheels, _on_foot, _from_the_start)[number](here, at, over)
        trips += _customers(here, rng, stay)
        stays = [stay]
    side = here.side
    zone = tuple((x, side * y) for x, y in ((3.6, 3.4), (12.0, 3.4), (12.0, HALF + 3.7), (3.6, HALF + 3.7)))
    return ClipSpec(
        name, here.scene, tuple(trips), DURATION_S, FPS, 8, seed, tuple(stays), zone, "pavement", loops=False
    )


def _to_road(here: Place) -> float:
    return -90.0 * here.side


def _on_wheels(here: Place, at: float, over: float) -> tuple[list[Trip], Stay]:
    """A tricycle comes along the kerb, turns into a stall, and rides away."""
    trike = places.cast(here, "trike", "tricycle", "ride")
    stall = ActorSpec("stall", "stall", trike.colour, trike.second_colour, trike.scale, trike.variant, "trike")
    y = here.side * (KERB + 0.3)
    set_up, packed = at + 3.0, over
    (start, end), speed = here.ends, 4.0
    way = (
        Waypoint(at - abs(X - start) / speed - 1.0, start, y),
        Waypoint(at - 2.0, X - here.way * 4.0, y),
        Waypoint(at, X, y),
        Waypoint(set_up, X, y),
    )
    back = (
        Waypoint(packed, X, y),
        Waypoint(packed + 3.0, X, y),
        Waypoint(packed + 5.0, X + here.way * 4.0, y),
        Waypoint(packed + 6.0 + abs(end - X) / speed, end, y),
    )
    heading = 0.0 if here.way > 0 else 180.0
    # The stall sells over its right-hand side, its machine looks along the road.
    trips = [
        Trip(trike, way),
        places.stands(stall, (X, y), heading - 90.0, (set_up, packed)),
        Trip(trike, back, heading),
    ]
    trips += _vendor(here, (X, y), set_up, packed)
    return trips, Stay("stall", set_up, packed, KIND, "trike")


def _on_foot(here: Place, at: float, over: float) -> tuple[list[Trip], Stay]:
    """A vendor comes on foot and lays out a table or a cloth."""
    style = str(here.props(3).choice(["table", "cloth", "cart"]))
    stall = places.cast(here, "stall", "stall", style)
    spot = (X, here.side * (HALF + 2.2))
    trips = [places.stands(stall, spot, _to_road(here), (at + 2.0, over)), *_vendor(here, spot, at, over + 3.0)]
    return trips, Stay("stall", at + 2.0, over, KIND, style)


def _from_the_start(here: Place, at: float, over: float) -> tuple[list[Trip], Stay]:
    """The stall stands there when the camera is switched on."""
    style = str(here.props(4).choice(["cart", "spill", "table"]))
    stall = places.cast(here, "stall-now", "stall", style)
    spot = (X, here.side * (HALF + 2.4))
    end = min(over, at + 36.0)
    trips = [places.stands(stall, spot, _to_road(here), (0.0, end)), *_vendor(here, spot, -20.0, end + 2.0)]
    return trips, Stay("stall-now", 0.0, end, KIND, style)


def _vendor(here: Place, spot: tuple[float, float], from_s: float, to_s: float) -> list[Trip]:
    """The vendor stands on the far side of the goods."""
    vendor = places.cast(here, "vendor", "person")
    behind = (spot[0] - 0.4, spot[1] + here.side * 1.25)
    if abs(spot[1]) < HALF:  # at the kerb the vendor stands towards the road, beside the machine
        behind = (spot[0] - here.way * 1.6, spot[1] - here.side * 0.2)
    return [places.visits(vendor, here, behind, (from_s, to_s))]


def _customers(here: Place, rng: Rng, stay: Stay) -> list[Trip]:
    """Three people come one after another, so that somebody is at the stall most of the time."""
    trips = []
    front = here.side * (HALF + 0.75) if stay.detail != "trike" else here.side * (HALF + 0.35)
    first = max(stay.from_s, 4.0)
    for number in range(3):
        buyer = places.cast(here, "buyer" + "x" * number, "person")
        spot = (X + (-0.5, 0.45, 0.0)[number], front)
        came = on_frame(first + 2.0 + number * (stay.to_s - first) / 3.4 + float(rng.uniform(0, 2)), FPS)
        gone = on_frame(min(came + float(rng.uniform(14, 20)), stay.to_s - 1.0), FPS)
        trips.append(places.visits(buyer, here, spot, (came, gone)))
    return trips


def _nobody_sells(here: Place, at: float) -> list[Trip]:
    """A tricycle that stops for ten seconds, another parked without anybody, people who pass."""
    trike = places.cast(here, "trike", "tricycle", "ride")
    parked = places.cast(here, "trike-parked", "tricycle", "stand")
    y = here.side * (KERB + 0.3)
    (start, end), speed = here.ends, 4.0
    way = (
        Waypoint(at - abs(X - start) / speed - 1.0, start, y),
        Waypoint(at - 2.0, X - here.way * 4.0, y),
        Waypoint(at, X, y),
        Waypoint(at + 10.0, X, y),
        Waypoint(at + 12.0, X + here.way * 4.0, y),
        Waypoint(at + 13.0 + abs(end - X) / speed, end, y),
    )
    spot = (11.0, here.side * (HALF + 1.6))
    trips = [Trip(trike, way), places.stands(parked, spot, float(here.props(6).uniform(0, 360)), (0.0, DURATION_S))]
    for number, begins in enumerate((8.0, 40.0)):
        walker = places.cast(here, "walker" + "x" * number, "person")
        lane = here.side * (HALF + 1.2 + 1.4 * number)
        trips.append(Trip(walker, (Waypoint(begins, 16.0, lane), Waypoint(begins + 13.0, -2.0, lane)), walks=True))
    return trips
