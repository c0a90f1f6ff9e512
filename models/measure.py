"""Figures on clips for a model's card: which parked vehicles it finds, and how surely."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from detector.boxes import iou
from detector.detections import Detections
from detector.engine import Engine
from models.errors import EvaluationError
from streams.frame import Image

VEHICLES = ("bicycle", "motorcycle", "car", "bus", "truck")
SAME_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Parked:
    """One vehicle that stands the whole clip: `box_xyxy` in pixels."""

    name: str
    box_xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Best score of one parked vehicle in each picture looked at; 0 where nothing fits its box."""

    name: str
    scores: npt.NDArray[np.float32]

    def share_above(self, score: float) -> float:
        """Share of the pictures in which it is found above `score`."""
        return float((self.scores > score).mean())


def read_parked(truth: Path) -> tuple[Parked, ...]:
    """The vehicles of a truth file with `parked_whole_clip: [{id, box: [x, y, w, h]}]`."""
    try:
        rows = json.loads(truth.read_text(encoding="utf-8"))["parked_whole_clip"]
        return tuple(Parked(row["id"], _corners(*row["box"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EvaluationError(f"{truth}: not a truth file of parked vehicles ({problem})") from problem


def _corners(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x, y, x + width, y + height


def clip_pictures(clip: Path, every_s: float = 1.0) -> Iterator[Image]:
    """BGR pictures (H, W, 3) of a clip, one every `every_s` seconds of its own time."""
    due = 0.0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            if frame.time + 1e-6 >= due:
                due += every_s
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def sightings(engine: Engine, clip: Path, parked: tuple[Parked, ...], every_s: float = 1.0) -> tuple[Sightings, ...]:
    """How surely each parked vehicle is found, whatever vehicle the model takes it for."""
    vehicles = [index for index, name in enumerate(engine.class_names) if name in VEHICLES]
    rows = []
    for picture in clip_pictures(clip, every_s):
        seen = engine.detect([picture])[0]
        rows.append(_best(seen.select(np.isin(seen.class_id, vehicles)), parked))
    scores = np.array(rows, np.float32).reshape(len(rows), len(parked))
    return tuple(Sightings(one.name, scores[:, index]) for index, one in enumerate(parked))


def _best(seen: Detections, parked: tuple[Parked, ...]) -> list[float]:
    if not len(seen):
        return [0.0] * len(parked)
    overlap = iou(np.array([one.box_xyxy for one in parked], np.float32), seen.xyxy)
    return [float(seen.score[row >= SAME_IOU].max(initial=0.0)) for row in overlap]
