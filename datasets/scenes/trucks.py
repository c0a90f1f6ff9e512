"""Crops of muck trucks for the classifier of loads: one truck alone in a street, from every side, by day and night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datasets.scenes import actors, camera, compose, loads, placing, scenery, sprites
from datasets.scenes.air import Shown
from datasets.scenes.paths import Pose
from datasets.scenes.shapes import Rng
from datasets.scenes.spec import ActorSpec, CameraSpec, SceneSpec
from datasets.scenes.stills import StageFor, StreetPictures, write_picture

TRUCKS_PER_STREET = 32
SMALLEST_PX, LARGEST_SHARE = 50, 0.94
_HEIGHT_M = 3.0
_CUT_SHARE = 0.22
_SIZE_WH = (448, 252)  # a classifier looks at crops of half that size
_STATES, _SHARES = ("empty", "covered", "partly", "uncovered", "spilling"), (0.2, 0.25, 0.24, 0.23, 0.08)


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop on disk: its file, and the load that the camera can tell."""

    path: Path
    state: str


def random_road(seed: int) -> SceneSpec:
    """A road with a camera that sees trucks large: over the lanes, beside them, or high above."""
    rng = np.random.default_rng([seed, 13])
    scene = scenery.random_scene(seed, str(rng.choice(["gantry", "gantry", "site", "street"])))
    half, side = scene.street.road_half_m, float(rng.choice([-1.0, 1.0]))
    way = str(rng.choice(["over", "beside", "above", "low"], p=[0.36, 0.27, 0.21, 0.16]))
    position = {
        "over": (0.0, float(rng.uniform(-0.8, 0.8)) * half, float(rng.uniform(4.5, 8.0))),
        "beside": (0.0, side * (half + float(rng.uniform(0.5, 2.0))), float(rng.uniform(2.0, 6.0))),
        "low": (0.0, side * float(rng.uniform(0.1, 0.6)) * half, float(rng.uniform(1.4, 2.6))),
        "above": (0.0, float(rng.uniform(-1.0, 1.0)) * half, float(rng.uniform(8.0, 15.0))),
    }[way]
    target = (float(rng.uniform(8, 16)), float(rng.uniform(-0.4, 0.4)) * half, 1.2)
    if way in ("over", "low"):
        target = (float(rng.uniform(14, 24)), position[1] * 0.5, 1.6)
    view = CameraSpec(position, target, float(rng.uniform(24, 44) if way == "over" else rng.uniform(34, 62)), *_SIZE_WH)
    light = (
        scene.light if rng.random() < 0.8 else replace(scene.light, night=float(rng.uniform(0.4, 1.4)), brightness=0.4)
    )
    return replace(scene, camera=view, light=light)


def random_truck(rng: Rng, scene: SceneSpec, number: int) -> tuple[ActorSpec, Pose] | None:
    """A muck truck somewhere on the road, or None where it would be too small, too large or cut."""
    y = float(rng.uniform(-0.75, 0.75)) * (scene.street.road_half_m - 1.2)
    heading = float(rng.choice([0.0, 180.0])) + float(rng.normal(0, 6 if rng.random() < 0.8 else 40))
    pose = Pose(float(rng.uniform(4.0, 36.0)), y, 0.0, heading)
    if not _promising(scene.camera, pose):
        return None
    actor = placing.random_actor(rng, "dump_truck", number)
    actor = replace(actor, id=f"t{number}", state=str(rng.choice(_STATES, p=_SHARES)))
    mesh = sprites.at(actors.model(actor), pose)
    box = sprites.body_box(scene.camera, mesh)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX:
        return None
    pixels, _ = camera.project(scene.camera, mesh.vertices)
    shown = (box[2] - box[0]) * (box[3] - box[1]) / float(np.prod(np.ptp(pixels, axis=0)))
    too_large = box[2] - box[0] > LARGEST_SHARE * scene.camera.width
    return None if shown < 0.85 or too_large else (actor, pose)


def _promising(view: CameraSpec, pose: Pose) -> bool:
    """Whether a truck's middle is well inside the picture and near enough: cheap, before a mesh is made."""
    pixel, depth = camera.project(view, np.array([[pose.x, pose.y, 1.6]]))
    share = pixel[0] / [view.width, view.height]
    focal = view.width / 2 / np.tan(np.radians(view.hfov_deg) / 2)
    tall = focal * _HEIGHT_M / max(float(depth[0]), 1.0)
    near_enough = depth[0] > 4 and SMALLEST_PX < tall < 0.9 * view.height
    return bool(near_enough and (share > 0.15).all() and (share < 0.85).all())


def make_crops(
    count: int, seed: int, folder: Path, stage_for: StageFor, progress: Callable[[int], None]
) -> tuple[Crop, ...]:
    """Write `count` crops to `folder`/loads/STATE/NAME.jpg; the state is what can be seen, not what is carried."""
    made: list[Crop] = []
    number = 0
    while len(made) < count:
        scene = random_road(seed * 10_000 + number)
        pictures = StreetPictures(scene, f"t{seed}-{number:04d}", stage_for)
        made += _street_crops(pictures, min(TRUCKS_PER_STREET, count - len(made)), folder)
        number += 1
        progress(len(made))
    return tuple(made)


def _street_crops(pictures: StreetPictures, count: int, folder: Path) -> list[Crop]:
    made: list[Crop] = []
    for number in range(count * 25):
        found = random_truck(pictures.rng, pictures.scene, number)
        if found is None or len(made) == count:
            continue
        item = compose.shown(pictures.scene.camera, *found, found[1])
        crop = item and _crop(pictures, item, folder)
        if crop:
            made.append(crop)
    return made


def _crop(pictures: StreetPictures, item: Shown, folder: Path) -> Crop | None:
    view = pictures.scene.camera
    cut = compose.cut_outs(pictures.stage, view, [item])
    if not cut or cut[0][1].body.sum() < 0.7 * cut[0][1].whole:  # a tree or a lamp stands before it
        return None
    box = loads.crop_box(item.parts[0][2], (view.width, view.height), pictures.rng)
    if pictures.rng.random() < _CUT_SHARE:  # as the picture's upper edge cuts a truck that is near
        box = (box[0], round(box[1] + float(pictures.rng.uniform(0.35, 0.6)) * (box[3] - box[1])), box[2], box[3])
    mesh = sprites.at(actors.model(item.actor, item.pose.phase), item.pose)
    state = loads.label(item.actor.state, loads.seen(view, mesh, box))
    if state == loads.MISLEADING:
        return None
    picture = pictures.develop(cut)[box[1] : box[3], box[0] : box[2]]
    path = folder / "loads" / state / f"{pictures.name}-{item.actor.id}-{item.actor.state}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(picture, path, pictures.rng)
    return Crop(path, state)
