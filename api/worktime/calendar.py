"""Working hours: a week, holidays, and working days put elsewhere; hours that only run while the office is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.cameras.addresses import check_timezone

# Further than any deadline: a calendar without working hours must not count for ever.
HORIZON_DAYS = 800


class Span(BaseModel):
    """From and to on one day."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    begins: time
    ends: time

    @field_validator("ends")
    @classmethod
    def _later(cls, ends: time, info: object) -> time:
        begins = getattr(info, "data", {}).get("begins")
        if ends.tzinfo or (begins is not None and begins.tzinfo):
            raise ValueError("is a local time without an offset")
        if begins is not None and ends <= begins:
            raise ValueError("must be later than its beginning")
        return ends


Spans = Annotated[list[Span], Field(max_length=4)]


def _usual_day() -> list[Span]:
    return [Span(begins=time(9), ends=time(12)), Span(begins=time(14), ends=time(18))]


class WorkCalendar(BaseModel):
    """When the office works. `week` maps Monday (0) to Sunday (6); `holidays` are free, `working_days` are worked
    although the week says otherwise (调休)."""

    model_config = ConfigDict(extra="forbid")
    timezone: str = "Asia/Shanghai"
    week: dict[Annotated[int, Field(ge=0, le=6)], Spans] = Field(
        default_factory=lambda: {day: _usual_day() for day in range(5)}
    )
    holidays: Annotated[list[date], Field(max_length=2000)] = []
    working_days: Annotated[list[date], Field(max_length=2000)] = []

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        return check_timezone(value)

    @field_validator("week")
    @classmethod
    def _some_hours(cls, week: dict[int, list[Span]]) -> dict[int, list[Span]]:
        if not any(week.values()):
            raise ValueError("needs at least one working hour")
        return week

    def spans_on(self, day: date) -> list[Span]:
        """The working hours of one day, in order."""
        if day in self.holidays:
            return []
        spans = self.week.get(day.weekday(), [])
        if day in self.working_days and not spans:
            spans = next(each for _, each in sorted(self.week.items()) if each)
        return sorted(spans, key=lambda span: span.begins)

    def is_open(self, at: datetime) -> bool:
        """Whether the office works at this moment."""
        local = at.astimezone(ZoneInfo(self.timezone))
        return any(span.begins <= local.time() < span.ends for span in self.spans_on(local.date()))

    def add(self, at: datetime, hours: float) -> datetime:
        """The moment at which so many working hours have passed since `at`; UTC."""
        left = timedelta(hours=hours)
        for begins, ends in self._open_spans(at):
            if ends - begins >= left:
                return begins + left
            left -= ends - begins
        # Longer than the calendar knows: full days, so that a deadline exists.
        return at + timedelta(days=HORIZON_DAYS)

    def _open_spans(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        zone, at = ZoneInfo(self.timezone), at.astimezone(UTC)
        today = at.astimezone(zone).date()
        for number in range(HORIZON_DAYS):
            day = today + timedelta(days=number)
            for span in self.spans_on(day):
                begins = max(at, datetime.combine(day, span.begins, zone).astimezone(UTC))
                ends = datetime.combine(day, span.ends, zone).astimezone(UTC)
                if begins < ends:
                    yield begins, ends
