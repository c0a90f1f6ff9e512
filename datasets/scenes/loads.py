"""What a camera can tell of a truck's load: the label of a crop, from the geometry and not from the wish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.scenes import actors, partial, sprites
from datasets.scenes.mesh import Mesh
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, CameraSpec
from datasets.scenes.sprites import Sprite

STATES = ("empty", "covered", "partly", "uncovered", "not_visible")
MISLEADING = ""  # a half covered truck of which one half alone is seen: nothing to learn from
ENOUGH = 0.012  # share of the truck's pixels that must tell


@dataclass(frozen=True, slots=True)
class LoadView:
    """Shares of the truck's pixels that show its load, its cover and its inside."""

    load: float
    cover: float
    inside: float


def seen(view: CameraSpec, truck: Mesh, box: tuple[int, int, int, int]) -> LoadView:
    """What the camera sees of the load of a truck that stands at its pose."""
    groups = [[n for n in truck.materials if n.startswith(f"{role}=")] for role in ("load", "cover", "inside")]
    ids = partial.part_ids(view, truck, groups, box)
    whole = max(1, int((ids > 0).sum()))
    shares = [float((ids == k + 1).sum()) / whole for k in range(3)]
    return LoadView(*shares)


def label(state: str, view: LoadView) -> str:
    """The label of a crop of a truck in a load state of `muck.LOADS`: what nobody can see is `not_visible`.

    `MISLEADING` when the view says something else than the truth.
    """
    if state == "empty":
        return "empty" if view.inside >= ENOUGH else "not_visible"
    if state == "covered":
        return "covered" if view.cover >= ENOUGH else "not_visible"
    if state == "partly":
        both = view.load >= ENOUGH, view.cover >= ENOUGH
        return "partly" if all(both) else MISLEADING if any(both) else "not_visible"
    return "uncovered" if view.load >= ENOUGH else "not_visible"


def label_of(view: CameraSpec, truck: ActorSpec, pose: Pose, sprite: Sprite) -> str:
    """The label of a truck's crop as the camera sees it at its pose."""
    mesh = sprites.at(actors.model(truck, pose.phase), pose)
    h, w = sprite.body.shape
    return label(truck.state, seen(view, mesh, (sprite.x, sprite.y, sprite.x + w, sprite.y + h)))


def crop_box(
    xyxy: tuple[float, float, float, float], size_wh: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """A detector's box around a truck: the true one with some margin, up to 8 % off at each side, in whole pixels."""
    x1, y1, x2, y2 = xyxy
    w, h = x2 - x1, y2 - y1
    left, top, right, bottom = rng.uniform(-0.03, 0.08, 4)
    return (
        max(0, int(x1 - left * w)),
        max(0, int(y1 - top * h)),
        min(size_wh[0], int(x2 + right * w) + 1),
        min(size_wh[1], int(y2 + bottom * h) + 1),
    )
