"""Kinds that stand for long: abandoned vehicles over days, and what blocks tactile paving."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from detector.boxes import Box
from detector.incident import Incident
from detector.rules.base import Judge, Resumable
from detector.tracking.track import TrackView
from tests.detector.rules.looks import S, judge, look, track
from tests.detector.scripted import states

CAR: Box = (100.0, 75.0, 160.0, 115.0)
HOUR, DAY = 3600.0, 86400.0
Tracks = Callable[[float], list[TrackView]]


def watched(subject: Judge, tracks: Tracks, begin: float, until: float, step: float = 300.0) -> list[Incident]:
    times = [begin + number * step for number in range(int((until - begin) / step) + 1)]
    return [change for now in times for change in subject.observe(look(now, tracks(now)))]


def by_day(now: float) -> list[TrackView]:
    """Lost every evening; found again in the morning as another track, a few pixels off."""
    day, hour = divmod(now, DAY)
    box: Box = (CAR[0] + day, CAR[1], CAR[2] + day, CAR[3])
    return [track(round(day) + 1, "car", box, now, since=day * DAY)] if hour < 14 * HOUR else []


def test_a_vehicle_that_stands_for_days_is_one_incident_through_the_nights() -> None:
    subject = judge("abandoned_vehicle", dwell_seconds=3 * DAY, clear_seconds=12 * HOUR)
    changes = watched(subject, by_day, 0, 4 * DAY)
    assert states(changes) == ["pending", "confirmed"]
    assert changes[-1].codes == ("06034",)
    assert "owner_unknown" in changes[-1].flags


def test_another_vehicle_that_drove_there_begins_anew() -> None:
    def tracks(now: float) -> list[TrackView]:
        if now < DAY:
            return [track(1, "car", CAR, now)]
        return [track(2, "car", CAR if now > DAY + 300 else (0.0, 70.0, 60.0, 110.0), now, since=DAY + 300)]

    changes = watched(judge("abandoned_vehicle", dwell_seconds=1.5 * DAY), tracks, 0, 2 * DAY)
    assert not [change for change in changes if change.confirmed_pts_ns]


def test_a_stay_outlives_a_restart_on_another_timeline() -> None:
    before = judge("abandoned_vehicle", dwell_seconds=2 * HOUR)
    watched(before, lambda t: [track(1, "car", CAR, t)], 0, HOUR)
    after = judge("abandoned_vehicle", dwell_seconds=2 * HOUR)
    assert isinstance(before, Resumable)
    assert isinstance(after, Resumable)
    state = json.loads(json.dumps(before.snapshot()))
    after.restore(state, round(-HOUR * S))
    changes = watched(after, lambda t: [track(1, "car", CAR, t, since=-HOUR)], 10, HOUR + 10, 100)
    assert states(changes) == ["confirmed"]
    assert changes[0].incident_id == before.open_incidents[0].incident_id
    assert changes[0].started_pts_ns == round(-HOUR * S)


def test_a_state_that_is_none_is_refused_and_changes_nothing() -> None:
    subject = judge("abandoned_vehicle", dwell_seconds=HOUR)
    assert isinstance(subject, Resumable)
    with pytest.raises(ValueError, match="spots"):
        subject.restore({"spots": 3}, 0)
    assert subject.open_incidents == ()


@pytest.mark.parametrize("name", ["bicycle", "car", "stall"])
def test_whatever_stands_on_tactile_paving_blocks_it(name: str) -> None:
    subject = judge("blocked_tactile_paving", dwell_seconds=60)
    changes = watched(subject, lambda t: [track(1, name, CAR, t)] if t <= 90 else [], 0, 300, 5)
    assert states(changes) == ["pending", "confirmed", "ended"]
    assert changes[1].codes == ("09019",)


def test_one_bicycle_after_another_is_not_one_that_blocks() -> None:
    def tracks(now: float) -> list[TrackView]:
        number = int(now // 40)
        gone = [track(number - 1, "bicycle", CAR, now, since=40.0 * (number - 1), seen=False)] if number else []
        return [track(number, "bicycle", CAR, now, since=40.0 * number), *gone]

    changes = watched(judge("blocked_tactile_paving", dwell_seconds=60), tracks, 0, 300, 5)
    assert not [change for change in changes if change.confirmed_pts_ns]
