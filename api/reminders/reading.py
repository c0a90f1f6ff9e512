"""Lists of reminders, and how often whom and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.db.models import Case, Reminder
from api.office import Office
from api.reminders.schemas import CountRow, ReminderState, ReminderView
from api.reminders.service import find_one, number_shown
from api.scope import cases_of


class By(StrEnum):
    """What is counted."""

    SUBJECT = "subject"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class ReminderFilter:
    """Which reminders; None means all. `due`: served, and the deadline is over. Times bound the issue."""

    state: str | None = None
    case_id: int | None = None
    kind: str | None = None
    subject_key: str | None = None
    place_key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    due: bool = False


def _selection(wanted: ReminderFilter, who: Principal, now: datetime) -> Select[Reminder, Case]:
    statement = select(Reminder, Case).join(Case, Case.id == Reminder.case_id).where(cases_of(who))
    for name in ("state", "case_id", "kind", "subject_key", "place_key"):
        if (value := getattr(wanted, name)) is not None:
            statement = statement.where(getattr(Reminder, name) == value)
    if wanted.since is not None:
        statement = statement.where(Reminder.issued_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Reminder.issued_at < wanted.until)
    if wanted.due:
        statement = statement.where(Reminder.state == ReminderState.SERVED.value, Reminder.due_at <= now)
    return statement


def find(
    office: Office, who: Principal, wanted: ReminderFilter, before: int | None = None, limit: int = 100
) -> list[ReminderView]:
    """Reminders, newest first."""
    now = office.now()
    statement = _selection(wanted, who, now).order_by(Reminder.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Reminder.id < before)
    with office.database.reading() as session:
        return [view(reminder, case, now) for reminder, case in session.execute(statement)]


def get(office: Office, who: Principal, reminder_id: int) -> ReminderView:
    """One reminder; raise `NotFoundError`."""
    with office.database.reading() as session:
        return view(*find_one(session, who, reminder_id), office.now())


def view(reminder: Reminder, case: Case, now: datetime) -> ReminderView:
    """A reminder as the API and the pages show it."""
    columns = {name: getattr(reminder, name) for name in ReminderView.model_fields if hasattr(reminder, name)}
    served = reminder.state == ReminderState.SERVED
    seen = case.last_seen_at is not None and case.last_seen_at > reminder.due_at
    return ReminderView(
        **columns,
        number_shown=number_shown(reminder),
        overdue=served and reminder.due_at <= now,
        seen_after_due=served and seen,
    )


def counts(office: Office, who: Principal, by: By, wanted: ReminderFilter, limit: int = 100) -> list[CountRow]:
    """How often each subject, or each place, was reminded (累计), most often first; void ones do not count."""
    with office.database.reading() as session:
        return [_count_row(row) for row in _counted(session, who, by, wanted, office.now(), limit)]


def _counted(
    session: Session, who: Principal, by: By, wanted: ReminderFilter, now: datetime, limit: int
) -> Sequence[tuple[str, str, int, int, int, datetime]]:
    key, name = (Reminder.subject_key, Reminder.subject) if by is By.SUBJECT else (Reminder.place_key, Reminder.place)

    def ended(state: ReminderState) -> object:
        return func.count(Reminder.id).filter(Reminder.state == state.value)

    statement = (
        _selection(wanted, who, now)
        .where(Reminder.state != ReminderState.VOID.value)
        .with_only_columns(
            key,
            func.max(name),
            func.count(Reminder.id),
            ended(ReminderState.CORRECTED),  # type: ignore[call-overload]
            ended(ReminderState.IGNORED),
            func.max(Reminder.issued_at),
        )
        .group_by(key)
        .order_by(func.count(Reminder.id).desc(), key)
        .limit(limit)
    )
    return session.execute(statement).all()


def _count_row(row: Sequence[object]) -> CountRow:
    names = ("key", "name", "reminders", "corrected", "ignored", "latest_at")
    return CountRow.model_validate(dict(zip(names, row, strict=True)))
