"""Where generated clips play: one place for four seeds in a row, whose background and cast are rendered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from datasets.scenes import placing, scenery
from datasets.scenes.paths import KERB_M, through
from datasets.scenes.shapes import Rng, pick, tint
from datasets.scenes.spec import ActorSpec, CameraSpec, Colour, LightSpec, Placed, SceneSpec, StreetSpec, Trip, Waypoint

SEEDS_PER_PLACE = 4
TRAINING_SEEDS = range(100_000)  # clips to tune and to train on
TEST_SEEDS = range(100_000, 200_000)  # clips to measure with: nothing may learn from them
LANE, KERB, HALF, WALK = 1.75, 4.5, 5.6, 4.0
FAR_X, NEAR_X = 62.0, -20.0
WALK_M_S = 1.35
GROUNDS: Mapping[str, int] = {
    "illegal_parking": 1,
    "street_vending": 2,
    "exposed_garbage": 3,
    "uncovered_muck_truck": 4,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A street seen by one camera; `side` +1 watches the kerb at y > 0, where traffic comes towards -x.

    Where `turn` is given, clips take renders from a bank, so that times, spots and speeds may be any; `turn` chooses
    among the things of the place that stand still.
    """

    scene: SceneSpec
    side: float
    seed: int
    turn: int | None = None

    @property
    def way(self) -> float:
        """The direction in which traffic runs along the watched kerb: +1 towards +x."""
        return -self.side

    @property
    def ends(self) -> tuple[float, float]:
        """Where vehicles of the watched side come in and go out, x in metres."""
        return (NEAR_X, FAR_X) if self.way > 0 else (FAR_X, NEAR_X)

    def rng(self, *more: int) -> Rng:
        """Randomness that belongs to the place (and to `more`, a clip's seed for instance)."""
        return np.random.default_rng([self.seed, 19, *more])

    def props(self, number: int) -> Rng:
        """Randomness of the things that stand still: their shapes, styles and spots."""
        return self.rng(number, 1000 + self.turn) if self.turn else self.rng(number)

    def aside(self, rng: Rng, most: float) -> float:
        """By how much something differs from what is usual here: up to `most`, nothing where renders are shared."""
        return 0.0 if self.turn is None else float(rng.uniform(-most, most))


def place(kind: str, seed: int, size_wh: tuple[int, int]) -> Place:
    """The place in which the clip of a kind and a seed plays."""
    number = seed // SEEDS_PER_PLACE
    rng = np.random.default_rng([number, 17, GROUNDS[kind]])
    side = float(rng.choice([-1.0, 1.0]))
    street = _street(rng, number, side)
    scene = SceneSpec(_camera(rng, kind, side, size_wh), _light(rng), street)
    here = Place(scene, side, number * 10 + GROUNDS[kind])
    return replace(here, scene=replace(scene, parked=_furniture(rng, here, kind)))


def _street(rng: Rng, number: int, side: float) -> StreetSpec:
    trees = tuple((float(x), side * (HALF + 1.1)) for x in (24, 35, 46) if rng.random() < 0.7)
    return StreetSpec(
        100_000 + number,
        trees=trees,
        lamps=((21.0, side * (HALF + 0.6)),),
        greenery=bool(rng.random() < 0.4),
        road=tint(pick(rng, ((0.075, 0.076, 0.08), (0.05, 0.05, 0.055), (0.2, 0.19, 0.175))), 0.9, 0.35),
        paving=tint(pick(rng, ((0.27, 0.235, 0.215), (0.3, 0.29, 0.27), (0.28, 0.12, 0.08))), 0.85, 0.3, "tiles"),
    )


