"""Schedules are read on the local clock of their place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from detector.calendar import Schedule


def holds(schedule: dict[str, Any], local: str, timezone: str = "Asia/Shanghai") -> bool:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(timezone))
    return Schedule.model_validate({"timezone": timezone, **schedule}).in_force(round(moment.timestamp()) * 10**9)


def test_without_anything_it_is_always_in_force() -> None:
    assert Schedule().in_force(0)
    assert Schedule().in_force(1_800_000_000 * 10**9)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-02T06:59:59", False),
        ("2026-03-02T07:00:00", True),
        ("2026-03-02T08:59:59", True),
        ("2026-03-02T09:00:00", False),
        ("2026-03-02T17:30:00", True),
        ("2026-03-07T08:00:00", False),
    ],
)
def test_working_day_hours(local: str, expected: bool) -> None:
    windows = [{"weekdays": ["mon", "tue", "wed", "thu", "fri"], "hours": ["07:00-09:00", "17:00-19:00"]}]
    assert holds({"windows": windows}, local) is expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-06T21:59:00", False),
        ("2026-03-06T22:00:00", True),
        ("2026-03-07T05:59:00", True),
        ("2026-03-07T06:00:00", False),
        ("2026-03-07T23:00:00", False),
    ],
)
def test_hours_over_midnight_belong_to_the_day_they_start_on(local: str, expected: bool) -> None:
    assert holds({"windows": [{"weekdays": "fri", "hours": "22:00-06:00"}]}, local) is expected


def test_an_exception_replaces_the_day() -> None:
    schedule = {
        "windows": [{"hours": "07:00-19:00"}],
        "exceptions": [
            {"dates": ["2026-10-01", "2026-10-02"], "note": "National Day"},
            {"dates": "2026-10-10", "hours": "10:00-12:00"},
        ],
    }
    assert not holds(schedule, "2026-10-01T08:00:00")
    assert not holds(schedule, "2026-10-10T08:00:00")
    assert holds(schedule, "2026-10-10T11:00:00")
    assert holds(schedule, "2026-10-03T08:00:00")


def test_a_night_that_began_before_a_holiday_runs_to_its_end() -> None:
    schedule = {"windows": [{"hours": "22:00-06:00"}], "exceptions": [{"dates": "2026-10-01"}]}
    assert holds(schedule, "2026-10-01T05:00:00")
    assert not holds(schedule, "2026-10-01T23:00:00")
    assert not holds(schedule, "2026-10-02T05:00:00")


def test_a_season() -> None:
    schedule = {"windows": [{"hours": "00:00-24:00", "start": "2026-06-01", "end": "2026-08-31"}]}
    assert holds(schedule, "2026-08-31T23:59:59")
    assert not holds(schedule, "2026-09-01T00:00:00")


def test_the_local_clock_decides_also_when_it_is_put_forward() -> None:
    schedule = {"windows": [{"hours": "03:00-04:00"}]}
    assert holds(schedule, "2026-03-29T03:30:00", "Europe/Berlin")
    assert not holds(schedule, "2026-03-29T04:30:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "location"),
    [
        ({"timezone": "Asia/Atlantis"}, ("timezone",)),
        ({"windows": []}, ("windows",)),
        ({"windows": [{"weekdays": ["monday"]}]}, ("windows", 0, "weekdays", 0)),
        ({"windows": [{"hours": "7-9"}]}, ("windows", 0, "hours", 0)),
        ({"windows": [{"hours": "07:00-24:01"}]}, ("windows", 0, "hours", 0)),
        ({"windows": [{"hours": 7}]}, ("windows", 0, "hours")),
        ({"windows": [{"start": "2026-02-02", "end": "2026-01-01"}]}, ("windows", 0)),
        ({"exceptions": [{"dates": ["2026-01-01", "2026-01-01"]}]}, ()),
        ({"holidays": []}, ("holidays",)),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(schedule: dict[str, Any], location: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Schedule.model_validate(schedule)
    assert caught.value.errors()[0]["loc"] == location


def test_a_schedule_survives_json() -> None:
    schedule = Schedule.model_validate(
        {"windows": [{"weekdays": "fri", "hours": "22:00-06:00"}], "exceptions": [{"dates": "2026-10-01"}]}
    )
    assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"timezone": "UTC", "windows": [{"hours": ["22:00-06:00", "11:30-13:00"]}]},
        {"timezone": "Europe/Berlin", "windows": [{"hours": "01:30-02:30"}]},
        {"timezone": "UTC", "windows": [{"weekdays": ["sat", "sun"]}]},
        {
            "timezone": "Asia/Shanghai",
            "windows": [{"weekdays": "mon", "hours": "09:00-17:00"}],
            "exceptions": [{"dates": ["2026-10-26"]}, {"dates": ["2026-10-28"], "hours": "10:00-11:00"}],
        },
        {"timezone": "UTC", "windows": [{"start": "2026-10-24", "end": "2026-11-01", "hours": "00:00-24:00"}]},
    ],
)
@pytest.mark.parametrize("start", ["2026-10-22T07:13", "2026-10-25T00:00", "2026-12-30T23:59"])
def test_the_next_change_is_the_first_moment_at_which_anything_changes(schedule: dict[str, object], start: str) -> None:
    made = Schedule.model_validate(schedule)
    begin_s = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    now = made.in_force(begin_s * 10**9)
    # Every edge of these calendars is at a full or half hour.
    halves = range(begin_s // 1800 + 1, begin_s // 1800 + 8 * 48)
    expected = next((half * 1800 for half in halves if made.in_force(half * 1800 * 10**9) != now), None)
    found = made.next_change(begin_s * 10**9)
    found_s = None if found is None or found >= halves.stop * 1800 * 10**9 else found // 10**9
    assert found_s == expected


def test_a_season_or_a_date_far_ahead_is_the_next_change() -> None:
    season = Schedule.model_validate(
        {"timezone": "UTC", "windows": [{"start": "2027-06-01", "end": "2027-08-31", "weekdays": "mon"}]}
    )
    now_ns = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9
    assert season.next_change(now_ns) == int(datetime(2027, 6, 7, tzinfo=UTC).timestamp()) * 10**9
    over = int(datetime(2027, 9, 1, tzinfo=UTC).timestamp()) * 10**9
    assert season.next_change(over) is None
