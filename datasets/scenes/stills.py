"""Labelled stills for training: random streets, cameras, lights and traffic, each from a seed.

A street is rendered once, with a pool of actors at places that never touch; its stills each show some of the pool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from datasets.formats import Box, LabelledImage, LabelSet, write_yolo
from datasets.scenes import actors, camera, compose, look, sprites
from datasets.scenes.compose import Shown, Stage
from datasets.scenes.paths import KERB_M, Pose
from datasets.scenes.spec import CLASSES, ActorSpec, CameraSpec, Colour, LightSpec, SceneSpec, StreetSpec

STILLS_PER_STREET = 10
POOL = 15
SEEN_ENOUGH = 0.3
_SIZES = ((640, 360), (640, 360), (640, 360), (768, 432))
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
_KINDS = ("sedan", "hatchback", "suv", "van", "truck", "bus", "motorcycle", "bicycle", "person")
_SHARES = (0.15, 0.1, 0.12, 0.1, 0.1, 0.11, 0.1, 0.1, 0.12)
_HALF_WIDTH = {"bus": 1.3, "truck": 1.3}

StageFor = Callable[[SceneSpec], Stage]


@dataclass(frozen=True, slots=True)
class Street:
    """One street with its pool of actors."""

    scene: SceneSpec
    pool: tuple[tuple[ActorSpec, Pose], ...]


def random_street(seed: int) -> Street:
    """A street, a camera, a light and a pool of actors."""
    rng = np.random.default_rng([seed, 7])
    street = _layout(rng, seed)
    view = _camera(rng)
    # A crown in front of the lens would hide everything.
    clear = tuple((x, y) for x, y in street.trees if np.hypot(x - view.position[0], y - view.position[1]) > 7.0)
    scene = SceneSpec(view, _light(rng), replace(street, trees=clear))
    return Street(scene, _pool(rng, scene))


def _layout(rng: np.random.Generator, seed: int) -> StreetSpec:
    half = float(rng.choice([4.6, 5.6, 7.2]))
    trees = [
        (x + float(rng.normal(0, 1)), side * (half + 1.0))
        for side in (-1, 1)
        for x in range(-20, 60, 11)
        if rng.random() < 0.6
    ]
    lamps = tuple((float(x), half + 0.6) for x in range(4, 60, 22)) if rng.random() < 0.6 else ()
    return StreetSpec(
        seed,
        road_half_m=half,
        trees=tuple(trees),
        lamps=lamps,
        crossing_x=float(rng.uniform(2, 18)) if rng.random() < 0.4 else None,
        no_stopping=(0.0, 30.0, 1.0) if rng.random() < 0.4 else None,
        greenery=bool(rng.random() < 0.5),
    )


def _camera(rng: np.random.Generator) -> CameraSpec:
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    y = float(rng.uniform(-9.0, 9.0))
    z = float(rng.uniform(3.2, 9.0))
    target = (float(rng.uniform(7.0, 20.0)), float(np.clip(rng.normal(0, 3), -6, 6)), 0.5)
    return CameraSpec((float(rng.uniform(-4, 0)), y, z), target, float(rng.uniform(45, 82)), width, height)


def _light(rng: np.random.Generator) -> LightSpec:
    sun = 0.0 if rng.random() < 0.35 else float(rng.uniform(0.5, 1.0))
    elevation = float(rng.uniform(8, 65))
    warmth = float(rng.uniform(0, 0.5)) if elevation < 20 else float(rng.uniform(-0.1, 0.1))
    return LightSpec(elevation, float(rng.uniform(-180, 180)), sun, warmth, float(rng.uniform(0.6, 1.25)))


def _pool(rng: np.random.Generator, scene: SceneSpec) -> tuple[tuple[ActorSpec, Pose], ...]:
    found: list[tuple[ActorSpec, Pose]] = []
    for number in range(POOL * 8):
        kind = str(rng.choice(_KINDS, p=_SHARES))
        actor = ActorSpec(f"{kind}-{number}", kind, _paint(rng), _paint(rng), float(rng.uniform(0.93, 1.06)))
        pose = _place(rng, kind, scene.street)
        if _in_view(scene, actor, pose) and all(_apart((actor, pose), other) for other in found):
            found.append((actor, pose))
        if len(found) == POOL:
            break
    return tuple(found)


def _paint(rng: np.random.Generator) -> Colour:
    base = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))]) * rng.uniform(0.7, 1.3) + rng.uniform(0, 0.02, 3)
    r, g, b = np.clip(base, 0.005, 0.75)
    return float(r), float(g), float(b)


def _place(rng: np.random.Generator, kind: str, street: StreetSpec) -> Pose:
    half = street.road_half_m
    x, side = float(rng.uniform(-2, 45) if rng.random() < 0.5 else rng.uniform(2, 20)), float(rng.choice([-1.0, 1.0]))
    heading = (180.0 if side > 0 else 0.0) + float(rng.normal(0, 2))
    if kind == "person":
        y = side * (half + float(rng.uniform(0.5, 3.4))) if rng.random() < 0.7 else float(rng.uniform(-half, half))
        phase = None if rng.random() < 0.25 else int(rng.integers(8)) / 8
        return Pose(x, y, KERB_M if abs(y) > half else 0.0, float(rng.uniform(0, 360)), phase)
    if kind in ("bicycle", "motorcycle"):
        return Pose(x, side * float(rng.uniform(0.8, half - 0.7)), 0.0, heading)
    if rng.random() < 0.45:
        return Pose(x, side * (half - _HALF_WIDTH.get(kind, 1.0) - float(rng.uniform(0.1, 0.35))), 0.0, heading)
    if rng.random() < 0.12:
        return Pose(x, float(rng.uniform(-half + 1.5, half - 1.5)), 0.0, float(rng.uniform(0, 360)))
    return Pose(x, side * float(rng.uniform(1.4, 2.1)), 0.0, heading)


def _apart(one: tuple[ActorSpec, Pose], two: tuple[ActorSpec, Pose]) -> bool:
    boxes = [sprites.at(sprites.hull(actors.model(a)), p).vertices for a, p in (one, two)]
    gaps = [max(a.min(0)[k] - b.max(0)[k] for a, b in (boxes, boxes[::-1])) for k in (0, 1)]
    return bool(max(gaps) > 0.25)


def _in_view(scene: SceneSpec, actor: ActorSpec, pose: Pose) -> bool:
    mesh = actors.placed(actors.model(actor, pose.phase), pose.x, pose.y, pose.heading_deg, pose.z)
    box = sprites.body_box(scene.camera, mesh)
    if box is None or box[2] - box[0] < 8 or box[3] - box[1] < 12 or box[2] - box[0] > scene.camera.width * 0.75:
        return False
    pixels, _ = camera.project(scene.camera, mesh.vertices)
    whole = float(np.prod(np.ptp(pixels, axis=0)))
    return bool((box[2] - box[0]) * (box[3] - box[1]) > 0.4 * whole)


def make_stills(count: int, seed: int, folder: Path, stage_for: StageFor, progress: Callable[[int], None]) -> LabelSet:
    """Write `count` pictures to `folder`/images and their YOLO labels to `folder`/labels as they come."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    made: list[LabelledImage] = []
    while len(made) < count:
        number = len(made) // STILLS_PER_STREET
        street = random_street(seed * 10_000 + number)
        made += _street_stills(
            street, min(STILLS_PER_STREET, count - len(made)), f"s{seed}-{number:04d}", folder, stage_for
        )
        write_yolo(LabelSet(CLASSES, tuple(made)), folder)
        progress(len(made))
    return LabelSet(CLASSES, tuple(made))


