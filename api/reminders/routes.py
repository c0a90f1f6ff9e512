"""Reminders over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.deps import BigIdPath, BigIdQuery, OfficeDep, PrincipalDep
from api.office_data import service as office_data
from api.reminders import paper, reading, service
from api.reminders.rules import ReminderRules
from api.reminders.schemas import (
    CheckIn,
    CountList,
    ReminderIn,
    ReminderList,
    ReminderState,
    ReminderView,
    RulesBody,
    ServiceIn,
    VoidIn,
)
from api.text import Moment

router = APIRouter(prefix="/reminders", tags=["reminders"])
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]
Key = Annotated[str | None, Query(max_length=140, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("")
def list_reminders(
    office: OfficeDep,
    who: PrincipalDep,
    state: ReminderState | None = None,
    case_id: BigIdQuery = None,
    subject: Key = None,
    place: Key = None,
    *,
    due: bool = False,
    before: BigIdQuery = None,
) -> ReminderList:
    """Reminders, newest first; `due`: served and the deadline is over. `subject` and `place` are keys of the counts."""
    wanted = reading.ReminderFilter(state, case_id, None, subject, place, due=due)
    items = reading.find(office, who, wanted, before)
    return ReminderList(items=items, next=items[-1].id if len(items) == 100 else None)


@router.post("", status_code=201)
def issue_reminder(office: OfficeDep, who: PrincipalDep, told: ReminderIn) -> ReminderView:
    """Issue a reminder for a filed case: it takes the next number of the office and year. 409 when one is open."""
    return reading.get(office, who, service.issue(office, who, told).id)


@router.get("/counts")
def count_reminders(
    office: OfficeDep,
    who: PrincipalDep,
    by: reading.By = reading.By.SUBJECT,
    kind: Word = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> CountList:
    """How often each subject, or each place, was reminded (累计)."""
    return CountList(items=reading.counts(office, who, by, reading.ReminderFilter(kind=kind, since=since, until=until)))


@router.get("/rules")
def get_reminder_rules(office: OfficeDep) -> RulesBody:
    """Hours to correct by kind, which kinds are only punished after a reminder, and the source of both."""
    found = office_data.get(office, ReminderRules)
    return RulesBody(version=found.version, rules=found.value)


@router.put("/rules")
def put_reminder_rules(office: OfficeDep, who: PrincipalDep, told: RulesBody) -> RulesBody:
    """Replace them; reminders that are out already stay. 409 when they were changed meanwhile."""
    found = office_data.put(office, who, told.rules, told.version)
    return RulesBody(version=found.version, rules=found.value)


@router.get("/{reminder_id}")
def get_reminder(office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath) -> ReminderView:
    """One reminder."""
    return reading.get(office, who, reminder_id)


@router.get(
    "/{reminder_id}/paper.pdf",
    response_class=Response,
    responses={
        200: {
            "description": "The page",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def print_reminder(
    office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath, language: Literal["zh", "en"] = "zh"
) -> Response:
    """The reminder as an A4 page in Chinese or English; each print is logged."""
    page = paper.print_out(office, who, reminder_id, language)
    headers = {"Content-Disposition": f'inline; filename="reminder-{reminder_id}-{language}.pdf"'}
    return Response(page, media_type="application/pdf", headers=headers)


@router.put("/{reminder_id}/service")
def serve_reminder(office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath, told: ServiceIn) -> ReminderView:
    """Note that it reached its addressee: the time to correct runs from then, in working hours."""
    return reading.get(office, who, service.serve(office, who, reminder_id, told).id)


@router.put("/{reminder_id}/check")
def check_reminder(office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath, told: CheckIn) -> ReminderView:
    """Note what the re-check found: `corrected` closes the case, `ignored` opens the penalty proceeding."""
    return reading.get(office, who, service.check(office, who, reminder_id, told).id)


@router.put("/{reminder_id}/void")
def void_reminder(office: OfficeDep, who: PrincipalDep, reminder_id: BigIdPath, told: VoidIn) -> ReminderView:
    """Take it out of the count, with a reason; its number stays taken."""
    return reading.get(office, who, service.void(office, who, reminder_id, told).id)
