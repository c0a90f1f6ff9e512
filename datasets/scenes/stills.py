"""Labelled stills for training: random streets, cameras, lights, weathers and crowds, each from a seed.

A street is rendered once, with a pool of actors at places that never touch; its stills each show some of the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import yaml

from datasets.formats import Box, LabelledImage, LabelSet
from datasets.scenes import actors, compose, loads, look, partial, placing, scenery, sprites, subjects, weather
from datasets.scenes.air import Air, Shown
from datasets.scenes.compose import Stage
from datasets.scenes.paths import Pose
from datasets.scenes.spec import CLASSES, ActorSpec, CameraSpec, SceneSpec
from datasets.scenes.sprites import Sprite
from datasets.scenes.subjects import Subject

STILLS_PER_STREET = 14
POOL = 17
SUBJECT_STILLS = 24
SUBJECT_POOL = 26
COMPLETE = "complete.txt"
SEEN_ENOUGH = 0.3
SMALLEST_PX = 5.0
LOAD_CROP_PX = 70
_THEME_SHARES = (0.2, 0.1, 0.2, 0.15, 0.13, 0.22)
StageFor = Callable[[SceneSpec], Stage]


@dataclass(frozen=True, slots=True)
class Street:
    """One street with its pool of actors."""

    scene: SceneSpec
    pool: placing.Pool
    theme: str
    most: int = 12  # of the pool in one picture, at most


@dataclass(frozen=True, slots=True)
class Seen:
    """A part of an actor in a still: class, box, and the share of its pixels that nothing hides."""

    label: str
    xyxy: tuple[float, float, float, float]
    visible: float


def random_street(seed: int) -> Street:
    """A street, a camera, a light and a pool of actors."""
    rng = np.random.default_rng([seed, 11])
    theme = str(rng.choice(scenery.THEMES, p=_THEME_SHARES))
    scene = scenery.random_scene(seed, theme)
    return Street(scene, placing.pool(rng, scene, theme, POOL), theme)


def subject_street(subject: Subject, seed: int) -> Street:
    """A street of a subject; its pool may touch each other: a picture takes only those that do not."""
    rng = np.random.default_rng([seed, 31])
    scene, theme = subjects.scene(subject, seed)

    def fit(actor: ActorSpec) -> ActorSpec:
        return subjects.fitted(rng, subject, actor, scene.light)

    pool = placing.crowd(rng, scene, subject.kinds, SUBJECT_POOL, fit, touching=True)
    return Street(scene, pool, theme, 14)


def make_stills(
    count: int,
    seed: int,
    folder: Path,
    stage_for: StageFor,
    progress: Callable[[int], None],
    subject: Subject | None = None,
) -> LabelSet:
    """Write `count` pictures to `folder`/images, YOLO labels to `folder`/labels, crops of trucks to `folder`/loads.

    Files come whole, the label before its picture, and then its name in `folder`/complete.txt, so that a training run
    may read the growing folder. A street that was finished in an earlier run is not made again.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write(folder / "data.yaml", data_yaml())
    _write(folder / "names.txt", "\n".join(CLASSES) + "\n")
    made: list[LabelledImage] = []
    number = 0
    while len(made) < count:
        wanted = min(SUBJECT_STILLS if subject else STILLS_PER_STREET, count - len(made))
        name = f"{subject.name if subject else 's'}{seed}-{number:04d}"
        if not (folder / "images" / f"{name}-{wanted - 1}.jpg").exists():
            street = _street(subject, seed, number)
            made += StreetStills(street, name, folder, stage_for, vary=subject is not None).make(wanted)
        else:
            made += [LabelledImage(f"{name}-{k}.jpg", 0, 0, ()) for k in range(wanted)]
        number += 1
        progress(len(made))
    return LabelSet(CLASSES, tuple(made))


def _street(subject: Subject | None, seed: int, number: int) -> Street:
    if subject is None:
        return random_street(seed * 10_000 + number)
    return subject_street(subject, subjects.place_seed(subject, seed, number))


class StreetPictures:
    """Develops pictures of one street with cut-outs in it: haze, lamps, wet ground, rain, exposure, noise."""

    def __init__(self, scene: SceneSpec, name: str, stage_for: StageFor, *, vary: bool = False) -> None:
        self.scene, self.name, self.vary = scene, name, vary
        self.stage = stage_for(scene)
        self.rng = np.random.default_rng(list(name.encode()))
        clear = self.stage.background()
        self._clear, self._gain = clear, look.exposure_of(clear, scene.light.brightness)

    def develop(self, cut: Sequence[tuple[Shown, Sprite]]) -> compose.Image:
        """The picture (BGR uint8) with the cut-outs over the street, the farthest first.

        Its exposure varies and, where no sun shines, its haze and rain.
        """
        view, rng = self.scene.camera, self.rng
        light = scenery.other_weather(rng, self.scene.light) if self.vary else self.scene.light
        scene = replace(self.scene, light=light)
        gain = self._gain * float(rng.uniform(0.85, 1.15))
        developer = look.Developer(gain, light.warmth, float(rng.uniform(0.3, 1.0)))
        shown = Air(scene, self._clear, gain, developer).develop(cut, look.vignette(view.width, view.height))
        shown = weather.streaks(shown, light.rain, rng)
        return look.noisy(shown, float(rng.uniform(1.5, 8.0) if light.night else rng.uniform(0.5, 5.0)), rng)


