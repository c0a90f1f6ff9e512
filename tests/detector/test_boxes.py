"""Geometry of boxes, and suppression against its plain definition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detector.boxes import area, iou
from detector.nms import suppress

corners = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(4)), elements=st.floats(0, 300, width=32))


def ordered(
    raw: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    low, high = np.minimum(raw[:, :2], raw[:, 2:]), np.maximum(raw[:, :2], raw[:, 2:])
    return np.concatenate([low, high + 1], axis=1).astype(np.float32)


@given(corners, corners)
def test_overlap_is_symmetric_and_within_bounds(
    first_raw: npt.NDArray[np.float64], second_raw: npt.NDArray[np.float64]
) -> None:
    first, second = ordered(first_raw), ordered(second_raw)
    overlap = iou(first, second)
    assert overlap.shape == (len(first), len(second))
    assert ((overlap >= 0) & (overlap <= 1 + 1e-6)).all()
    assert np.allclose(overlap, iou(second, first).T)
    assert np.allclose(np.diag(iou(first, first)), 1, atol=1e-5)


def test_overlap_of_known_boxes() -> None:
    first = np.array([[0, 0, 10, 10]], np.float32)
    second = np.array([[5, 0, 15, 10], [10, 0, 20, 10], [2, 2, 4, 4], [8, 8, 6, 6]], np.float32)
    assert iou(first, second)[0] == pytest.approx([50 / 150, 0, 4 / 100, 0])
    assert area(second)[3] == 0


@given(corners, st.floats(0.1, 0.9))
def test_suppression_is_the_greedy_one(raw: npt.NDArray[np.float64], threshold: float) -> None:
    boxes = ordered(raw)
    rng = np.random.default_rng(len(boxes))
    score = rng.permutation(len(boxes)).astype(np.float32) / np.float32(20)
    class_id = rng.integers(0, 2, len(boxes))
    expected: list[int] = []
    overlap = iou(boxes, boxes)
    for index in np.argsort(-score):
        if all(class_id[index] != class_id[kept] or overlap[index, kept] <= threshold for kept in expected):
            expected.append(int(index))
    # Moving the classes apart costs a few bits of a box's position: stay clear of the very threshold.
    near = np.abs(overlap - threshold)[np.triu_indices(len(boxes), 1)]
    if (near > 1e-3).all():
        assert suppress(boxes, score, class_id, threshold, 300).tolist() == expected


def test_suppression_keeps_no_more_than_the_limit() -> None:
    boxes = np.array([[index * 20, 0, index * 20 + 10, 10] for index in range(9)], np.float32)
    score = np.linspace(0.1, 0.9, 9, dtype=np.float32)
    assert suppress(boxes, score, np.zeros(9, np.int64), 0.5, 3).tolist() == [8, 7, 6]
    assert suppress(boxes[:0], score[:0], np.zeros(0, np.int64), 0.5, 3).tolist() == []
