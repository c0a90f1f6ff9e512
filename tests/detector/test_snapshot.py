"""A worker that is killed and started again goes on with the incidents of its earlier life."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from detector.boxes import Box
from detector.incident import Incident, IncidentState
from detector.snapshot import SnapshotError
from detector.watch import CameraWatch
from streams.frame import Frame
from tests.detector.scripted import CLASS_NAMES, EPOCH_NS, Actor, detect, draw, frame, standing, states, zone

KERB: Box = (100.0, 75.0, 160.0, 115.0)
BAY: Box = (200.0, 95.0, 262.0, 137.0)
NEW_LIFE_S = 1000.0
"""Where the new worker's timeline stands when the old one's stands at nought."""


def made(dwell_seconds: float = 60, version: int = 1) -> CameraWatch:
    one = zone(dwell_seconds=dwell_seconds).model_copy(update={"version": version})
    return CameraWatch("cam", [one], CLASS_NAMES)


def see(watch: CameraWatch, actors: Sequence[Actor], times: Sequence[float], *, shift_s: float = 0) -> list[Incident]:
    """Show the street at those times of day; the watch's own timeline is `shift_s` ahead of it."""
    changes = []
    for t in times:
        seen = frame(draw(actors, t), t)
        moved = Frame(
            *(seen.camera_id, seen.sequence, seen.pts_ns + round(shift_s * 1e9), seen.captured_at_ns),
            *(seen.time_source, seen.pixel_format, seen.image),
        )
        changes += watch.observe(moved, detect(actors, t))
    return changes


def reborn(old: CameraWatch, at_s: float, **options: Any) -> CameraWatch:
    """A new worker's watch at that time of day, with what the old one wrote."""
    watch = made(**options)
    written = json.loads(json.dumps(old.snapshot()))
    watch.restore(written, round((NEW_LIFE_S + at_s) * 1e9), EPOCH_NS + round(at_s * 1e9))
    return watch


def seconds(start: int, end: int) -> list[float]:
    return [float(t) for t in range(start, end)]


def test_a_restart_in_the_middle_of_a_stay_gives_one_incident() -> None:
    parked = [Actor(1, standing(KERB)), Actor(2, standing(BAY, 10))]
    old = made()
    before = see(old, parked, seconds(0, 31))
    new = reborn(old, 50)
    after = see(new, parked, seconds(50, 140), shift_s=NEW_LIFE_S)
    assert states(before) == ["pending", "pending"]
    assert states(after) == ["confirmed", "confirmed"]
    assert [change.incident_id for change in after] == [change.incident_id for change in before]
    assert [change.started_at_ns for change in after] == [change.started_at_ns for change in before]
    # Nobody looked from 30 to 50: that time is in no limit.
    assert [(change.confirmed_at_ns or 0) - EPOCH_NS for change in after] == [80 * 10**9, 90 * 10**9]
    assert [change.unfit_seconds for change in after] == [20, 20]
    assert after[0].started_pts_ns == round(NEW_LIFE_S * 1e9)


def test_a_confirmed_stay_goes_on_and_ends_once() -> None:
    parked = [Actor(1, standing(KERB, end=200))]
    old = made()
    (_pending, confirmed) = see(old, parked, seconds(0, 90))
    new = reborn(old, 150)
    after = see(new, parked, [*seconds(150, 201), *seconds(201, 320)], shift_s=NEW_LIFE_S)
    assert states(after) == ["ended"]
    assert after[0].incident_id == confirmed.incident_id
    assert (after[0].ended_at_ns or 0) - EPOCH_NS == pytest.approx(200e9, abs=1e9)
    assert after[0].confirmed_at_ns == confirmed.confirmed_at_ns


def test_a_second_restart_is_no_different() -> None:
    parked = [Actor(1, standing(KERB))]
    watch, changes = made(), []
    changes += see(watch, parked, seconds(0, 20))
    watch = reborn(watch, 30)
    changes += see(watch, parked, seconds(30, 50), shift_s=NEW_LIFE_S)
    shift_s = 2 * NEW_LIFE_S
    written, watch = watch.snapshot(), made()
    assert written is not None
    watch.restore(written, round((shift_s + 60) * 1e9), EPOCH_NS + 60 * 10**9)
    changes += see(watch, parked, seconds(60, 120), shift_s=shift_s)
    assert states(changes) == ["pending", "confirmed"]
    assert len({change.incident_id for change in changes}) == 1


