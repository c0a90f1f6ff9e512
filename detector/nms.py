"""Non-maximum suppression within each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detector.boxes import iou
from detector.detections import Boxes, Ids, Scores

CLASS_OFFSET = 7680.0
"""Boxes of different classes are moved apart by this many pixels, so that one pass serves all classes."""
MAX_CANDIDATES = 30_000
BLOCK = 128
"""Boxes whose overlaps are found at once: 128 times 128 floats stay in a processor's nearest caches."""


def suppress(xyxy: Boxes, score: Scores, class_id: Ids, iou_threshold: float, limit: int) -> Ids:
    """Indices of the boxes kept, best score first, at most `limit`.

    A box goes when a better one of its class overlaps it by more than `iou_threshold`. Ties keep their order.
    """
    order = np.argsort(-score, kind="stable")[:MAX_CANDIDATES]
    boxes = xyxy[order] + (class_id[order].astype(np.float32) * np.float32(CLASS_OFFSET))[:, None]
    kept = np.zeros(0, np.int64)
    for start in range(0, len(order), BLOCK):
        block = boxes[start : start + BLOCK]
        alive = np.logical_and.reduce(iou(boxes[kept], block) <= iou_threshold, axis=0)
        kept = np.concatenate([kept, start + _best_of_block(block, alive, iou_threshold)])[:limit]
        if len(kept) == limit:
            break
    result: npt.NDArray[np.int64] = order[kept]
    return result


def _best_of_block(boxes: Boxes, alive: npt.NDArray[np.bool_], iou_threshold: float) -> Ids:
    """Rows that no better living row overlaps too much; all pairs in one pass, since a picture has a few dozen."""
    apart = iou(boxes, boxes) <= iou_threshold
    for index in range(len(boxes) - 1):
        if alive[index]:
            alive[index + 1 :] &= apart[index, index + 1 :]
    return np.flatnonzero(alive)
