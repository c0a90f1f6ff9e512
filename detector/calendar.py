"""Calendars: when a rule is in force, on the local clock of its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_serializer, model_validator

MINUTES_OF_DAY = 24 * 60
NANOSECONDS = 1_000_000_000
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Weekday(StrEnum):
    """Days of the week, Monday first, as ISO 8601 counts them."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WEEKDAYS = tuple(Weekday)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hours(_Model):
    """A span of the day, written `"HH:MM-HH:MM"`; when the end is not after the start it runs over midnight.

    `start` and `end` are minutes of the day on which it starts; `end` is over 1440 when it ends on the next day.
    """

    start: int
    end: int

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            if isinstance(value, dict):
                return value
            raise ValueError(f'hours are written "HH:MM-HH:MM", got {value!r}')
        match = HOURS.fullmatch(value.strip())
        if match is None:
            raise ValueError(f'hours are written "HH:MM-HH:MM", got {value!r}')
        start_h, start_m, end_h, end_m = (int(part) for part in match.groups())
        start, end = start_h * 60 + start_m, end_h * 60 + end_m
        if max(start_m, end_m) > 59 or start >= MINUTES_OF_DAY or end > MINUTES_OF_DAY:
            raise ValueError(f"hours run from 00:00 to 24:00, got {value!r}")
        return {"start": start, "end": end if end > start else end + MINUTES_OF_DAY}

    @model_serializer
    def _write(self) -> str:
        end = self.end if self.end <= MINUTES_OF_DAY else self.end - MINUTES_OF_DAY
        return f"{self.start // 60:02d}:{self.start % 60:02d}-{end // 60:02d}:{end % 60:02d}"

    def holds(self, minute: float) -> bool:
        """Whether that minute, counted from the start of the day on which the span starts, is inside."""
        return self.start <= minute < self.end


WHOLE_DAY = Hours.model_validate("00:00-24:00")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | date | dict) else value


HoursList = Annotated[tuple[Hours, ...], BeforeValidator(_as_list)]


class Window(_Model):
    """Hours that repeat every week: on `weekdays`, at `hours`, and from `start` until `end` where a season is given.

    A span over midnight belongs to the weekday on which it starts.
    """

    weekdays: Annotated[tuple[Weekday, ...], BeforeValidator(_as_list), Field(min_length=1)] = WEEKDAYS
    hours: Annotated[HoursList, Field(min_length=1)] = (WHOLE_DAY,)
    start: date | None = None
    end: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"the season ends ({self.end}) before it starts ({self.start})")
        return self

    def holds(self, day: date, minute: float) -> bool:
        """Whether that minute, counted from midnight of `day`, is inside a span that starts on `day`."""
        in_season = (self.start is None or day >= self.start) and (self.end is None or day <= self.end)
        return in_season and WEEKDAYS[day.weekday()] in self.weekdays and any(span.holds(minute) for span in self.hours)


class DateException(_Model):
    """Days that do not follow the week: public holidays, make-up working days, events.

    On these `dates` the spans of `hours` replace the windows; no hours: not in force at all on that day.
    """

    dates: Annotated[tuple[date, ...], BeforeValidator(_as_list), Field(min_length=1)]
    hours: HoursList = ()
    note: str = ""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}; give an IANA name such as Asia/Shanghai") from error
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""A name of the IANA time zone database."""


class Schedule(_Model):
    """When something is in force. The default is always.

    >>> night = Schedule.model_validate({"timezone": "Asia/Shanghai", "windows": [{"hours": "22:00-06:00"}]})
    >>> night.in_force(1_767_283_200 * 1_000_000_000)  # 2026-01-02 00:00 in Shanghai
    True
    """

    timezone: ZoneName = "Asia/Shanghai"
    windows: Annotated[tuple[Window, ...], Field(min_length=1)] = (Window(),)
    exceptions: tuple[DateException, ...] = ()

    @model_validator(mode="after")
    def _one_exception_a_day(self) -> Self:
        days = [day for exception in self.exceptions for day in exception.dates]
        twice = sorted({str(day) for day in days if days.count(day) > 1})
        if twice:
            raise ValueError(f"more than one exception for {', '.join(twice)}")
        return self

    def in_force(self, utc_ns: int) -> bool:
        """Whether the schedule holds at that moment (UTC, nanoseconds since the epoch)."""
        local = datetime.fromtimestamp(utc_ns // NANOSECONDS, UTC).astimezone(ZoneInfo(self.timezone))
        minute = local.hour * 60 + local.minute + local.second / 60
        today = local.date()
        # Yesterday's spans may run over midnight into today.
        return self._holds(today, minute) or self._holds(today - timedelta(days=1), minute + MINUTES_OF_DAY)

    def next_change(self, utc_ns: int) -> int | None:
        """The next moment (UTC, nanoseconds) from which on `in_force` says something else, None when it never will."""
        now = self.in_force(utc_ns)
        zone = ZoneInfo(self.timezone)
        today = datetime.fromtimestamp(utc_ns // NANOSECONDS, UTC).astimezone(zone).date()
        moments = {moment for day in self._days_of_change(today) for moment in self._edges(day, zone)}
        return next((moment for moment in sorted(moments) if moment > utc_ns and self.in_force(moment) != now), None)

    def _days_of_change(self, today: date) -> set[date]:
        """Days on which something may begin or end: a week from yesterday on, and what the calendar names later."""
        named = [day for exception in self.exceptions for day in exception.dates]
        named += [day for window in self.windows for day in (window.start, window.end) if day is not None]
        later = {day for day in named if day > today}
        weeks = [today - timedelta(days=1)] + [day - timedelta(days=1) for day in later if day > date.min]
        return {day + timedelta(days=step) for day in weeks for step in range(10) if (date.max - day).days > step}

    def _edges(self, day: date, zone: ZoneInfo) -> set[int]:
        """Where a span that starts on that day begins or ends, and midnight (UTC, nanoseconds)."""
        spans = [span for window in self.windows for span in window.hours]
        spans += [span for exception in self.exceptions for span in exception.hours]
        minutes = {0, *(span.start for span in spans), *(span.end for span in spans)}
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # the wall clock's, placed by `replace` below
        edges = set()
        for minute in minutes:
            # A wall clock that is set back shows an hour twice.
            for fold in (0, 1):
                local = (midnight + timedelta(minutes=minute)).replace(tzinfo=zone, fold=fold)
                edges.add(int(local.timestamp()) * NANOSECONDS)
        return edges

    def _holds(self, day: date, minute: float) -> bool:
        for exception in self.exceptions:
            if day in exception.dates:
                return any(span.holds(minute) for span in exception.hours)
        return any(window.holds(day, minute) for window in self.windows)
