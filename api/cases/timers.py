"""Deadlines of cases: set with each step, told when they near and when they are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import SYSTEM
from api.audit.service import Event, record
from api.cases.lifecycle import CaseState, Flow, PenaltyState
from api.cases.lifecycle_guards import decide_by
from api.codes.service import handling_hours
from api.db.models import Case
from api.office import Office
from api.office_data.service import read
from api.worktime.calendar import WorkCalendar
from api.worktime.deadlines import Deadlines, Limit, due

NEAR, OVERDUE, NONE = "near", "overdue", "none"
# A proceeding in one of these still needs its decision.
_UNDECIDED = frozenset({"lead", "screened", "reviewed", "noticed", "heard", "rechecked"})
# They are written down together, and nobody else writes to the audit log meanwhile: a quarter of a second at most.
BATCH = 50


def set_deadline(session: Session, case: Case, flow: Flow, now: datetime, until: datetime | None = None) -> None:
    """Let the deadline of the state begin that a case has just reached; `until` overrules it."""
    calendar, deadlines = read(session, WorkCalendar).value, read(session, Deadlines).value
    if flow is Flow.PENALTY:
        found = due(deadlines.penalty.get(case.penalty_state), calendar, now)
        limit = decide_by(case.filed_at) if case.filed_at and case.penalty_state in _UNDECIDED else None
        case.penalty_due_at = _earlier(found, limit)
    else:
        begins = (case.started_at or case.created_at) if case.state == CaseState.CANDIDATE else now
        case.due_at = until or due(_limit(session, deadlines, case, now.date()), calendar, begins)
    case.next_due_at = _earlier(case.due_at, case.penalty_due_at)
    case.escalation, case.alarm_at = NONE, _alarm(deadlines, case)


def _limit(session: Session, deadlines: Deadlines, case: Case, day: date) -> Limit | None:
    limit = deadlines.management.get(case.state)
    if case.state != CaseState.DISPATCHED:
        return limit
    hours = handling_hours(session, case.code, day)
    return Limit(amount=hours, unit="working_hours", near_hours=min(4, hours / 2)) if hours else limit


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _alarm(deadlines: Deadlines, case: Case) -> datetime | None:
    """When to tell that the earlier deadline nears."""
    if case.next_due_at is None:
        return None
    of_penalty = case.next_due_at == case.penalty_due_at
    limits, state = (deadlines.penalty, case.penalty_state) if of_penalty else (deadlines.management, case.state)
    limit = limits.get(state)
    return case.next_due_at - timedelta(hours=limit.near_hours if limit else 24)


def statement_time(session: Session) -> timedelta:
    """How long a party may speak after the notice."""
    limit = read(session, Deadlines).value.penalty.get(PenaltyState.NOTICED)
    return timedelta(days=limit.amount) if limit and limit.unit == "days" else timedelta(days=30)


def escalate(office: Office) -> int:
    """Tell each deadline once when it nears and once when it is over; gives how many were told."""
    now = office.now()
    with office.database.writing() as session:
        cases = session.scalars(
            select(Case).where(Case.alarm_at <= now).order_by(Case.alarm_at).limit(BATCH).with_for_update()
        ).all()
        told = [_tell(case, now) for case in cases]
        session.flush()
        _write_down(session, told, now)
    return len(told)


def _tell(case: Case, now: datetime) -> Case:
    over = case.next_due_at is not None and case.next_due_at <= now
    case.escalation = OVERDUE if over else NEAR
    case.alarm_at = None if over else case.next_due_at
    return case


def _write_down(session: Session, cases: Sequence[Case], now: datetime) -> None:
    for case in cases:
        after = {"due_at": case.next_due_at.isoformat() if case.next_due_at else None, "unit": case.unit}
        event = Event(f"case.deadline_{case.escalation}", f"case:{case.id}", after={**after, "state": case.state})
        record(session, SYSTEM, now, event)
