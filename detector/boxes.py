"""Geometry of boxes, `xyxy` in pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]
Floats = npt.NDArray[np.floating]


def area(xyxy: Floats) -> Floats:
    """Areas (N,) of boxes (N, 4); an inverted box has none."""
    result: Floats = np.maximum(xyxy[..., 2] - xyxy[..., 0], 0) * np.maximum(xyxy[..., 3] - xyxy[..., 1], 0)
    return result


def intersection(first: Floats, second: Floats) -> Floats:
    """Areas (N, M) that boxes (N, 4) and (M, 4) share."""
    left_top = np.maximum(first[:, None, :2], second[None, :, :2])
    right_bottom = np.minimum(first[:, None, 2:], second[None, :, 2:])
    size = np.maximum(right_bottom - left_top, 0)
    result: Floats = size[..., 0] * size[..., 1]
    return result


def iou(first: Floats, second: Floats) -> Floats:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4); 0 where both are empty."""
    shared = intersection(first, second)
    union = area(first)[:, None] + area(second)[None, :] - shared
    result: Floats = shared / np.maximum(union, 1e-9)
    return result


def iou_one_to_many(box: Floats, others: Floats) -> Floats:
    """Intersection over union (N,) of one box (4,) with boxes (N, 4)."""
    result: Floats = iou(box[None], others)[0]
    return result


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes; for one pair, plain numbers are faster than arrays."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    union = _area(first) + _area(second) - shared
    return shared / max(union, 1e-9)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
