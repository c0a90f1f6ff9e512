"""How long each state of a case may last: data that the office changes, with the source of every default."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.worktime.calendar import WorkCalendar


class Limit(BaseModel):
    """So many working hours, or calendar days; `near_hours` before the end it escalates."""

    model_config = ConfigDict(extra="forbid")
    amount: Annotated[float, Field(gt=0, le=2000)]
    unit: Literal["working_hours", "days"]
    near_hours: Annotated[float, Field(ge=0, le=240)] = 4
    source: Annotated[str, Field(max_length=200)] = ""


def _hours(amount: float, near: float = 2) -> Limit:
    return Limit(amount=amount, unit="working_hours", near_hours=near, source="our default")


def _days(amount: float, source: str) -> Limit:
    return Limit(amount=amount, unit="days", near_hours=24, source=source)


POLICE = "traffic police rules of 2020, our default"


class Deadlines(BaseModel):
    """States of both tables -> how long they may last; a state that is missing has no deadline. A matter code's own
    handling time goes before `dispatched`."""

    model_config = ConfigDict(extra="forbid")
    management: Annotated[dict[str, Limit], Field(max_length=20)] = Field(
        default_factory=lambda: {
            "candidate": _days(5, POLICE),
            "opinion": _days(5, POLICE),
            "filed": _hours(4),
            "dispatched": _hours(14, 4),
            "handled": _hours(7),
            "verified": _hours(7),
            "closed": _hours(14),
        }
    )
    penalty: Annotated[dict[str, Limit], Field(max_length=20)] = Field(
        default_factory=lambda: {
            "lead": _days(5, POLICE),
            "screened": _days(5, POLICE),
            "reviewed": _days(5, POLICE),
            "noticed": _days(30, POLICE),
            "heard": _days(5, POLICE),
            "decided": _days(7, "Administrative Penalty Law (2021) art. 61"),
        }
    )


def due(limit: Limit | None, calendar: WorkCalendar, begins: datetime) -> datetime | None:
    """When a state that began then has lasted too long."""
    if limit is None:
        return None
    if limit.unit == "days":
        return begins + timedelta(days=limit.amount)
    return calendar.add(begins, limit.amount)
