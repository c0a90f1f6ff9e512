"""Who and what is in a random street, and where: a pool of actors that never touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from datasets.scenes import actors, camera, sprites
from datasets.scenes.muck import LOADS
from datasets.scenes.paths import KERB_M, Pose
from datasets.scenes.shapes import Rng, pick
from datasets.scenes.spec import ActorSpec, Colour, SceneSpec, StreetSpec

Pool = tuple[tuple[ActorSpec, Pose], ...]
Fit = Callable[[ActorSpec], ActorSpec]
_PAINTS: tuple[Colour, ...] = (
    (0.62, 0.62, 0.6),
    (0.36, 0.37, 0.38),
    (0.12, 0.125, 0.13),
    (0.012, 0.012, 0.014),
    (0.4, 0.015, 0.015),
    (0.015, 0.05, 0.22),
    (0.02, 0.13, 0.06),
    (0.6, 0.16, 0.01),
    (0.3, 0.22, 0.12),
    (0.5, 0.4, 0.05),
    (0.08, 0.2, 0.3),
)
_MUCK: tuple[Colour, ...] = (
    (0.02, 0.16, 0.06),
    (0.04, 0.24, 0.1),
    (0.02, 0.07, 0.3),
    (0.45, 0.12, 0.01),
    (0.35, 0.02, 0.02),
    (0.4, 0.3, 0.02),
    (0.3, 0.3, 0.3),
    (0.5, 0.5, 0.48),
    (0.12, 0.04, 0.03),
)
_CARS = {"sedan": 0.06, "hatchback": 0.04, "suv": 0.05, "van": 0.05}
_TWO_WHEELS = {"motorcycle": 0.05, "bicycle": 0.05, "figure": 0.08, "person": 0.03}
SHARES: Mapping[str, Mapping[str, float]] = {
    "street": {**_CARS, **_TWO_WHEELS, "bus": 0.05, "truck": 0.03, "plain_truck": 0.05, "dump_truck": 0.2}
    | {"tricycle": 0.11, "stall": 0.1, "bags": 0.06, "heap": 0.05, "litter": 0.03, "cartons": 0.03, "rubble": 0.02}
    | {"bin": 0.1, "bin_row": 0.05, "thing": 0.09},
    "alley": {"hatchback": 0.05, "suv": 0.04, "van": 0.04, **_TWO_WHEELS, "tricycle": 0.13, "stall": 0.1, "bags": 0.1}
    | {"heap": 0.09, "litter": 0.05, "cartons": 0.05, "rubble": 0.04, "bin": 0.14, "bin_row": 0.07, "thing": 0.1},
    "market": {
        **_CARS,
        **_TWO_WHEELS,
        "tricycle": 0.16,
        "stall": 0.3,
        "bags": 0.04,
        "cartons": 0.03,
        "bin": 0.05,
        "thing": 0.08,
    },
    "site": {
        **_CARS,
        **_TWO_WHEELS,
        "bus": 0.03,
        "truck": 0.04,
        "plain_truck": 0.09,
        "dump_truck": 0.36,
        "rubble": 0.06,
    }
    | {"heap": 0.03, "thing": 0.08},
    "gantry": {
        **_CARS,
        "bus": 0.04,
        "truck": 0.04,
        "plain_truck": 0.08,
        "dump_truck": 0.4,
        "motorcycle": 0.04,
        "tricycle": 0.06,
    },
}
SHARES = {
    **SHARES,
    "close": {"hatchback": 0.03, "motorcycle": 0.05, "bicycle": 0.04, "figure": 0.1, "person": 0.03, "tricycle": 0.13}
    | {"stall": 0.2, "bags": 0.14, "heap": 0.11, "litter": 0.05, "cartons": 0.05, "rubble": 0.03, "bin": 0.2}
    | {"bin_row": 0.11, "thing": 0.1},
}
_BY_KERB = ("bags", "heap", "litter", "cartons", "rubble", "thing")
_HALF_WIDTH = {"bus": 1.3, "truck": 1.3, "plain_truck": 1.3, "dump_truck": 1.35}
TRUCKS = ("truck", "plain_truck", "dump_truck")


def pool(rng: Rng, scene: SceneSpec, theme: str, size: int) -> Pool:
    """Up to `size` actors in view of the scene's camera, none touching another."""
    return crowd(rng, scene, SHARES[theme], size)


