"""Which detection belongs to which track: costs, gates, and the assignment between them."""

from __future__ import annotations

import lap
import numpy as np
import numpy.typing as npt

from detector.boxes import Floats, iou

FORBIDDEN = 1e6


def buffered_distance(expected: Floats, seen: Floats, buffer: Floats) -> Floats:
    """1 - IoU (T, D) of expected boxes (T, 4) and detections (D, 4), both grown by each track's `buffer` (T,).

    Growing lets things meet that a low frame rate has pulled apart (after Yang et al., C-BIoU, WACV 2023).
    """
    margin = buffer[:, None, None]
    size_t, size_d = (expected[:, 2:] - expected[:, :2])[:, None], (seen[:, 2:] - seen[:, :2])[None]
    low_t, high_t = expected[:, None, :2] - margin * size_t, expected[:, None, 2:] + margin * size_t
    low_d, high_d = seen[None, :, :2] - margin * size_d, seen[None, :, 2:] + margin * size_d
    shared = np.maximum(np.minimum(high_t, high_d) - np.maximum(low_t, low_d), 0).prod(axis=2)
    union = (high_t - low_t).prod(axis=2) + (high_d - low_d).prod(axis=2) - shared
    distance: Floats = 1 - shared / np.maximum(union, 1e-9)
    return distance


def assign(cost: Floats, limit: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost, none dearer than `limit`."""
    if 0 in cost.shape:
        return []
    _total, columns, _rows = lap.lapjv(np.ascontiguousarray(cost, np.float64), extend_cost=True, cost_limit=limit)
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0]


def duplicates(xyxy: Floats, score: npt.NDArray[np.float32], threshold: float) -> npt.NDArray[np.bool_]:
    """Mask (N,) of boxes that a better one of any class covers by an IoU over `threshold`.

    Models suppress within a class only, and one van comes as a car and as a truck.
    """
    order = np.argsort(-score, kind="stable")
    overlap = iou(xyxy, xyxy) > threshold
    dropped = np.zeros(len(order), np.bool_)
    for position, index in enumerate(order):
        if not dropped[index]:
            later = order[position + 1 :]
            dropped[later] |= overlap[index, later]
    return dropped
