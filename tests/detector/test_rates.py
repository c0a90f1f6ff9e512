"""Looks come when they come: what a stay is told to be depends on what was there, not on how often it was looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from detector.boxes import Box
from detector.incident import Incident, IncidentState
from detector.watch import CameraWatch
from tests.detector.scripted import CLASS_NAMES, Actor, driving, play, zone

KERB: Box = (100.0, 75.0, 160.0, 115.0)
DWELL_S = 30.0
REST_S = 4.0

# Every picture, active looks, looks at rest, slow ones: and changes between them within one clip.
paces = st.lists(
    st.tuples(st.sampled_from([0.04, 0.1, 0.2, 1.0, 2.0, 5.0, 6.0]), st.floats(3, 40)), min_size=2, max_size=8
)
quick = settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
"""A clip takes a while to draw: a failing one is told as it is, not searched for its shortest kin."""
offsets = st.floats(0, 0.9)


def looks(pace: Sequence[tuple[float, float]], offset: float, until: float) -> list[float]:
    """Times of looks: each pace for so many seconds (at most 8 looks of it), then a rest, over and over."""
    times, now = [], offset
    while now < until:
        for step, seconds in pace:
            end = now + min(seconds, 8 * step)
            while now < min(end, until):
                times.append(now)
                now += step
        now += REST_S
    return times


def visitor(arrives: float, leaves: float) -> Actor:
    """A car that drives in from the left until `arrives`, stands, and drives off at `leaves`."""
    arrival = driving((KERB[0] - 150, KERB[1], KERB[2] - 150, KERB[3]), (30, 0), arrives - 5)
    departure = driving(KERB, (40, 0), leaves)
    return Actor(1, lambda t: arrival(t) if t < arrives else KERB if t < leaves else departure(t))


def before_and_after(times: Sequence[float], moment: float) -> tuple[float, float]:
    """The last look before a moment and the first one at or after it."""
    earlier, later = [t for t in times if t < moment], [t for t in times if t >= moment]
    return (earlier[-1] if earlier else times[0]), (later[0] if later else times[-1])


def watched(actors: Sequence[Actor], times: Sequence[float]) -> list[Incident]:
    return play(actors, times, CameraWatch("cam", [zone(dwell_seconds=DWELL_S)], CLASS_NAMES))


@quick
@given(paces, offsets, st.floats(5, 20))
def test_a_stay_starts_where_it_is_first_proven_and_is_confirmed_by_the_first_look_after_its_limit(
    pace: list[tuple[float, float]], offset: float, arrives: float
) -> None:
    leaves = arrives + 90
    times = looks(pace, offset, leaves + 100)
    changes = watched([visitor(arrives, leaves)], times)
    assert [change.state for change in changes] == ["pending", "confirmed", "ended"]
    incident = changes[-1]
    started, confirmed = incident.started_pts_ns / 1e9, (incident.confirmed_pts_ns or 0) / 1e9
    _earlier, first_there = before_and_after(times, arrives)
    # A car that rolls out looks for its last moments as it does when it stands: a few pixels are no motion.
    assert arrives - 0.3 <= started <= first_there + 0.9
    _earlier, due = before_and_after(times, started + DWELL_S - 1e-6)
    assert confirmed == pytest.approx(due, abs=1e-6)
    last_there, _later = before_and_after(times, leaves)
    assert last_there - 1e-6 <= (incident.ended_pts_ns or 0) / 1e9 <= leaves + 0.4


@quick
@given(paces, offsets, st.floats(5, 20), st.floats(1, DWELL_S - 1))
def test_a_shorter_stop_is_never_confirmed(
    pace: list[tuple[float, float]], offset: float, arrives: float, stays: float
) -> None:
    times = looks(pace, offset, arrives + 100)
    changes = watched([visitor(arrives, arrives + stays)], times)
    assert not [change for change in changes if change.state is IncidentState.CONFIRMED]


@quick
@given(paces, offsets, st.integers(0, 9))
def test_one_car_after_another_in_the_same_bay_are_stays_of_their_own(
    pace: list[tuple[float, float]], offset: float, seed: int
) -> None:
    # Each stays for less than the limit, both together for longer.
    times = looks(pace, offset, 140)
    cars = [
        Actor(seed * 2, lambda t: KERB if t < 25 else None),
        Actor(seed * 2 + 1, lambda t: KERB if 25 <= t < 50 else None),
    ]
    assert not [change for change in watched(cars, times) if change.state is IncidentState.CONFIRMED]