def _street_stills(street: Street, count: int, name: str, folder: Path, stage_for: StageFor) -> list[LabelledImage]:
    stage = stage_for(street.scene)
    background = stage.background()
    rng = np.random.default_rng(list(name.encode()))
    made = []
    for number in range(count):
        # The first is empty: a street without anybody is something to learn, too.
        chosen = rng.permutation(len(street.pool))[: int(rng.integers(3, 12)) if number else 0]
        picks = [street.pool[int(k)] for k in chosen]
        items = [item for actor, pose in picks if (item := compose.shown(street.scene.camera, actor, pose, pose))]
        picture, boxes = _still(street.scene, stage, background, items, rng)
        file = f"{name}-{number}.jpg"
        cv2.imwrite(str(folder / "images" / file), picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 92))])
        made.append(LabelledImage(file, street.scene.camera.width, street.scene.camera.height, boxes))
    return made


def _still(
    scene: SceneSpec, stage: Stage, background: compose.Linear, items: list[Shown], rng: np.random.Generator
) -> tuple[compose.Image, tuple[Box, ...]]:
    cut = compose.cut_outs(stage, scene.camera, sorted(items, key=lambda item: -item.distance))
    linear = background.copy()
    for _, sprite in cut:
        compose.layer(linear, sprite)
    gain = look.exposure_of(background, scene.light.brightness * float(rng.uniform(0.85, 1.15)))
    developer = look.Developer(gain, scene.light.warmth, float(rng.uniform(0.3, 1.0)))
    dim = look.vignette(scene.camera.width, scene.camera.height)
    picture = look.noisy(developer.develop(linear * dim), float(rng.uniform(0.5, 5.0)), rng)
    true = compose.true_boxes(cut)
    kept = tuple(Box(box.label, box.xyxy) for box in true if box.visible >= SEEN_ENOUGH)
    return picture, kept
