"""Clips of exposed garbage: a bag is dropped, a heap grows, a bin runs over, all is cleared; or is gone in time."""

from __future__ import annotations

from datasets.scenes import places
from datasets.scenes.places import HALF, KERB, Place, on_frame
from datasets.scenes.spec import ActorSpec, ClipSpec, Stay, Trip, Waypoint

KIND = "exposed_garbage"
DURATION_S, FPS = 76.0, 8.0
DWELL_S = 20.0
X = 7.0


def story(here: Place, seed: int, name: str) -> ClipSpec:
    """By the seed's place in its four: a growing heap, a bin that runs over, one already there, or gone in time."""
    rng, number = here.rng(seed), seed % places.SEEDS_PER_PLACE
    at = on_frame(float(rng.uniform(10, 14)), FPS)
    over = on_frame(float(rng.uniform(56, 60)), FPS)
    trips, stays = (_grows, _runs_over, _lies_there, _gone_in_time)[number](here, at, over)
    side = here.side
    zone = tuple((x, side * y) for x, y in ((3.6, 4.0), (12.5, 4.0), (12.5, HALF + 3.8), (3.6, HALF + 3.8)))
    return ClipSpec(
        name, here.scene, tuple(trips), DURATION_S, FPS, 8, seed, tuple(stays), zone, "pavement", loops=False
    )


def _spot(here: Place) -> tuple[float, float]:
    return X, here.side * (HALF + float(here.props(2).uniform(0.7, 2.4)))


def _brings(here: Place, name: str, at: float) -> Trip:
    """Somebody walks to the spot, bends down for two seconds, and goes."""
    x, y = _spot(here)
    spot = (x + 0.9, y)
    return places.visits(places.cast(here, name, "person"), here, spot, (at - 1.5, at + 0.5))


def _grows(here: Place, at: float, over: float) -> tuple[list[Trip], list[Stay]]:
    """Bags at first, then more, then a heap; a cleaner's tricycle takes it away."""
    spot, turn = _spot(here), float(here.props(8).uniform(0, 360))
    seed = int(here.props(9).integers(1, 2**31))
    stages = (("bags", "", at, at + 10), ("heap", "0.45", at + 10, at + 22), ("heap", "0.85", at + 22, over))
    trips = [
        places.stands(ActorSpec("heap", kind, variant=seed, state=state), spot, turn, (start, end - 0.01))
        for kind, state, start, end in stages
    ]
    trips += [
        _brings(here, name, begins) for name, begins in (("one", at), ("another", at + 10), ("somebody", at + 22))
    ]
    trips.append(_cleaner(here, over))
    return trips, [Stay("heap", at, over, KIND, "heap")]


def _cleaner(here: Place, at: float) -> Trip:
    """An orange tricycle stands at the kerb for eight seconds about `at`."""
    trike = places.cast(here, "cleaner", "tricycle", "ride", (0.5, 0.16, 0.01))
    y, (start, end), speed = here.side * (KERB - 0.2), here.ends, 4.0
    x = X + here.way * 1.5
    way = (
        Waypoint(at - 5.0 - abs(x - start) / speed - 1.0, start, y),
        Waypoint(at - 7.0, x - here.way * 4.0, y),
        Waypoint(at - 5.0, x, y),
        Waypoint(at + 3.0, x, y),
        Waypoint(at + 5.0, x + here.way * 4.0, y),
        Waypoint(at + 6.0 + abs(end - x) / speed, end, y),
    )
    return Trip(trike, way)


def _runs_over(here: Place, at: float, over: float) -> tuple[list[Trip], list[Stay]]:
    """A bin is fuller every time somebody comes; it runs over until it is emptied."""
    seed, spot = int(here.props(10).integers(1, 2**31)), (X, here.side * (HALF + 1.2))
    turn = -90.0 * here.side
    stages = (
        ("bin", "closed", 0.0, at - 4),
        ("bin-full", "full", at - 4, at),
        ("bin-over", "overflow", at, over),
        ("bin", "closed", over, DURATION_S),
    )
    trips = [
        places.stands(ActorSpec(name, "bin", variant=seed, state=state), spot, turn, (start, end - 0.01))
        for name, state, start, end in stages
    ]
    trips += [_brings(here, "one", at - 4 + 0.5), _brings(here, "another", at + 14), _cleaner(here, over)]
    return trips, [Stay("bin-over", at, over, KIND, "overflow")]


def _lies_there(here: Place, at: float, over: float) -> tuple[list[Trip], list[Stay]]:
    """A heap that nobody was seen to leave; a van stands before it for ten seconds; nobody clears it."""
    spot, turn = _spot(here), float(here.props(8).uniform(0, 360))
    heap = ActorSpec("heap-old", "heap", variant=int(here.props(11).integers(1, 2**31)), state="0.8")
    van, y = places.cast(here, "van", "van"), here.side * (KERB - 0.8)
    # Where it stands between the camera and the heap.
    eye = here.scene.camera.position
    x = eye[0] + (spot[0] - eye[0]) * (y - eye[1]) / (spot[1] - eye[1])
    (start, end), speed = here.ends, 8.0
    wait = at + 16.0
    way = (
        Waypoint(wait - abs(x - start) / speed - 2.0, start, y),
        Waypoint(wait - 2.5, x - here.way * 8.0, y),
        Waypoint(wait, x, y),
        Waypoint(wait + 9.0, x, y),
        Waypoint(wait + 11.5, x + here.way * 8.0, y),
        Waypoint(wait + 13.0 + abs(end - x) / speed, end, y),
    )
    trips = [places.stands(heap, spot, turn, (0.0, DURATION_S)), Trip(van, way), _brings(here, "one", over)]
    return trips, [Stay("heap-old", 0.0, DURATION_S, KIND, "heap")]


def _gone_in_time(here: Place, at: float, over: float) -> tuple[list[Trip], list[Stay]]:
    """Bags set down and taken away after eight seconds; cartons later, for as long; closed bins all the time."""
    spot, turn = _spot(here), float(here.props(8).uniform(0, 360))
    bags = ActorSpec("bags", "bags", variant=int(here.props(12).integers(1, 2**31)))
    boxes = ActorSpec("boxes", "cartons", variant=int(here.props(13).integers(1, 2**31)))
    later = at + 30.0
    trips = [
        places.stands(bags, spot, turn, (at, at + 8)),
        places.stands(boxes, spot, turn, (later, later + 7)),
        *(_brings(here, name, begins) for name, begins in (("one", at), ("another", at + 8), ("one", later))),
        _cleaner(here, later + 7),
    ]
    return trips, []
