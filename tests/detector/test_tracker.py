"""The tracker: ids of its own, on irregular time, bounded, and measured against published trackers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.trackers import PEERS, RATES, SEQUENCES, load, ours, scored
from detector.detections import NO_TRACK, Detections
from detector.tracking.appearance import Glimpse, GlimpseHistory, similarity
from detector.tracking.motion import Motions
from detector.tracking.stillness import displacement
from detector.tracking.tracker import Tracker, TrackerOptions
from tests.detector.scripted import CLASS_NAMES, Actor, detect, draw, driving, standing, texture

BLANK = np.zeros((180, 320, 3), np.uint8)
CAR = CLASS_NAMES.index("car")


def single(box: tuple[float, float, float, float], score: float = 0.8) -> Detections:
    return Detections.untracked(np.array([box], np.float32), np.array([score], np.float32), np.array([CAR], np.int64))


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


@settings(max_examples=40, deadline=None)
@given(
    speed=st.tuples(st.floats(-25, 25), st.floats(-10, 10)),
    steps=st.lists(st.floats(0.04, 0.9), min_size=4, max_size=25),
)
def test_a_lone_car_keeps_its_id_at_irregular_times(speed: tuple[float, float], steps: list[float]) -> None:
    tracker = Tracker(CLASS_NAMES)
    place = driving((120, 60, 180, 100), speed)
    now, ids = 0.0, []
    for step in [0.0, *steps]:
        now += step
        ids += tracker.update(ns(now) + 1, BLANK, single(place(now) or (0, 0, 1, 1))).track_id.tolist()
    assert set(ids) == {1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 280), st.floats(0, 150), st.floats(0, 1)), max_size=12), st.integers(1, 6))
def test_ids_are_unique_within_a_frame_and_detections_come_back_as_they_were(
    found: list[tuple[float, float, float]], frames: int
) -> None:
    tracker = Tracker(CLASS_NAMES)
    boxes = np.array([(x, y, x + 30, y + 20) for x, y, _score in found], np.float32).reshape(-1, 4)
    score = np.array([score for _x, _y, score in found], np.float32)
    detections = Detections.untracked(boxes, score, np.full(len(boxes), CAR, np.int64))
    for index in range(frames):
        tracked = tracker.update(ns(index + 1), BLANK, detections)
        given_ids = tracked.track_id[tracked.track_id != NO_TRACK]
        assert len(set(given_ids.tolist())) == len(given_ids)
        assert np.array_equal(tracked.xyxy, boxes)
        assert np.array_equal(tracked.score, score)


def test_two_cameras_count_for_themselves() -> None:
    first, second = Tracker(CLASS_NAMES), Tracker(CLASS_NAMES)
    for tracker in (first, second):
        assert tracker.update(1, BLANK, single((10, 10, 40, 30))).track_id.tolist() == [1]


def test_doubtful_detections_keep_a_track_and_begin_none() -> None:
    tracker = Tracker(CLASS_NAMES)
    assert tracker.update(ns(1), BLANK, single((10, 10, 40, 30), 0.15)).track_id.tolist() == [NO_TRACK]
    assert tracker.update(ns(2), BLANK, single((10, 10, 40, 30), 0.5)).track_id.tolist() == [1]
    assert tracker.update(ns(3), BLANK, single((10, 10, 40, 30), 0.15)).track_id.tolist() == [1]


def test_frames_must_come_in_order() -> None:
    tracker = Tracker(CLASS_NAMES)
    tracker.update(5, BLANK, Detections.empty())
    with pytest.raises(ValueError, match="5 ns after 5 ns"):
        tracker.update(5, BLANK, Detections.empty())


def test_tracks_are_forgotten_and_never_more_than_the_limit() -> None:
    tracker = Tracker(CLASS_NAMES, TrackerOptions(max_tracks=50))
    rng = np.random.default_rng(0)
    for index in range(60):
        corner = rng.uniform(0, 280, (40, 2)).astype(np.float32)
        boxes = np.concatenate([corner, corner + 6], axis=1)
        crowd = Detections.untracked(boxes, np.full(40, 0.9, np.float32), np.full(40, CAR, np.int64))
        tracker.update(ns(index * 0.5 + 1), BLANK, crowd)
        assert len(tracker.views) <= 50
    tracker.update(ns(400), BLANK, Detections.empty())
    assert tracker.views == ()


def test_the_history_of_pictures_is_bounded() -> None:
    history = GlimpseHistory(limit=4)
    for index in range(100):
        history.add(Glimpse(ns(index * 0.5), BLANK))
    assert [glimpse.pts_ns for glimpse in history] == [ns(t) for t in (49, 48, 47, 46)]


@pytest.mark.parametrize("rate", [0.2, 1.0, 5.0, 25.0])
def test_standing_is_told_from_moving_at_any_rate(rate: float) -> None:
    actors = [Actor(1, standing((40, 20, 90, 55))), Actor(2, driving((0, 100, 60, 140), (6, 0)))]
    tracker = Tracker(CLASS_NAMES)
    for index in range(max(3, round(5 * rate))):
        now = index / rate
        tracker.update(ns(now) + 1, draw(actors, now), detect(actors, now))
    still = {view.track_id: view.still_since_pts_ns for view in tracker.views if view.xyxy[1] < 60}
    assert list(still.values()) == [1]
    assert all(view.still_since_pts_ns is None for view in tracker.views if view.xyxy[1] > 60)


def test_a_car_that_was_found_rolling_in_and_then_missed_twice_goes_on_standing() -> None:
    place = (100.0, 75.0, 160.0, 115.0)
    arrival = driving((40, 75, 100, 115), (20, 0))
    car = Actor(1, lambda t: arrival(t) if t < 3 else place, lambda t: None if 3 < t < 7 else 0.8)
    tracker = Tracker(CLASS_NAMES)
    still = []
    for now in (0.6, 2.55, 4.2, 5.8, 8.0, 9.2, 10.4, 11.6, 12.8):
        tracker.update(ns(now), draw([car], now), detect([car], now))
        still.append([view.still_since_pts_ns for view in tracker.views if view.seen])
    assert all(since is not None for (since,) in still[-4:])


@given(st.floats(0.3, 1.0), st.floats(-40, 40), st.integers(0, 50))
def test_light_does_not_change_what_a_place_shows(gain: float, offset: float, seed: int) -> None:
    paint = texture(seed, 60, 40).astype(np.float32)
    first = Glimpse(0, np.clip(paint * 0.5 + 60, 0, 255).astype(np.uint8))
    second = Glimpse(1, np.clip((paint * 0.5 + 60) * gain + offset, 0, 255).astype(np.uint8))
    other = Glimpse(2, np.clip(texture(seed + 100, 60, 40).astype(np.float32) * 0.5 + 60, 0, 255).astype(np.uint8))
    place = (0.0, 0.0, 60.0, 40.0)
    same, different = (
        similarity(first.patch(place), second.patch(place)),
        similarity(first.patch(place), other.patch(place)),
    )
    # Where the dark end of the picture is cut off at black, its pattern is really lost.
    assert same is None or same > 0.7 or offset + 60 * gain < 20
    assert different is None or different < 0.7


def test_a_place_without_pattern_tells_nothing() -> None:
    glimpse = Glimpse(0, BLANK)
    assert similarity(glimpse.patch((0, 0, 50, 50)), glimpse.patch((0, 0, 50, 50))) is None
    assert glimpse.patch((400, 0, 450, 50)) is None
    assert glimpse.patch((0, 0, 3, 50)) is None


def test_a_box_cut_short_was_not_shifted() -> None:
    whole = (100.0, 100.0, 200.0, 160.0)
    assert displacement(whole, (140.0, 100.0, 200.0, 160.0)) == 0
    assert displacement(whole, (95.0, 97.0, 205.0, 163.0)) == 0
    assert displacement(whole, (120.0, 100.0, 220.0, 160.0)) == pytest.approx(0.2)
    assert displacement(whole, (180.0, 100.0, 280.0, 160.0)) > 0.5


@given(st.lists(st.floats(0.02, 2.0), min_size=2, max_size=20), st.floats(-60, 60))
def test_motion_learns_a_steady_speed_from_irregular_looks(steps: list[float], speed: float) -> None:
    now = 0.0
    motion = Motions()
    motion.add(0, np.array([[0.0, 0.0, 60.0, 40.0]]))
    row = np.array([0])
    for step in [*steps, 0.5, 0.5, 0.5, 0.5]:
        now += step
        motion.update(row, ns(now), np.array([[speed * now, 0.0, speed * now + 60, 40.0]]))
    (expected,) = motion.predict(ns(now + 0.5))
    assert (expected[0] + expected[2]) / 2 == pytest.approx(30 + speed * (now + 0.5), abs=12)


GATES = {
    ("TUD-Campus", "every"): (0.629, 0.751),
    ("TUD-Campus", "1 in 5"): (0.614, 0.722),
    ("TUD-Campus", "1 in 10"): (0.523, 0.638),
    ("TUD-Campus", "irregular"): (0.611, 0.699),
    ("TUD-Stadtmitte", "every"): (0.720, 0.797),
    ("TUD-Stadtmitte", "1 in 5"): (0.715, 0.802),
    ("TUD-Stadtmitte", "1 in 10"): (0.695, 0.793),
    ("TUD-Stadtmitte", "irregular"): (0.709, 0.791),
}
"""MOTA and IDF1 that must not be lost again; what others reach on the same is in `benchmarks.trackers`."""
LEAD = 0.05
SHORT_OF_IT = {("TUD-Stadtmitte", "1 in 5"): 0.027}
"""Rows in which the lead over the best of the three is smaller, and by how much it leads there."""


@pytest.mark.parametrize(("name", "rate"), list(GATES))
def test_tracking_of_public_detections_is_not_below_the_committed_values(
    shared_data: Path, name: str, rate: str
) -> None:
    mota, idf1 = scored(load(shared_data / "mot/tud" / name), rate, ours)
    least_mota, least_idf1 = GATES[name, rate]
    assert mota >= least_mota
    assert idf1 >= least_idf1


@pytest.mark.parametrize(("name", "rate"), [gate for gate in GATES if gate[1] != "every"])
def test_at_low_rates_the_best_of_three_trackers_is_five_points_behind(name: str, rate: str) -> None:
    best = max(PEERS[peer][name][RATES.index(rate)][1] for peer in ("SORT", "ByteTrack", "OCSORT"))
    assert GATES[name, rate][1] - best >= SHORT_OF_IT.get((name, rate), LEAD)


@pytest.mark.parametrize("name", SEQUENCES)
def test_at_full_rate_nobody_elses_tracker_is_better(shared_data: Path, name: str) -> None:
    mota, idf1 = scored(load(shared_data / "mot/tud" / name), "every", ours)
    assert all(mota >= other[name][0][0] and idf1 >= other[name][0][1] for other in PEERS.values())