class StreetStills:
    """Makes the stills of one street."""

    def __init__(self, street: Street, name: str, folder: Path, stage_for: StageFor, *, vary: bool = False) -> None:
        self._street, self._folder = street, folder
        self._pictures = StreetPictures(street.scene, name, stage_for, vary=vary)
        self._rng = self._pictures.rng
        self._cropped: set[str] = set()

    def make(self, count: int) -> list[LabelledImage]:
        """Write `count` stills; the first shows a street without anybody: that is something to learn, too."""
        made = []
        for number in range(count):
            picks = self._picks(int(self._rng.integers(4, self._street.most)) if number else 0)
            made.append(self._still(picks, f"{self._pictures.name}-{number}"))
        return made

    def _picks(self, count: int) -> list[tuple[ActorSpec, Pose]]:
        """Some of the pool, none touching another."""
        order = self._rng.permutation(len(self._street.pool))
        picks: list[tuple[ActorSpec, Pose]] = []
        for one in (self._street.pool[int(k)] for k in order):
            if len(picks) == count:
                break
            if all(placing.apart(one, other) for other in picks):
                picks.append(one)
        return picks

    def _still(self, picks: Sequence[tuple[ActorSpec, Pose]], name: str) -> LabelledImage:
        view = self._street.scene.camera
        items = [item for actor, pose in picks if (item := compose.shown(view, actor, pose, pose))]
        cut = compose.cut_outs(self._pictures.stage, view, sorted(items, key=lambda item: -item.distance))
        picture = self._pictures.develop(cut)
        boxes = tuple(
            Box(part.label, part.xyxy)
            for k, (item, sprite) in enumerate(cut)
            for part in seen_parts(view, item, sprite, [s for _, s in cut[k + 1 :]])
            if worth_a_label(part)
        )
        self._write_crops(cut, picture, name)
        made = LabelledImage(f"{name}.jpg", view.width, view.height, boxes)
        _write(self._folder / "labels" / f"{name}.txt", yolo_lines(made))
        write_picture(picture, self._folder / "images" / f"{name}.jpg", self._rng)
        with (self._folder / COMPLETE).open("a", encoding="utf-8") as listed:
            listed.write(f"{name}\n")
        return made

    def _write_crops(self, cut: Sequence[tuple[Shown, Sprite]], picture: compose.Image, name: str) -> None:
        """A crop of every muck truck that is large and hardly hidden, once per truck and street."""
        view = self._street.scene.camera
        for k, (item, sprite) in enumerate(cut):
            if item.actor.kind != "dump_truck" or item.actor.id in self._cropped:
                continue
            part = seen_parts(view, item, sprite, [s for _, s in cut[k + 1 :]])[0]
            x1, y1, x2, y2 = part.xyxy
            if part.visible < 0.85 or min(x2 - x1, y2 - y1) < LOAD_CROP_PX:
                continue
            self._cropped.add(item.actor.id)
            state = loads.label_of(view, item.actor, item.pose, sprite)
            if state == loads.MISLEADING:
                continue
            box = loads.crop_box(part.xyxy, (view.width, view.height), self._rng)
            path = self._folder / "loads" / state / f"{name}-{item.actor.id}-{item.actor.state}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(picture[box[1] : box[3], box[0] : box[2]], path, self._rng)


def write_picture(picture: compose.Image, path: Path, rng: np.random.Generator) -> None:
    """A JPEG of a quality that street cameras send, whole or not at all."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 93))]
    _write(path, cv2.imencode(".jpg", picture, quality)[1].tobytes())


def worth_a_label(part: Seen) -> bool:
    """Whether a part is large and plain enough to be asked of a detector."""
    x1, y1, x2, y2 = part.xyxy
    return part.visible >= SEEN_ENOUGH and min(x2 - x1, y2 - y1) >= SMALLEST_PX


def seen_parts(view: CameraSpec, item: Shown, sprite: Sprite, nearer: Sequence[Sprite]) -> list[Seen]:
    """The labelled parts of an actor with the share of each that nothing hides: itself, the street, nearer actors."""
    clear = compose.unhidden(sprite, nearer)
    if len(item.parts) == 1:
        return [Seen(item.parts[0][1], item.parts[0][2], min(1.0, float(clear.sum()) / sprite.whole))]
    labelled = {part_id: names for part_id, _, names in actors.labelled_parts(item.actor, item.pose.phase)}
    mesh = sprites.at(actors.model(item.actor, item.pose.phase), item.pose)
    groups = [labelled[part_id] or mesh.materials for part_id, _, _ in item.parts]
    ids = partial.part_ids(view, mesh, groups, _extent(sprite))
    found = []
    for k, (_, label, xyxy) in enumerate(item.parts):
        alone = sprites.silhouette(view, mesh.only(groups[k]), _extent(sprite))
        share = float((clear & (ids == k + 1)).sum()) / max(1, int(alone.sum()))
        found.append(Seen(label, xyxy, min(1.0, share)))
    return found


def _extent(sprite: Sprite) -> tuple[int, int, int, int]:
    h, w = sprite.body.shape
    return sprite.x, sprite.y, sprite.x + w, sprite.y + h


def data_yaml() -> str:
    """What a training run reads first."""
    names = dict(enumerate(CLASSES))
    return str(yaml.safe_dump({"path": ".", "train": "images", "val": "images", "names": names}, sort_keys=False))


def yolo_lines(image: LabelledImage) -> str:
    """The picture's label file: class, middle and size as shares of the picture."""
    lines = []
    for box in image.boxes:
        x1, y1, x2, y2 = box.xyxy
        numbers = (
            (x1 + x2) / 2 / image.width,
            (y1 + y2) / 2 / image.height,
            (x2 - x1) / image.width,
            (y2 - y1) / image.height,
        )
        lines.append(" ".join([str(CLASSES.index(box.label)), *(f"{number:.6f}" for number in numbers)]) + "\n")
    return "".join(lines)


def _write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(path)
