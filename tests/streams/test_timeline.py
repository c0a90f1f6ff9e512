"""The camera's timeline never runs backwards, and the wall clock follows it within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.frame import TimeSource
from streams.timeline import SECOND_NS, CaptureClock, Timeline, WallAnchor

STEP = SECOND_NS // 10


def test_begins_at_zero_and_keeps_the_source_s_distances() -> None:
    timeline = Timeline(live=False)
    placed = [timeline.place(7 * SECOND_NS + pts, None, 0).pts_ns for pts in (0, STEP, 3 * STEP)]
    assert placed == [0, STEP, 3 * STEP]


def test_a_reconnect_lasts_as_long_as_it_really_lasted() -> None:
    timeline = Timeline(live=True)
    timeline.place(0, 0, arrival_ns=0)
    timeline.place(STEP, STEP, arrival_ns=STEP)
    timeline.restart()
    assert timeline.place(0, 0, arrival_ns=STEP + 30 * SECOND_NS).pts_ns == STEP + 30 * SECOND_NS


def test_a_looping_file_goes_on_one_picture_later() -> None:
    timeline = Timeline(live=False)
    for pts in (0, STEP, 2 * STEP):
        timeline.place(pts, pts, 0)
    timeline.restart()
    assert timeline.place(0, 0, 0).pts_ns == 3 * STEP


def test_timestamps_that_fall_back_without_a_reconnect_are_noticed() -> None:
    timeline = Timeline(live=True)
    for index in range(100):
        timeline.place(index * STEP, index * STEP, index * STEP)
    placed = timeline.place(0, 0, 100 * STEP)
    assert placed.jumped
    assert placed.pts_ns == 100 * STEP


def test_timestamps_that_run_ahead_of_the_arrival_clock_are_noticed() -> None:
    timeline = Timeline(live=True)
    timeline.place(0, 0, 0)
    timeline.place(STEP, STEP, STEP)
    placed = timeline.place(3600 * SECOND_NS, 3600 * SECOND_NS, 2 * STEP)
    assert placed.jumped
    assert placed.pts_ns == 2 * STEP


def test_a_gap_in_a_recording_is_kept() -> None:
    timeline = Timeline(live=False)
    timeline.place(0, 0, 0)
    assert timeline.place(60 * SECOND_NS, 60 * SECOND_NS, 0).pts_ns == 60 * SECOND_NS


def test_reordered_pictures_keep_their_places() -> None:
    timeline = Timeline(live=True)
    order = [0, 3, 1, 2, 6, 4, 5]
    placed = [timeline.place(index * STEP, None, number * STEP).pts_ns for number, index in enumerate(order)]
    assert placed == [index * STEP for index in order]


def test_packets_without_timestamps_are_placed_by_their_arrival() -> None:
    timeline = Timeline(live=True)
    placed = [timeline.place(None, None, arrival * STEP).pts_ns for arrival in (0, 1, 3)]
    assert placed == [0, STEP, 3 * STEP]


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(-(2**60), 2**60)), st.integers(0, 5 * SECOND_NS), st.booleans()),
        max_size=40,
    ),
    st.booleans(),
)
def test_restarts_and_wild_jumps_never_bring_the_timeline_back(
    packets: list[tuple[int | None, int, bool]], live: bool
) -> None:
    timeline, arrival_ns, latest_ns = Timeline(live=live), 0, 0
    for pts_ns, wait_ns, restart in packets:
        arrival_ns += wait_ns
        if restart:
            timeline.restart()
        placed = timeline.place(pts_ns, pts_ns, arrival_ns).pts_ns
        # Within one run of the source pictures may be reordered, by less than a second or four of its steps.
        assert placed >= latest_ns - 8 * SECOND_NS
        if restart and latest_ns:
            assert placed > latest_ns
        latest_ns = max(latest_ns, placed)


def test_jitter_does_not_reach_the_capture_times() -> None:
    anchor = WallAnchor()
    late_by = [0, 40, 5, 120, 0, 300, 7, 0] * 40
    wall = [
        anchor.captured_at_ns(index * STEP, 10**18 + index * STEP + late * 1_000_000) - index * STEP
        for index, late in enumerate(late_by)
    ]
    assert max(wall) - min(wall) <= 1_000_000


def test_a_burst_at_the_beginning_is_dated_back() -> None:
    anchor = WallAnchor()
    for index in range(20):
        anchor.captured_at_ns(index * STEP, 10**18)  # two stored seconds come at once
    live = [anchor.captured_at_ns(index * STEP, 10**18 + (index - 19) * STEP) for index in range(20, 40)]
    assert live[-1] == 10**18 + 20 * STEP


def test_a_drifting_camera_is_followed_slowly_and_a_stepped_host_at_once() -> None:
    anchor = WallAnchor()
    for index in range(600):
        captured = anchor.captured_at_ns(index * STEP, index * STEP + index * 100_000)  # 1 ms a second too slow
    assert abs(captured - (599 * STEP + 599 * 100_000)) < 100_000_000
    assert anchor.steps == 0
    for index in range(600, 900):
        captured = anchor.captured_at_ns(index * STEP, index * STEP + 3600 * SECOND_NS)
    assert anchor.steps == 1
    assert captured == 899 * STEP + 3600 * SECOND_NS


def test_the_camera_s_own_clock_counts_only_while_it_is_sound() -> None:
    clock = CaptureClock()
    assert clock.captured_at(0, 10**18, None) == (10**18, TimeSource.HOST)
    assert clock.captured_at(0, 10**18, 10**18 - STEP) == (10**18 - STEP, TimeSource.RTCP_SR)
    assert clock.offset_ns == -STEP
    assert clock.captured_at(0, 10**18, 0) == (10**18, TimeSource.HOST)
    assert clock.offset_ns == -(10**18)
