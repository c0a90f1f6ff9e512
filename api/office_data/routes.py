"""The office's own data over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import OfficeDep, PrincipalDep
from api.office_data import service
from api.worktime.calendar import WorkCalendar
from api.worktime.deadlines import Deadlines

router = APIRouter(prefix="/office", tags=["office"])
Version = Annotated[int, Field(ge=0, le=2**31 - 2)]


class CalendarBody(BaseModel):
    """The working calendar; `version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    calendar: WorkCalendar


class DeadlinesBody(BaseModel):
    """How long states may last; `version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    deadlines: Deadlines


@router.get("/calendar")
def get_calendar(office: OfficeDep) -> CalendarBody:
    """Working hours, holidays, and working days put elsewhere."""
    found = service.get(office, WorkCalendar)
    return CalendarBody(version=found.version, calendar=found.value)


@router.put("/calendar")
def put_calendar(office: OfficeDep, who: PrincipalDep, told: CalendarBody) -> CalendarBody:
    """Replace the calendar; deadlines that run already stay. 409 when it was changed meanwhile."""
    found = service.put(office, who, told.calendar, told.version)
    return CalendarBody(version=found.version, calendar=found.value)


@router.get("/deadlines")
def get_deadlines(office: OfficeDep) -> DeadlinesBody:
    """How long each state may last, with the source of each number."""
    found = service.get(office, Deadlines)
    return DeadlinesBody(version=found.version, deadlines=found.value)


@router.put("/deadlines")
def put_deadlines(office: OfficeDep, who: PrincipalDep, told: DeadlinesBody) -> DeadlinesBody:
    """Replace them; deadlines that run already stay. 409 when they were changed meanwhile."""
    found = service.put(office, who, told.deadlines, told.version)
    return DeadlinesBody(version=found.version, deadlines=found.value)
