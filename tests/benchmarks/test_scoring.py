"""Found incidents against true ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.scoring import Found, Planted, score

BOX = (100.0, 100.0, 200.0, 200.0)
TRUTH = Planted("cam-1", "kerb", "illegal_parking", from_s=4.0, to_s=40.0, dwell_s=10.0, xyxy=BOX)
FOUND = Found("cam-1", "kerb", "illegal_parking", started_s=4.5, confirmed_s=15.0, ended_s=41.0, xyxy=BOX)


def test_a_find_is_measured_against_its_truth() -> None:
    result = score([FOUND], [TRUTH])
    pair = result.pairs[0]
    assert (result.recall, result.precision, result.false_alarms) == (1.0, 1.0, 0)
    assert (pair.start_error_s, pair.end_error_s, pair.confirm_delay_s) == (0.5, 1.0, 1.0)


def test_what_is_not_found_is_missed() -> None:
    result = score([], [TRUTH])
    assert (result.recall, result.missed) == (0.0, (TRUTH,))


def test_a_second_find_of_one_violation_is_a_false_alarm() -> None:
    again = replace(FOUND, started_s=20.0, confirmed_s=30.0)
    result = score([again, FOUND], [TRUTH])
    assert [pair.truth for pair in result.pairs] == [TRUTH, None]
    assert (result.false_alarms, result.precision) == (1, 0.5)


@pytest.mark.parametrize(
    "other",
    [
        replace(FOUND, camera="cam-2"),
        replace(FOUND, zone="gate"),
        replace(FOUND, kind="street_vending"),
        replace(FOUND, xyxy=(300.0, 100.0, 400.0, 200.0)),
        replace(FOUND, started_s=50.0, confirmed_s=60.0),
    ],
)
def test_another_camera_zone_kind_place_or_time_is_not_the_truth(other: Found) -> None:
    result = score([other], [TRUTH])
    assert (result.recall, result.false_alarms) == (0.0, 1)


def test_what_may_be_found_or_not_counts_neither_way() -> None:
    short = replace(TRUTH, expected=False)
    assert (score([], [short]).recall, score([], [short]).missed) == (None, ())
    assert score([FOUND], [short]).false_alarms == 0
