"""Alarms over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.alarms import service
from api.alarms.schemas import AcknowledgementIn, AlarmCounts, AlarmList, AlarmView
from api.deps import BigIdPath, BigIdQuery, OfficeDep, PrincipalDep

router = APIRouter(prefix="/alarms", tags=["alarms"])


@router.get("")
def list_alarms(
    office: OfficeDep,
    who: PrincipalDep,
    still_open: Annotated[bool | None, Query(alias="open")] = None,
    before: BigIdQuery = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AlarmList:
    """Alarms, the newest first; `open` true or false leaves out the others."""
    rows = service.find(office, who, still_open=still_open, before=before, limit=limit)
    return AlarmList(items=[AlarmView.model_validate(row) for row in rows])


@router.get("/counts")
def count_alarms(office: OfficeDep, who: PrincipalDep) -> AlarmCounts:
    """How many are open, and how many of them nobody has acknowledged."""
    return service.count(office, who)


@router.post("/{alarm_id}/acknowledgement")
def acknowledge_alarm(office: OfficeDep, who: PrincipalDep, alarm_id: BigIdPath, told: AcknowledgementIn) -> AlarmView:
    """Say that somebody looks after it, and what is being done; it closes by itself when it is over."""
    return AlarmView.model_validate(service.acknowledge(office, who, alarm_id, told.note))
