"""Average precision over boxes, as COCO defines it and as ultralytics computes it (8.4): plain arrays, no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.boxes import iou
from detector.detections import Boxes, Detections, Ids

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0, 1, 101)

Hits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture's detections against its truth.

    `hits` bool (N, 10): whether detection n is right at each of `IOU_THRESHOLDS`. `score` (N,), `class_id` (N,).
    `truth_class_id` (M,).
    """

    hits: Hits
    score: npt.NDArray[np.float32]
    class_id: Ids
    truth_class_id: Ids


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """One class: average precision at each of `IOU_THRESHOLDS` (10,) and how many true boxes there were."""

    class_id: int
    ap: Floats
    truths: int


def judge(detections: Detections, truth_xyxy: Boxes, truth_class_id: Ids) -> Judged:
    """Match one picture's detections to its true boxes (M, 4), pixels of the same picture.

    At each threshold every detection, best score first, claims the unclaimed true box of its class that it overlaps
    most; a true box is claimed once.
    """
    ordered = detections.select(np.argsort(-detections.score, kind="stable"))
    overlap = iou(ordered.xyxy, truth_xyxy) * (ordered.class_id[:, None] == truth_class_id[None, :])
    hits = np.zeros((len(ordered), len(IOU_THRESHOLDS)), np.bool_)
    if len(truth_xyxy):
        _claim(overlap.astype(np.float64), hits)
    return Judged(hits, ordered.score, ordered.class_id, truth_class_id)


def _claim(overlap: Floats, hits: Hits) -> None:
    columns = np.arange(len(IOU_THRESHOLDS))
    claimed = np.zeros((overlap.shape[1], len(IOU_THRESHOLDS)), np.bool_)
    for row in np.flatnonzero((overlap >= IOU_THRESHOLDS[0]).any(axis=1)):
        available = np.where(claimed, 0.0, overlap[row][:, None])
        best = available.argmax(axis=0)
        hits[row] = available[best, columns] >= IOU_THRESHOLDS
        claimed[best, columns] |= hits[row]


def per_class(pictures: Sequence[Judged]) -> tuple[ClassPrecision, ...]:
    """Average precision of every class that has a true box in any picture, by class id."""
    if not pictures:
        return ()
    hits = np.concatenate([picture.hits for picture in pictures])
    score = np.concatenate([picture.score for picture in pictures])
    class_id = np.concatenate([picture.class_id for picture in pictures])
    truths = np.concatenate([picture.truth_class_id for picture in pictures])
    order = np.argsort(-score, kind="stable")
    hits, class_id = hits[order], class_id[order]
    classes, counts = np.unique(truths, return_counts=True)
    return tuple(
        ClassPrecision(int(one), _class_ap(hits[class_id == one], int(count)), int(count))
        for one, count in zip(classes, counts, strict=True)
    )


def _class_ap(hits: Hits, truths: int) -> Floats:
    right = hits.cumsum(axis=0)
    seen = np.arange(1, len(hits) + 1)[:, None]
    recall, precision = right / truths, right / seen
    return np.array([area_under(recall[:, j], precision[:, j]) for j in range(hits.shape[1])], np.float64)


def area_under(recall: Floats, precision: Floats) -> float:
    """Area under a precision-recall curve, its envelope read at 101 recalls; 0 without any detection.

    After the last recall reached, precision is 0.
    """
    if not len(recall):
        return 0.0
    reached = np.concatenate([[0.0], recall, [recall[-1], 1.0]])
    envelope = np.concatenate([[1.0], precision, [0.0, 0.0]])
    envelope = np.maximum.accumulate(envelope[::-1])[::-1]
    return float(np.trapezoid(np.interp(RECALL_POINTS, reached, envelope), RECALL_POINTS))
