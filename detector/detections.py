"""Detections of one frame as one struct of arrays, validated once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

NO_TRACK = -1


@dataclass(frozen=True, slots=True)
class Detections:
    """What one model saw in one frame.

    `xyxy` float32 (N, 4): left, top, right, bottom in pixels of the source frame, not clipped to it.
    `score` float32 (N,) in 0..1. `class_id` int64 (N,): index into the model's class names.
    `track_id` int64 (N,): the tracker's id, `NO_TRACK` before tracking.

    Raises ValueError, with expected and actual shape, when an array does not fit.
    """

    xyxy: Boxes
    score: Scores
    class_id: Ids
    track_id: Ids

    def __post_init__(self) -> None:
        count = len(self.xyxy)
        _check("xyxy", self.xyxy, (count, 4), np.float32)
        _check("score", self.score, (count,), np.float32)
        _check("class_id", self.class_id, (count,), np.int64)
        _check("track_id", self.track_id, (count,), np.int64)

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def empty(cls) -> Detections:
        """No detection at all."""
        return cls.untracked(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    @classmethod
    def untracked(cls, xyxy: Boxes, score: Scores, class_id: Ids) -> Detections:
        """Detections straight from a model, without track ids."""
        return cls(xyxy, score, class_id, np.full(len(xyxy), NO_TRACK, np.int64))

    def select(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Detections:
        """The rows that a mask (N,) or an index array picks."""
        return Detections(self.xyxy[keep], self.score[keep], self.class_id[keep], self.track_id[keep])


def _check(name: str, array: npt.NDArray[np.generic], shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    if array.shape != shape:
        raise ValueError(f"Detections.{name}: expected shape {shape}, got {array.shape}")
    if array.dtype != dtype:
        raise ValueError(f"Detections.{name}: expected dtype {np.dtype(dtype).name}, got {array.dtype.name}")
