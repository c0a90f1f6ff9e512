"""Schedules are read on the local clock of their place."""

from __future__ import annotations

from datetime import datetime
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
