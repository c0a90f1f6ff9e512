"""Which detection belongs to which track: costs, gates, and the assignment between them."""

from __future__ import annotations

import lap
import numpy as np
import numpy.typing as npt

from detector.boxes import Floats, iou

FORBIDDEN = 1e6
SHORT_STEP = 0.1
"""Box sizes: a step shorter than this is mostly the detector's trembling."""


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


def height_overlap(expected: Floats, seen: Floats) -> Floats:
    """How much of their common height expected boxes (T, 4) and detections (D, 4) share, (T, D) in 0..1.

    Things that cross in the picture stand at different distances: their boxes overlap, but begin and end elsewhere
    (after Yang et al., Hybrid-SORT, AAAI 2024).
    """
    low_t, high_t, low_d, high_d = expected[:, None, 1], expected[:, None, 3], seen[None, :, 1], seen[None, :, 3]
    shared = np.maximum(np.minimum(high_t, high_d) - np.maximum(low_t, low_d), 0)
    result: Floats = shared / np.maximum(np.maximum(high_t, high_d) - np.minimum(low_t, low_d), 1e-9)
    return result


def turning(last: Floats, heading: Floats, trust: Floats, seen: Floats) -> Floats:
    """How far each track would have to turn for each detection, (T, D) in 0..1: 1 is right about.

    `last` (T, 4) are the boxes last seen, `heading` (T, 2) their velocities in box sizes a second, `trust` (T,) how
    well those are known, 0..1. A step too short to have a direction is no turn (after Cao et al., OC-SORT, CVPR 2023).
    """
    centre_t, centre_d = (last[:, :2] + last[:, 2:]) / 2, (seen[:, :2] + seen[:, 2:]) / 2
    step = (centre_d[None] - centre_t[:, None]) / np.maximum(last[:, 2:] - last[:, :2], 1.0)[:, None]
    length = np.sqrt((step * step).sum(axis=2))
    speed = np.sqrt((heading * heading).sum(axis=1))[:, None]
    cosine = (step * heading[:, None]).sum(axis=2) / np.maximum(length * speed, 1e-9)
    result: Floats = trust[:, None] * np.minimum(length / SHORT_STEP, 1) * (1 - cosine) / 2
    return result


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
    dropped = np.zeros(len(score), np.bool_)
    overlap = iou(xyxy, xyxy) > threshold
    if np.count_nonzero(overlap) <= len(score):
        return dropped
    order = np.argsort(-score, kind="stable")
    for position, index in enumerate(order):
        if not dropped[index]:
            later = order[position + 1 :]
            dropped[later] |= overlap[index, later]
    return dropped
