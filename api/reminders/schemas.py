"""Reminders as JSON."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.reminders.rules import ReminderRules
from api.text import Line, Moment, Note

Version = Annotated[int, Field(ge=1, le=2**31 - 2)]
Address = Annotated[Line, Field(max_length=200)]


class ReminderState(StrEnum):
    """Where a reminder stands."""

    ISSUED = "issued"  # 已开具: it has its number
    SERVED = "served"  # 已送达: the time to correct runs
    CORRECTED = "corrected"  # 已改正: the re-check found nothing, the case is closed
    IGNORED = "ignored"  # 逾期未改: the re-check found it still there, the case goes on to punishment
    VOID = "void"  # 作废: the number stays taken


OPEN = (ReminderState.ISSUED, ReminderState.SERVED)


class Service(StrEnum):
    """How a paper reaches its addressee."""

    DIRECT = "direct"  # 直接送达
    LEFT = "left"  # 留置送达
    POSTED = "posted"  # 张贴
    ELECTRONIC = "electronic"  # 电子送达


class ReminderIn(BaseModel):
    """A reminder to issue: `subject` is who shall correct (a stall, a shop, a person), `subject_ref` the number of a
    licence by which the same one is known again; `hours` are working hours, the rules' for this kind when left out."""

    model_config = ConfigDict(extra="forbid")
    case_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    subject: Line
    subject_ref: Annotated[Line | None, Field(max_length=64)] = None
    place: Address | None = None
    demand: Annotated[Note, Field(min_length=1)]
    hours: Annotated[float | None, Field(gt=0, le=400)] = None


class ServiceIn(BaseModel):
    """That a reminder reached its addressee; `at` is now when left out."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    how: Service
    to: Line | None = None
    at: Moment | None = None


class CheckIn(BaseModel):
    """What the re-check found. `corrected` closes the case, `ignored` opens the penalty proceeding."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    result: Literal["corrected", "ignored"]
    note: Annotated[Note, Field(min_length=1)]


class VoidIn(BaseModel):
    """Why a reminder does not count."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    reason: Annotated[Note, Field(min_length=1)]


class ReminderView(BaseModel):
    """A reminder. `number_shown` is what its paper says; `seen_after_due`: the camera saw it again after the deadline,
    which a person has to judge."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    number_shown: str
    issuer: str
    year: int
    number: int
    case_id: int
    kind: str
    district: str
    place: str
    subject: str
    subject_ref: str | None
    demand: str
    hours: float
    state: str
    version: int
    issued_by: str
    issued_at: datetime
    due_at: datetime
    served_by: str | None
    served_at: datetime | None
    served_how: str | None
    served_to: str | None
    checked_by: str | None
    checked_at: datetime | None
    note: str | None
    overdue: bool
    seen_after_due: bool


class ReminderList(BaseModel):
    """A page of reminders, newest first; `next` is the `before` of the following page."""

    items: list[ReminderView]
    next: int | None


class CountRow(BaseModel):
    """How often one subject, or one place, was reminded; void reminders do not count."""

    key: str
    name: str
    reminders: int
    corrected: int
    ignored: int
    latest_at: datetime


class CountList(BaseModel):
    """Most reminded first."""

    items: list[CountRow]


class RulesBody(BaseModel):
    """The office's rules; `version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=0, le=2**31 - 2)]
    rules: ReminderRules
