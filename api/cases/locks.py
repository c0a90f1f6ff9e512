"""A case in front of one reviewer: a lease that a heartbeat keeps and that ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, or_, select, update
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.lifecycle import CaseState
from api.db.models import Case
from api.errors import ConflictError, NotFoundError
from api.office import Office
from api.scope import cases_of


def holder(case: Case, now: datetime) -> str | None:
    """Who has this case in front of them."""
    return case.locked_by if case.locked_until is not None and case.locked_until > now else None


def refuse_others(case: Case, who: Principal, now: datetime) -> None:
    """Raise `ConflictError` when somebody else has the case in front of them."""
    other = holder(case, now)
    if other is not None and other != who.name:
        raise ConflictError(f"Case {case.id} is in front of {other}.", locked_by=other)


def _free_for(who: Principal, now: datetime) -> ColumnElement[bool]:
    return or_(Case.locked_until.is_(None), Case.locked_until <= now, Case.locked_by == who.name)


def next_case(office: Office, who: Principal, state: CaseState, kind: str | None, after: int) -> int | None:
    """Lock the oldest case that nobody else has in front of them; None when there is none."""
    now = office.now()
    wanted = select(Case.id).where(Case.state == state.value, _free_for(who, now), Case.id > after, cases_of(who))
    if kind is not None:
        wanted = wanted.where(Case.kind == kind)
    # Two who ask at once get two cases: the second passes over what the first is just taking.
    first = wanted.order_by(Case.id).limit(1).with_for_update(skip_locked=True).correlate(None).scalar_subquery()
    with office.database.writing_once() as session:
        return session.scalar(_held(office, who, now).where(Case.id == first).returning(Case.id))


def take(office: Office, who: Principal, case_id: int) -> datetime:
    """Lock one case, or keep it locked; raise `ConflictError` when somebody else has it. Gives the end of the lease."""
    now = office.now()
    with office.database.writing() as session:
        case = session.scalars(select(Case).where(Case.id == case_id, cases_of(who)).with_for_update()).one_or_none()
        if case is None:
            raise NotFoundError(f"There is no case {case_id}.")
        refuse_others(case, who, now)
        return _hold(session, office, who, case_id, now)


def _hold(session: Session, office: Office, who: Principal, case_id: int, now: datetime) -> datetime:
    session.execute(_held(office, who, now).where(Case.id == case_id))
    return _lease_end(office, now)


def _held(office: Office, who: Principal, now: datetime) -> Update:
    held = update(Case).values(locked_by=who.name, locked_until=_lease_end(office, now))
    return held.execution_options(synchronize_session=False)


def _lease_end(office: Office, now: datetime) -> datetime:
    return now + timedelta(seconds=office.settings.lock_seconds)


def release(office: Office, who: Principal, case_id: int | None = None) -> int:
    """Give one case back, or all that this one holds; gives how many."""
    wanted = update(Case).where(Case.locked_by == who.name)
    if case_id is not None:
        wanted = wanted.where(Case.id == case_id)
    freed = wanted.values(locked_by=None, locked_until=None).returning(Case.id)
    with office.database.writing_once() as session:
        return len(session.execute(freed.execution_options(synchronize_session=False)).all())
