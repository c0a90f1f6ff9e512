"""Non-maximum suppression within each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detector.boxes import iou_one_to_many
from detector.detections import Boxes, Ids, Scores

CLASS_OFFSET = 7680.0
"""Boxes of different classes are moved apart by this many pixels, so that one pass serves all classes."""
MAX_CANDIDATES = 30_000


def suppress(xyxy: Boxes, score: Scores, class_id: Ids, iou_threshold: float, limit: int) -> Ids:
    """Indices of the boxes kept, best score first, at most `limit`.

    A box goes when a better one of its class overlaps it by more than `iou_threshold`. Ties keep their order.
    """
    order = np.argsort(-score, kind="stable")[:MAX_CANDIDATES]
    boxes = xyxy[order] + (class_id[order].astype(np.float32) * np.float32(CLASS_OFFSET))[:, None]
    alive = np.ones(len(order), np.bool_)
    kept: list[int] = []
    for index in range(len(order)):
        if not alive[index]:
            continue
        kept.append(index)
        if len(kept) == limit:
            break
        alive[index + 1 :] &= iou_one_to_many(boxes[index], boxes[index + 1 :]) <= iou_threshold
    kept_order: npt.NDArray[np.int64] = order[np.array(kept, np.int64)]
    return kept_order
