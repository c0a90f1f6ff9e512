"""The schedule serves the most overdue camera, and each camera to one lane at a time."""

from __future__ import annotations

from dataclasses import dataclass

from streams.clock import SystemClock
from streetwarden.schedule import LookSchedule


@dataclass
class Camera:
    camera_id: str
    due_ns: int | None

    def due_at_ns(self, now_ns: int) -> int | None:
        return self.due_ns


def schedule_of(*cameras: Camera) -> LookSchedule[Camera]:
    schedule: LookSchedule[Camera] = LookSchedule(SystemClock())
    for camera in cameras:
        schedule.add(camera)
    return schedule


def test_the_most_overdue_camera_comes_first() -> None:
    schedule = schedule_of(Camera("late", 20), Camera("latest", 10), Camera("resting", None))

    assert [schedule.take(0.0).camera_id for _ in range(2)] == ["latest", "late"]  # type: ignore[union-attr]


def test_nothing_wanted_is_never_served() -> None:
    assert schedule_of(Camera("resting", None)).take(0.01) is None


def test_a_camera_in_a_lane_is_not_given_to_another() -> None:
    camera = Camera("gate", 10)
    schedule = schedule_of(camera)

    assert schedule.take(0.0) is camera
    assert schedule.take(0.0) is None
    schedule.give_back(camera)
    assert schedule.take(0.0) is camera


def test_a_camera_removed_while_in_a_lane_does_not_come_back() -> None:
    old, new = Camera("gate", 10), Camera("gate", 20)
    schedule = schedule_of(old)
    assert schedule.take(0.0) is old

    schedule.remove("gate")
    schedule.add(new)
    assert schedule.take(0.0) is new
    schedule.give_back(old)

    assert schedule.take(0.0) is None


def test_a_future_due_time_is_waited_for() -> None:
    clock = SystemClock()
    camera = Camera("gate", clock.monotonic_ns() + 20_000_000)

    assert schedule_of(camera).take(5.0) is camera


def test_closing_ends_every_wait() -> None:
    schedule = schedule_of(Camera("gate", None))
    schedule.close()

    assert schedule.take(60.0) is None


def test_lateness_is_measured() -> None:
    schedule = schedule_of(Camera("gate", 0))
    schedule.take(0.0)

    assert schedule.worst_late_s > 0