def crowd(
    rng: Rng,
    scene: SceneSpec,
    shares: Mapping[str, float],
    size: int,
    fit: Fit | None = None,
    *,
    touching: bool = False,
) -> Pool:
    """Up to `size` actors in view, of kinds by their shares; `fit` may change each. Some may be `touching` others."""
    kinds, weights = zip(*shares.items(), strict=True)
    found: list[tuple[ActorSpec, Pose]] = []
    for number in range(size * 10):
        kind = str(rng.choice(kinds, p=np.array(weights) / sum(weights)))
        actor = random_actor(rng, kind, number)
        actor = fit(actor) if fit else actor
        pose = place(rng, actor, scene)
        if (
            pose
            and not hidden_by_houses(scene, pose)
            and in_view(scene, actor, pose)
            and (touching or all(apart((actor, pose), other) for other in found))
        ):
            found.append((actor, pose))
        if len(found) == size:
            break
    return tuple(found)


def random_actor(rng: Rng, kind: str, number: int) -> ActorSpec:
    """An actor of a kind with a shape, state and colours of its own."""
    muck = kind == "dump_truck"
    first, second = pick(rng, _MUCK if muck else _PAINTS, 0.3), pick(rng, _MUCK if muck else _PAINTS, 0.3)
    if muck and rng.random() < 0.6:
        second = first
    variant = int(rng.integers(1, 2**31))
    scale = float(rng.uniform(0.93, 1.06))
    return ActorSpec(f"{kind}-{number}", kind, first, second, scale, variant, _state(rng, kind))


def _state(rng: Rng, kind: str) -> str:
    if kind == "dump_truck":
        return str(rng.choice(LOADS, p=[0.2, 0.27, 0.2, 0.25, 0.08]))
    if kind == "bin":
        return str(rng.choice(["closed", "open", "full", "overflow"], p=[0.2, 0.08, 0.1, 0.62]))
    if kind == "stall":
        style = str(rng.choice(["cart", "cloth", "table", "spill", "trike"], p=[0.28, 0.18, 0.18, 0.14, 0.22]))
        return style if rng.random() < 0.15 else f"{style}+{int(rng.integers(1, 5))}"
    if kind == "tricycle":
        return "ride" if rng.random() < 0.7 else "stand"
    if kind in ("bicycle", "motorcycle"):
        return "alone" if rng.random() < 0.25 else ""
    if kind == "figure":
        shade = "+umbrella" if rng.random() < 0.15 else ""
        return str(rng.choice(["walk", "stand", "reach", "sit"], p=[0.5, 0.3, 0.1, 0.1])) + shade
    return ""


def place(rng: Rng, actor: ActorSpec, scene: SceneSpec) -> Pose | None:
    """A pose where such an actor may be; even over the picture, so that near and far are both seen."""
    view, street = scene.camera, scene.street
    spot = camera.ground_at(view, (float(rng.uniform(0, view.width)), float(rng.uniform(0.12, 1.0)) * view.height))
    if spot is None or spot[0] > 55:
        return None
    x, side = spot[0], 1.0 if spot[1] > 0 else -1.0
    y, heading = _across(rng, actor, street, side, spot[1])
    return Pose(x, y, KERB_M if abs(y) > street.road_half_m else 0.0, heading, _phase(rng, actor))


def _phase(rng: Rng, actor: ActorSpec) -> float | None:
    return int(rng.integers(8)) / 8 if actor.kind == "person" and rng.random() < 0.8 else None


