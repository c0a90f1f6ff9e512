"""Garbage: it lies for the limit, whatever passes, hides it or grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from detector.boxes import Box
from detector.incident import Incident
from detector.rules.base import Judge
from detector.tracking.track import TrackView
from tests.detector.rules.looks import S, judge, look, track
from tests.detector.scripted import states

BAG: Box = (100.0, 110.0, 128.0, 130.0)
HEAP: Box = (80.0, 90.0, 150.0, 132.0)
BIN: Box = (100.0, 100.0, 120.0, 135.0)
Tracks = Callable[[float], list[TrackView]]


def watched(subject: Judge, tracks: Tracks, until: float, step: float = 20.0) -> list[Incident]:
    times = [number * step for number in range(int(until / step) + 1)]
    return [change for now in times for change in subject.observe(look(now, tracks(now)))]


def bag(now: float, box: Box = BAG, name: str = "garbage", *, seen: bool = True) -> TrackView:
    return track(1, name, box, now, seen=seen)


def test_a_bag_that_was_always_there_is_found_once_and_ends_when_it_was_last_seen() -> None:
    changes = watched(judge("exposed_garbage", dwell_seconds=300), lambda t: [bag(t)] if t <= 600 else [], 1200)
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[1].codes == ("06010",)
    assert changes[2].started_pts_ns == 0
    assert changes[2].ended_pts_ns == 600 * 10**9


def test_a_bag_that_is_fetched_before_the_limit_is_nothing() -> None:
    changes = watched(judge("exposed_garbage", dwell_seconds=300), lambda t: [bag(t)] if t <= 240 else [], 1200)
    assert states(changes) == ["pending", "ended"]


def test_a_heap_behind_a_parked_van_goes_on_under_a_new_track() -> None:
    van = (60.0, 60.0, 170.0, 150.0)

    def tracks(now: float) -> list[TrackView]:
        if now < 400:
            return [bag(now)]
        return [track(2, "truck", van, now, since=400)] if now < 1800 else [track(3, "garbage", BAG, now, since=1800)]

    changes = watched(judge("exposed_garbage", dwell_seconds=300), tracks, 2400)
    assert states(changes) == ["pending", "confirmed"]


@pytest.mark.parametrize(("stood_since", "ends"), [(400.0, False), (770.0, True)])
def test_a_van_that_stood_long_and_is_not_seen_in_glare_still_hides_the_heap(stood_since: float, ends: bool) -> None:
    van = (60.0, 60.0, 170.0, 150.0)

    def tracks(now: float) -> list[TrackView]:
        if now < 400:
            return [bag(now)]
        last_s = min(now, 800.0)  # from then on it is neither seen nor shown by its pixels
        blind = replace(track(2, "truck", van, last_s, since=stood_since, seen=now <= 800), last_seen_pts_ns=800 * S)
        return [blind] if now < 1600 else [track(3, "garbage", BAG, now, since=1600)]

    changes = watched(judge("exposed_garbage", dwell_seconds=300), tracks, 2000)
    assert ("ended" in states(changes)) == ends


def test_a_bin_that_was_once_taken_for_an_overflow_begins_nothing() -> None:
    def tracks(now: float) -> list[TrackView]:
        if now < 60:
            return [track(1, "overflow", BIN, now)]
        return [track(1, "garbage_bin", BIN, now)] if now < 200 else [track(2, "overflow", BIN, now, since=200)]

    changes = watched(judge("exposed_garbage", dwell_seconds=300), tracks, 900)
    assert states(changes) == ["pending", "ended", "pending", "confirmed"]
    assert changes[-1].started_pts_ns == 200 * S


def test_one_look_that_takes_a_heap_for_a_bin_does_not_end_it() -> None:
    changes = watched(
        judge("exposed_garbage", dwell_seconds=300),
        lambda t: [bag(t, name="garbage_bin" if t == 200 else "garbage")],
        600,
    )
    assert states(changes) == ["pending", "confirmed"]
    assert changes[-1].started_pts_ns == 0


@pytest.mark.parametrize("kind", ["exposed_garbage", "overflowing_bin"])
def test_a_bin_runs_over_since_it_was_last_seen_as_a_mere_bin(kind: str) -> None:
    def tracks(now: float) -> list[TrackView]:
        # The place looks much as before: the tracker takes the full bin for one that stood there all the time.
        mere = track(1, "garbage_bin", BIN, min(now, 180.0), seen=now < 200)
        return [mere] if now < 200 else [mere, track(2, "overflow", BIN, now, since=0)]

    changes = watched(judge(kind, dwell_seconds=300), tracks, 900)
    assert states(changes) == ["pending", "confirmed"]
    assert changes[-1].started_pts_ns == 180 * S


def test_without_the_van_in_front_the_same_absence_is_the_end() -> None:
    def tracks(now: float) -> list[TrackView]:
        if now < 400:
            return [bag(now)]
        return [track(3, "garbage", BAG, now, since=1800)] if now >= 1800 else []

    changes = watched(judge("exposed_garbage", dwell_seconds=300), tracks, 2400)
    assert states(changes) == ["pending", "confirmed", "ended", "pending", "confirmed"]


def test_a_heap_that_grows_into_its_neighbour_is_one_incident() -> None:
    other: Box = (130.0, 112.0, 150.0, 130.0)

    def tracks(now: float) -> list[TrackView]:
        return [bag(now), track(2, "garbage", other, now)] if now < 200 else [track(1, "garbage", HEAP, now)]

    changes = watched(judge("exposed_garbage", dwell_seconds=600), tracks, 1000)
    assert len({change.incident_id for change in changes if change.confirmed_pts_ns}) == 1


@pytest.mark.parametrize(
    ("name", "box", "more", "old_seconds", "codes", "flags"),
    [
        ("garbage", BAG, [], 60, ("06010",), ()),
        ("overflow", BIN, [], 60, ("06042",), ("bin_overflow",)),
        ("garbage", (98.0, 85.0, 122.0, 112.0), [BIN], 60, ("06042",), ("bin_overflow",)),
        ("garbage", (121.0, 118.0, 140.0, 135.0), [BIN], 60, ("06010",), ()),
        ("garbage", HEAP, [], 60, ("06011",), ("large_heap",)),
        ("garbage", HEAP, [], 86400, ("06010",), ("large_heap",)),
    ],
    ids=["bag", "overflow", "on the bin", "beside the bin", "large and old", "large and new"],
)
def test_place_size_and_age_make_the_code(
    name: str, box: Box, more: list[Box], old_seconds: float, codes: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    def tracks(now: float) -> list[TrackView]:
        bins = [track(9 + n, "garbage_bin", one, now) for n, one in enumerate(more)]
        return [bag(now, box, name), *bins]

    changes = watched(judge("exposed_garbage", dwell_seconds=200, old_seconds=old_seconds), tracks, 400)
    assert (changes[-1].codes, changes[-1].flags) == (codes, flags)


def test_a_bin_that_is_not_full_is_nothing_to_either_kind() -> None:
    for kind in ("exposed_garbage", "overflowing_bin"):
        assert watched(judge(kind, dwell_seconds=60), lambda t: [bag(t, BIN, "garbage_bin")], 600) == []


def test_a_full_bin_is_an_overflowing_bin() -> None:
    changes = watched(judge("overflowing_bin", dwell_seconds=60), lambda t: [bag(t, BIN, "overflow")], 600)
    assert states(changes) == ["pending", "confirmed"]
    assert changes[-1].codes == ("06042",)


def test_time_in_which_the_picture_was_unfit_does_not_count() -> None:
    subject = judge("exposed_garbage", dwell_seconds=300)
    unfit = [(100.0, 400.0)]
    early = [change for now in (0, 50, 420, 500) for change in subject.observe(look(now, [bag(now)], unfit=unfit))]
    assert states(early) == ["pending"]
    assert states(subject.observe(look(601, [bag(601)], unfit=unfit))) == ["confirmed"]


def test_a_spot_that_was_not_found_asks_for_close_looks_until_it_is_clear() -> None:
    subject = judge("exposed_garbage", dwell_seconds=300)
    subject.observe(look(0, [bag(0)]))
    subject.observe(look(60, []))
    assert (60 * 10**9, 0) in subject.waiting  # type: ignore[attr-defined]
