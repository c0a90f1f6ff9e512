"""Clips of muck trucks that pass: empty, covered, half covered, open and full, spilling; and other trucks."""

from __future__ import annotations

from dataclasses import replace

from datasets.scenes import actors, loads, places
from datasets.scenes.paths import Pose
from datasets.scenes.places import Place, on_frame
from datasets.scenes.shapes import Rng
from datasets.scenes.spec import ActorSpec, ClipSpec, Stay, Trip
from datasets.scenes.sprites import at as placed_at

KIND = "uncovered_muck_truck"
DURATION_S, FPS = 48.0, 10.0
BRIEF_S, PASSES = 26.0, 2
FROM_X, TO_X = 4.0, 20.0
ROAD = 5.2
# name, state, on the watched side: the cast of a place, each of which passes at most once in a clip
CAST = (
    ("empty", "empty", True),
    ("covered", "covered", True),
    ("covered-b", "covered", False),
    ("partly", "partly", True),
    ("open", "uncovered", True),
    ("open-bb", "uncovered", False),
    ("spills", "spilling", True),
)
CLEAN = ("empty", "covered", "covered-b", "other")
OPEN = ("partly", "uncovered", "spilling")


def story(here: Place, seed: int, name: str) -> ClipSpec:
    """Four passes, ten seconds apart (of a bank: two); every fourth clip has only covered, empty and other trucks."""
    rng, number = here.rng(seed), seed % places.SEEDS_PER_PLACE
    most = len(CLEAN) if here.turn is None else PASSES
    names = list(CLEAN) if number == 3 else _mixed(rng, most // 2)
    if here.turn is not None and number == 3:
        names = [str(who) for who in rng.permutation(names)[:most]]
    trips: list[Trip] = []
    stays: list[Stay] = []
    for turn, who in enumerate(names):
        trip = places.moved(
            _pass(here, who, here.aside(rng, 0.8)), on_frame(10.0 * turn + float(rng.uniform(0.0, 1.6)), FPS)
        )
        trips.append(trip)
        stays += _stays(here, trip)
        if trip.actor.state == "spilling":
            trips.append(_trail(here, trip))
    side = here.side
    zone = tuple((x, side * y) for x, y in ((FROM_X, ROAD), (TO_X, ROAD), (TO_X, -ROAD), (FROM_X + 2, -ROAD + 1)))
    lasts = DURATION_S if here.turn is None else BRIEF_S
    return ClipSpec(name, here.scene, tuple(trips), lasts, FPS, 10, seed, tuple(stays), zone, "road", loops=False)


def _mixed(rng: Rng, each: int) -> list[str]:
    """As many that violate as do not, in any order; the one that spills comes last."""
    bad = [str(who) for who in rng.permutation(["partly", "open", "open-bb", "spills"])[:each]]
    good = [str(who) for who in rng.permutation(CLEAN)[:each]]
    order = [str(who) for who in rng.permutation([*bad, *good])]
    return sorted(order, key=lambda who: who == "spills")


def _pass(here: Place, who: str, faster: float) -> Trip:
    watched = next((side for name, _, side in CAST if name == who), True)
    speed = float(here.rng(sum(who.encode())).uniform(5.5, 8.0)) + faster
    return places.drives_by(actor_of(here, who), here, watched=watched, speed=speed)


def actor_of(here: Place, who: str) -> ActorSpec:
    """A truck of the place's cast. Of 20 shapes the first whose load its camera can tell is taken."""
    if who == "other":
        return places.cast(here, who, "plain_truck")
    name, state, watched = next(entry for entry in CAST if entry[0] == who)
    truck = places.cast(here, name, "dump_truck", state)
    for number in range(20):
        shape = replace(truck, variant=truck.variant // 2 + number)
        if state_seen(here, shape, watched=watched) not in (loads.MISLEADING, "not_visible"):
            return shape
    return truck


def state_seen(here: Place, truck: ActorSpec, *, watched: bool) -> str:
    """The load that the camera can tell in the middle of the zone."""
    side = here.side if watched else -here.side
    pose = Pose((FROM_X + TO_X) / 2, side * places.LANE, 0.0, 180.0 if side > 0 else 0.0)
    view = here.scene.camera
    return loads.label(
        truck.state, loads.seen(view, placed_at(actors.model(truck), pose), (0, 0, view.width, view.height))
    )


def _stays(here: Place, trip: Trip) -> list[Stay]:
    """From the truck's middle coming into the zone to its going out, where its load violates."""
    if trip.actor.state not in OPEN:
        return []
    start, end = trip.waypoints
    speed = abs(end.x - start.x) / (end.t_s - start.t_s)
    times = sorted(start.t_s + abs(x - start.x) / speed for x in (FROM_X, TO_X))
    return [Stay(trip.actor.id, round(times[0], 3), round(times[1], 3), KIND, trip.actor.state)]


def _trail(here: Place, trip: Trip) -> Trip:
    """What the truck lost lies on the road behind it until the clip ends."""
    start, end = trip.waypoints
    speed = abs(end.x - start.x) / (end.t_s - start.t_s)
    x = (FROM_X + TO_X) / 2
    begins = on_frame(start.t_s + (abs(x - start.x) + 5.0) / speed, FPS)
    soil = ActorSpec("trail", "trail", variant=int(here.rng(14).integers(1, 2**31)))
    return places.stands(soil, (x, start.y), 0.0, (begins, DURATION_S))