def test_a_car_that_came_in_meanwhile_is_an_incident_of_its_own() -> None:
    first, second = Actor(1, standing(KERB, 0, 40)), Actor(2, standing(KERB, 40))
    old = made()
    before = see(old, [first, second], seconds(0, 31))
    after = see(reborn(old, 50), [first, second], seconds(50, 200), shift_s=NEW_LIFE_S)
    confirmed = [change for change in after if change.state is IncidentState.CONFIRMED]
    assert len(confirmed) == 1
    assert confirmed[0].incident_id != before[0].incident_id
    assert confirmed[0].started_at_ns >= EPOCH_NS + 50 * 10**9
    assert confirmed[0].track_id != before[0].track_id


def test_an_empty_place_ends_what_stood_there_when_it_was_last_seen() -> None:
    parked = [Actor(1, standing(KERB, end=40))]
    old = made()
    see(old, parked, seconds(0, 31))
    after = see(reborn(old, 50), parked, seconds(50, 200), shift_s=NEW_LIFE_S)
    assert states(after) == ["ended"]
    assert (after[0].ended_at_ns or 0) == EPOCH_NS + 30 * 10**9


def test_a_zone_that_was_drawn_anew_begins_anew() -> None:
    parked = [Actor(1, standing(KERB))]
    old = made()
    before = see(old, parked, seconds(0, 31))
    after = see(reborn(old, 35, version=2), parked, seconds(35, 40), shift_s=NEW_LIFE_S)
    assert states(after) == ["pending"]
    assert after[0].zone_version == 2
    assert after[0].incident_id != before[0].incident_id


def test_a_snapshot_is_plain_and_bounded() -> None:
    boxes = [(x * 15.0, y * 12.0, x * 15.0 + 14, y * 12.0 + 11) for x in range(20) for y in range(14)]
    crowd = [Actor(index, standing(box)) for index, box in enumerate(boxes)]
    watch = CameraWatch("cam", [zone(min_size=0)], CLASS_NAMES)
    for t in seconds(0, 6):
        watch.observe(frame(draw(crowd, t), t), detect(crowd, t, jitter=0.1))
    written = watch.snapshot()
    assert written is not None
    assert len(written["tracker"]["tracks"]) <= 128
    assert len(written["judges"][0]["state"]["stays"]) <= 128
    assert len(json.dumps(written)) < 1_000_000
    assert made().snapshot() is None


def broken(key: str, value: object) -> dict[str, Any]:
    watch = made()
    see(watch, [Actor(1, standing(KERB))], seconds(0, 5))
    written = watch.snapshot()
    assert written is not None
    return {**written, key: value}


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        (broken("version", 2), "camera cam: the snapshot's version"),
        (broken("camera_id", "other"), "the snapshot is of camera other"),
        (broken("tracker", {"next_id": 1, "tracks": [{}]}), "snapshot's tracker.tracks.0.track_id"),
        (broken("captured_at_ns", EPOCH_NS - 7200 * 10**9), "the snapshot is 72.. s old"),
        (
            broken(
                "judges", [{"zone_id": "kerb", "zone_version": 1, "kind": "illegal_parking", "state": {"stays": 7}}]
            ),
            "the snapshot of a rule cannot be read",
        ),
        ({}, "camera cam: the snapshot's camera_id"),
    ],
    ids=["version", "camera", "track", "age", "judge", "nothing"],
)
def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing(snapshot: dict[str, Any], message: str) -> None:
    watch = made(dwell_seconds=3)
    with pytest.raises(SnapshotError, match=message):
        watch.restore(snapshot, 10 * 10**9, EPOCH_NS + 10 * 10**9)
    assert watch.incidents == ()
    assert states(see(watch, [Actor(1, standing(KERB))], seconds(11, 20))) == ["pending", "confirmed"]