def _camera(rng: Rng, kind: str, side: float, size_wh: tuple[int, int]) -> CameraSpec:
    def about(value: float, spread: float) -> float:
        return value + float(rng.uniform(-spread, spread))

    if kind == "illegal_parking":
        eye, at, fov = (
            (about(-4, 0.6), -side * about(8.2, 0.5), about(6, 0.9)),
            (about(9, 1), side * 3.0, 0.5),
            about(61, 4),
        )
    elif kind == "uncovered_muck_truck":
        eye, at, fov = (
            (about(-5, 0.6), -side * about(8.2, 0.6), about(7.4, 0.7)),
            (about(11, 1), 0.0, 1.0),
            about(62, 4),
        )
    else:
        eye, at, fov = (
            (about(-3, 0.5), -side * about(3, 0.6), about(5, 0.7)),
            (about(7, 0.5), side * 6.2, 0.5),
            about(53, 3),
        )
    return CameraSpec(eye, at, fov, *size_wh)


def _light(rng: Rng) -> LightSpec:
    """As for stills, with less haze: a rule must have a fair chance."""
    light = scenery.random_light(rng)
    return replace(
        light, haze_m=max(light.haze_m, 120.0) if light.haze_m else 0.0, brightness=max(light.brightness, 0.45)
    )


def _furniture(rng: Rng, here: Place, kind: str) -> tuple[Placed, ...]:
    """What stands there all the time: a parked car beyond the zone, bins and things on the pavement."""
    heading = 180.0 if here.side > 0 else 0.0
    car = placing.random_actor(rng, str(rng.choice(["sedan", "suv", "van"])), 1)
    found = [Placed(replace(car, id="parked"), 33.0, here.side * KERB, heading)]
    to_road = -90.0 * here.side
    if kind != "uncovered_muck_truck":
        thing = ActorSpec("thing", "thing", variant=int(rng.integers(1, 2**31)))
        found.append(Placed(thing, 18.0, here.side * (HALF + 3.2), to_road, KERB_M))
    if kind == "exposed_garbage":
        can = ActorSpec("can", "bin", variant=int(rng.integers(1, 2**31)), state="closed")
        found.append(Placed(can, 11.0, here.side * (HALF + 3.3), to_road, KERB_M))
    return tuple(found)


def cast(here: Place, name: str, kind: str, state: str = "", colour: Colour | None = None) -> ActorSpec:
    """An actor of the place: the same for all clips that play there."""
    rng = here.rng(sum(name.encode()), len(name))
    actor = placing.random_actor(rng, kind, 0)
    return replace(actor, id=name, state=state, colour=colour or actor.colour)


def on_frame(at_s: float, fps: float) -> float:
    """The time of the nearest frame, so that clips of one place share their renders."""
    return round(round(at_s * fps) / fps, 6)


def moved(trip: Trip, by_s: float) -> Trip:
    """The same trip, later."""
    return replace(trip, waypoints=tuple(replace(w, t_s=w.t_s + by_s) for w in trip.waypoints))


def stands(actor: ActorSpec, at: tuple[float, float], facing_deg: float, span: tuple[float, float]) -> Trip:
    """Something that is there from one second to another and does not move; set down and taken away unseen."""
    return Trip(actor, (Waypoint(span[0], *at), Waypoint(span[1], *at)), facing_deg)


def drives_by(actor: ActorSpec, here: Place, *, watched: bool, speed: float = 9.0) -> Trip:
    """Through the street from second 0, on the watched side or against it."""
    y, (start, end) = here.side * LANE, here.ends
    if not watched:
        y, (start, end) = -y, (end, start)
    return Trip(actor, through(Waypoint(0.0, start, y), end, speed))


def visits(actor: ActorSpec, here: Place, spot: tuple[float, float], stay: tuple[float, float]) -> Trip:
    """Somebody comes out of a house, stands at a spot from `stay[0]` to `stay[1]` and goes back in."""
    aside = 1.6 if int(spot[0] * 10) % 2 else -1.6
    door = (spot[0] + aside, here.side * (HALF + WALK - 0.1))
    leg = float(np.hypot(door[0] - spot[0], door[1] - spot[1])) / WALK_M_S
    way = (
        Waypoint(stay[0] - leg, *door),
        Waypoint(stay[0], *spot),
        Waypoint(stay[1], *spot),
        Waypoint(stay[1] + leg, *door),
    )
    return Trip(actor, way, walks=True)
