"""Scripted streets: textured vehicles drawn on a textured road, with the detections that belong to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from detector.boxes import Box
from detector.detections import Detections
from detector.incident import Incident
from detector.watch import CameraWatch
from detector.zones import Zone
from streams.frame import Frame, Image, TimeSource

CLASS_NAMES = ("person", "bicycle", "motorcycle", "car", "bus", "truck")
WIDTH, HEIGHT = 320, 180
EPOCH_NS = 1_767_600_000 * 10**9
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class Actor:
    """A vehicle. `look` picks its paint; `place` gives its box at a time in seconds, None when it is away.

    `score` is the detector's score at a time, None when the detector misses it though it is there.
    """

    look: int
    place: Callable[[float], Box | None]
    score: Callable[[float], float | None] = lambda _t: 0.8
    class_name: str = "car"


@cache
def texture(seed: int, width: int, height: int, contrast: int = 60) -> Image:
    """A smooth pattern that belongs to one seed, like the windows, wheels and paint of one car."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(128, contrast, (7, 9, 3)).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (max(width, 1), max(height, 1)), interpolation=cv2.INTER_CUBIC), np.uint8)


def draw(actors: Sequence[Actor], seconds: float, light: float = 1.0) -> Image:
    """The street at that time; later actors hide earlier ones."""
    picture = texture(1000, WIDTH, HEIGHT, 10).copy()
    for actor in actors:
        box = actor.place(seconds)
        if box is None:
            continue
        left, top, right, bottom = (round(value) for value in box)
        paint = texture(actor.look, right - left, bottom - top)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)
        if x0 < x1 and y0 < y1:
            picture[y0:y1, x0:x1] = paint[y0 - top : y1 - top, x0 - left : x1 - left]
    noisy = np.roll(_noise(), round(seconds * 1000), axis=0) + (picture * light if light != 1.0 else picture)
    return np.asarray(noisy.clip(0, 255), np.uint8)


@cache
def _noise() -> npt.NDArray[np.int16]:
    return np.random.default_rng(3).normal(0, 2, (HEIGHT, WIDTH, 3)).astype(np.int16)


def detect(actors: Sequence[Actor], seconds: float, jitter: float = 1.0) -> Detections:
    """What a detector sees: boxes that tremble by `jitter` pixels, one seed for each moment."""
    rng = np.random.default_rng(round(seconds * 1000) + 7)
    rows = []
    for actor in actors:
        box, score = actor.place(seconds), actor.score(seconds)
        if box is not None and score is not None:
            rows.append((np.array(box) + rng.normal(0, jitter, 4), score, CLASS_NAMES.index(actor.class_name)))
    return Detections.untracked(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.int64),
    )


def frame(image: Image, seconds: float, sequence: int = 0, camera_id: str = "cam") -> Frame:
    """A frame at that many seconds of the camera's timeline."""
    pts_ns = round(seconds * 1e9)
    return Frame(camera_id, sequence, pts_ns, EPOCH_NS + pts_ns, TimeSource.FILE, "bgr24", image, is_keyframe=True)


def zone(polygon: Sequence[Sequence[float]] = WHOLE, zone_id: str = "kerb", **rule: object) -> Zone:
    """A zone with one rule of illegal parking, 15 s unless told otherwise."""
    config = {"kind": "illegal_parking", "dwell_seconds": 15, **rule}
    return Zone.model_validate({"id": zone_id, "class": "prohibited", "polygon": polygon, "rules": [config]})


def play(actors: Sequence[Actor], times: Sequence[float], watch: CameraWatch) -> list[Incident]:
    """Every change of every incident while a watch sees the street at those times."""
    changes = []
    for sequence, seconds in enumerate(times):
        picture = frame(draw(actors, seconds), seconds, sequence)
        changes += watch.observe(picture, detect(actors, seconds))
    return changes


def standing(box: Box, start: float = 0.0, end: float = 1e9) -> Callable[[float], Box | None]:
    """Stands in one place from `start` to `end`, and is away otherwise."""
    return lambda seconds: box if start <= seconds <= end else None


def driving(
    box: Box, velocity: tuple[float, float], start: float = 0.0, end: float = 1e9
) -> Callable[[float], Box | None]:
    """Drives by `velocity` pixels a second from where it is at `start`."""

    def place(seconds: float) -> Box | None:
        if not start <= seconds <= end:
            return None
        dx, dy = velocity[0] * (seconds - start), velocity[1] * (seconds - start)
        return box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy

    return place


def states(changes: Sequence[Incident]) -> list[str]:
    """The states of the changes, in order."""
    return [str(change.state) for change in changes]
