"""Suppression keeps what the plain definition keeps, whatever the number of boxes."""

from __future__ import annotations

import numpy as np
import pytest

from detector.boxes import iou_one_to_many
from detector.detections import Boxes, Ids, Scores
from detector.nms import suppress


def plain(xyxy: Boxes, score: Scores, class_id: Ids, threshold: float, limit: int) -> list[int]:
    """The definition: take the best, drop what overlaps it in its class, go on."""
    left = list(np.argsort(-score, kind="stable"))
    kept: list[int] = []
    while left and len(kept) < limit:
        best = left.pop(0)
        kept.append(int(best))
        overlap = iou_one_to_many(xyxy[best], xyxy[left])
        left = [
            row
            for row, share in zip(left, overlap, strict=True)
            if share <= threshold or class_id[row] != class_id[best]
        ]
    return kept


@pytest.mark.parametrize("limit", [1, 20, 1000])
@pytest.mark.parametrize("threshold", [0.3, 0.7])
@pytest.mark.parametrize("count", [0, 1, 7, 127, 128, 129, 400])
def test_it_keeps_what_the_definition_keeps(count: int, threshold: float, limit: int) -> None:
    rng = np.random.default_rng(count)
    corner, size = rng.uniform(0, 300, (count, 2)), rng.uniform(10, 200, (count, 2))
    xyxy = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    score = rng.random(count).round(2).astype(np.float32)
    class_id = rng.integers(0, 3, count)
    found = suppress(xyxy, score, class_id, threshold, limit)
    assert found.tolist() == plain(xyxy, score, class_id, threshold, limit)