def _across(rng: Rng, actor: ActorSpec, street: StreetSpec, side: float, wanted: float) -> tuple[float, float]:
    """Across the street (y) and heading of an actor on one side of it."""
    half, walk = street.road_half_m, street.pavement_m
    to_road = -90.0 * side
    kind = actor.kind
    if kind in _BY_KERB:
        gutter = rng.random() < 0.3
        y = half - float(rng.uniform(0.2, 0.9)) if gutter else half + float(rng.uniform(0.2, 1.0)) * (walk - 0.3)
        return side * y, float(rng.uniform(0, 360))
    if kind in ("bin", "bin_row"):
        y = half + (0.5 if rng.random() < 0.5 else max(0.4, walk - 0.6))
        turn = float(rng.normal(0, 10)) + (180 if rng.random() < 0.15 else 0)
        return side * y, to_road + turn
    if kind == "stall":
        return _stall_place(rng, actor, street, side, to_road)
    if kind in ("figure", "person"):
        free = float(np.clip(wanted, -half - walk + 0.4, half + walk - 0.4))
        return free, float(rng.uniform(0, 360))
    return _on_road(rng, actor, street, side)


def _stall_place(rng: Rng, actor: ActorSpec, street: StreetSpec, side: float, to_road: float) -> tuple[float, float]:
    half, walk = street.road_half_m, street.pavement_m
    if actor.state.startswith("spill"):
        return side * (half + walk - 0.9), to_road + float(rng.normal(0, 3))
    if rng.random() < 0.35:  # at the kerb, selling towards the pavement
        return side * (half - float(rng.uniform(0.5, 1.2))), to_road + 180.0 + float(rng.normal(0, 12))
    return side * (half + float(rng.uniform(0.4, 0.8)) * walk), to_road + float(rng.normal(0, 25)) + (
        180 if rng.random() < 0.3 else 0
    )


def _on_road(rng: Rng, actor: ActorSpec, street: StreetSpec, side: float) -> tuple[float, float]:
    half = street.road_half_m
    along = (180.0 if side > 0 else 0.0) + float(rng.normal(0, 3))
    if rng.random() < 0.3:
        along += 180.0
    if actor.kind in ("bicycle", "motorcycle", "tricycle"):
        if rng.random() < 0.3:  # on the pavement
            return side * (half + float(rng.uniform(0.5, 1.5))), float(rng.uniform(0, 360))
        return side * float(rng.uniform(min(0.8, half / 2), half - 0.6)), along
    wide = _HALF_WIDTH.get(actor.kind, 1.0)
    if rng.random() < 0.14:
        return float(rng.uniform(-0.6, 0.6)) * half, float(rng.uniform(0, 360))
    if rng.random() < 0.35:
        return side * (half - wide - float(rng.uniform(0.1, 0.35))), along
    return side * float(rng.uniform(min(1.4, half / 2), max(1.5, half - wide))), along


def hidden_by_houses(scene: SceneSpec, pose: Pose) -> bool:
    """Whether the place lies outside the street, or too near to the lens."""
    far = scene.street.road_half_m + scene.street.pavement_m
    return (
        abs(pose.y) > far or float(np.hypot(pose.x - scene.camera.position[0], pose.y - scene.camera.position[1])) < 1.5
    )


def apart(one: tuple[ActorSpec, Pose], two: tuple[ActorSpec, Pose]) -> bool:
    """Whether two actors' upright boxes leave room between them."""
    boxes = [sprites.at(sprites.hull(actors.model(a, p.phase)), p).vertices for a, p in (one, two)]
    gaps = [max(a.min(0)[k] - b.max(0)[k] for a, b in (boxes, boxes[::-1])) for k in (0, 1)]
    return bool(max(gaps) > 0.1)


def in_view(scene: SceneSpec, actor: ActorSpec, pose: Pose) -> bool:
    """Whether the actor is large enough, and enough of it in the picture, to be worth a render."""
    mesh = sprites.at(actors.model(actor, pose.phase), pose)
    box = sprites.body_box(scene.camera, mesh)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 6 or max(box[2] - box[0], box[3] - box[1]) < 12:
        return False
    if box[2] - box[0] > scene.camera.width * (0.95 if actor.kind in TRUCKS else 0.7):
        return False
    pixels, _ = camera.project(scene.camera, mesh.vertices)
    whole = float(np.prod(np.ptp(pixels, axis=0)))
    return bool((box[2] - box[0]) * (box[3] - box[1]) > 0.4 * whole)
