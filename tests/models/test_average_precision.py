"""Average precision on cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.detections import Detections
from models.average_precision import IOU_THRESHOLDS, Judged, area_under, judge, per_class

TRUTH = np.array([[0, 0, 100, 100], [200, 0, 300, 100]], np.float32)
CLASSES = np.array([0, 0], np.int64)


def found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    values = np.array(rows, np.float32).reshape(len(rows), 6)
    return Detections.untracked(values[:, :4].copy(), values[:, 4].copy(), values[:, 5].astype(np.int64))


def ap(judged: Judged) -> list[float]:
    return [round(float(value), 4) for value in per_class([judged])[0].ap]


def test_perfect_detections_have_precision_one_everywhere() -> None:
    judged = judge(found((0, 0, 100, 100, 0.9, 0), (200, 0, 300, 100, 0.8, 0)), TRUTH, CLASSES)
    # Trapezoids over 101 points: the last falls from 1 to 0 at recall 1.
    assert ap(judged) == pytest.approx([0.995] * 10)


def test_a_box_counts_at_every_threshold_that_its_overlap_reaches() -> None:
    # 80 of 100 columns: IoU 0.8, which is right up to and including the threshold 0.8.
    judged = judge(found((0, 0, 80, 100, 0.9, 0)), TRUTH[:1], CLASSES[:1])
    assert judged.hits[0].tolist() == [bool(threshold <= 0.8 + 1e-6) for threshold in IOU_THRESHOLDS]


def test_a_second_detection_of_one_object_is_wrong() -> None:
    judged = judge(found((0, 0, 100, 100, 0.9, 0), (0, 0, 100, 99, 0.8, 0)), TRUTH[:1], CLASSES[:1])
    assert judged.hits[:, 0].tolist() == [True, False]


def test_the_surer_detection_claims_the_object_and_the_next_takes_what_is_left() -> None:
    overlapping = np.array([[0, 0, 100, 100], [10, 0, 110, 100]], np.float32)
    judged = judge(found((4, 0, 104, 100, 0.9, 0), (3, 0, 103, 100, 0.8, 0)), overlapping, CLASSES)
    assert judged.hits[:, 0].tolist() == [True, True]


def test_another_class_is_no_hit() -> None:
    judged = judge(found((0, 0, 100, 100, 0.9, 1)), TRUTH[:1], CLASSES[:1])
    assert not judged.hits.any()
    assert [one.class_id for one in per_class([judged])] == [0]
    assert per_class([judged])[0].ap.tolist() == [0.0] * 10


def test_detections_of_pictures_without_truth_lower_precision() -> None:
    right = judge(found((0, 0, 100, 100, 0.5, 0)), TRUTH[:1], CLASSES[:1])
    false_alarm = judge(found((0, 0, 10, 10, 0.9, 0)), TRUTH[:0], CLASSES[:0])
    alone, together = per_class([right])[0].ap[0], per_class([right, false_alarm])[0].ap[0]
    assert together == pytest.approx(alone / 2, abs=0.005)


def test_half_the_objects_found_is_half_the_area() -> None:
    judged = judge(found((0, 0, 100, 100, 0.9, 0)), TRUTH, CLASSES)
    assert per_class([judged])[0].ap[0] == pytest.approx(0.5, abs=0.01)


def test_a_class_without_detections_has_no_area() -> None:
    assert area_under(np.zeros(0), np.zeros(0)) == 0.0
    assert per_class([judge(Detections.empty(), TRUTH, CLASSES)])[0].ap.tolist() == [0.0] * 10
