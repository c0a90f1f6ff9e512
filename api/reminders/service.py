"""Issuing, serving and re-checking reminders."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import SYSTEM, Principal
from api.audit.service import Event, record
from api.cases import service as cases
from api.cases.deciding import take_step
from api.cases.lifecycle import CaseState, PenaltyState
from api.cases.schemas import Action, DecisionIn
from api.db.models import Camera, Case, Reminder
from api.db.upsert import lock_row
from api.errors import ConflictError, NotFoundError
from api.numbers import take_number
from api.office import Office
from api.office_data.service import read
from api.reminders.rules import ReminderRules
from api.reminders.schemas import OPEN, CheckIn, ReminderIn, ReminderState, ServiceIn, VoidIn
from api.scope import cases_of
from api.worktime.calendar import WorkCalendar

BATCH = 200
# A person has confirmed the violation, and the office still works on it.
REMINDABLE = frozenset({CaseState.FILED, CaseState.DISPATCHED, CaseState.HANDLED, CaseState.VERIFIED})


def number_shown(reminder: Reminder) -> str:
    """The number as official papers write it: 城管提〔2026〕第7号."""
    return f"{reminder.mark}〔{reminder.year}〕第{reminder.number}号"


def subject_key(name: str, ref: str | None) -> str:
    """What one subject is counted under: the licence's number, or the name without spaces and capitals."""
    return "".join((ref or name).split()).casefold()[:120]


def place_key(case: Case) -> str:
    """What one place is counted under: the spot that several cameras share, or camera and zone."""
    return case.spot or f"{case.camera_id}/{case.zone_id}"


def issue(office: Office, who: Principal, told: ReminderIn) -> Reminder:
    """Write a reminder for a filed case; it takes the next number of this office and year.

    Raises `NotFoundError` for an unknown case, `ConflictError` when the case is not filed or is reminded already.
    """
    now = office.now()
    with office.database.writing() as session:
        case = cases.visible(session, who, told.case_id)
        _lock_case(session, case)
        _refuse_second(session, case)
        reminder = _draft(office, session, who, case, told, now)
        session.add(reminder)
        session.flush()
        _note(session, who, reminder, now, "issued")
    return reminder


def _lock_case(session: Session, case: Case) -> None:
    """Two who remind at once take turns, so that the second sees the first's."""
    session.refresh(case, with_for_update=True)


def _refuse_second(session: Session, case: Case) -> None:
    if case.state not in REMINDABLE:
        raise ConflictError(f"Case {case.id} is {case.state}: only a case that is filed and open can be reminded of.")
    wanted = select(Reminder).where(Reminder.case_id == case.id, Reminder.state.in_(OPEN))
    if (standing := session.scalars(wanted).first()) is not None:
        raise ConflictError(f"{number_shown(standing)} for this case is still open: check or void it first.")


def _draft(office: Office, session: Session, who: Principal, case: Case, told: ReminderIn, now: datetime) -> Reminder:
    rules, calendar = read(session, ReminderRules).value, read(session, WorkCalendar).value
    hours = told.hours or rules.hours_for(case.kind)
    issuer = who.unit or office.settings.office_name
    year = now.astimezone(ZoneInfo(calendar.timezone)).year
    return Reminder(
        issuer=issuer,
        year=year,
        number=take_number(session, f"reminder:{issuer}", year),
        mark=rules.mark,
        case_id=case.id,
        kind=case.kind,
        district=case.district,
        place=told.place or _place_of(session, case),
        place_key=place_key(case),
        subject=told.subject,
        subject_ref=told.subject_ref,
        subject_key=subject_key(told.subject, told.subject_ref),
        demand=told.demand,
        hours=hours,
        state=ReminderState.ISSUED.value,
        version=1,
        issued_by=who.name,
        issued_at=now,
        due_at=calendar.add(now, hours),
    )


def _place_of(session: Session, case: Case) -> str:
    camera = session.get(Camera, case.camera_id)
    return f"{camera.name if camera else case.camera_id} · {case.spot or case.zone_id}"


def _note(session: Session, who: Principal, reminder: Reminder, now: datetime, what: str) -> None:
    after = {
        "case_id": reminder.case_id,
        "number": number_shown(reminder),
        "state": reminder.state,
        "kind": reminder.kind,
        "district": reminder.district,
        "due_at": reminder.due_at.isoformat(),
    }
    record(session, who, now, Event(f"reminder.{what}", f"reminder:{reminder.id}", reminder.note, after=after))


def find_one(session: Session, who: Principal, reminder_id: int) -> tuple[Reminder, Case]:
    """A reminder and its case, within this one's limits; raise `NotFoundError`."""
    wanted = select(Reminder, Case).join(Case, Case.id == Reminder.case_id)
    found = session.execute(wanted.where(Reminder.id == reminder_id, cases_of(who))).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no reminder {reminder_id}.")
    return found[0], found[1]


def _to_change(session: Session, who: Principal, reminder_id: int, version: int) -> tuple[Reminder, Case]:
    _reminder, case = find_one(session, who, reminder_id)
    reminder = lock_row(session, Reminder, reminder_id)
    assert reminder is not None  # noqa: S101 - reminders are never deleted
    if reminder.version != version:
        raise ConflictError(f"{number_shown(reminder)} was changed meanwhile: it is now {reminder.state}.")
    return reminder, case


def serve(office: Office, who: Principal, reminder_id: int, told: ServiceIn) -> Reminder:
    """Note that a reminder reached its addressee: from then on its time runs."""
    now = office.now()
    with office.database.writing() as session:
        reminder, _case = _to_change(session, who, reminder_id, told.version)
        at = told.at or now
        if reminder.state != ReminderState.ISSUED:
            raise ConflictError(f"{number_shown(reminder)} is {reminder.state}: it cannot be served.")
        if not reminder.issued_at <= at <= now:
            raise ConflictError("A reminder is served after it was issued, and not in the future.")
        reminder.state, reminder.version = ReminderState.SERVED.value, reminder.version + 1
        reminder.served_by, reminder.served_at = who.name, at
        reminder.served_how, reminder.served_to = told.how.value, told.to
        reminder.due_at = read(session, WorkCalendar).value.add(at, reminder.hours)
        session.flush()
        _note(session, who, reminder, now, "served")
    return reminder


def check(office: Office, who: Principal, reminder_id: int, told: CheckIn) -> Reminder:
    """Note what the re-check found: nothing more closes the case, still there opens the penalty proceeding.

    Raises `ConflictError` before the reminder was served, for `ignored` before its deadline is over, and when the case
    is with somebody else.
    """
    now = office.now()
    with office.database.writing() as session:
        reminder, case = _to_change(session, who, reminder_id, told.version)
        _refuse_early(reminder, told.result, now)
        reminder.state, reminder.version = ReminderState(told.result).value, reminder.version + 1
        reminder.checked_by, reminder.checked_at, reminder.note = who.name, now, told.note
        session.flush()
        _move_case(office, session, who, reminder, case)
        _note(session, who, reminder, now, told.result)
    return reminder


def _refuse_early(reminder: Reminder, result: str, now: datetime) -> None:
    if reminder.state != ReminderState.SERVED:
        raise ConflictError(f"{number_shown(reminder)} is {reminder.state}: only a served reminder is checked.")
    if result == ReminderState.IGNORED and now < reminder.due_at:
        raise ConflictError(f"There is time to correct until {reminder.due_at.isoformat(timespec='minutes')}.")


def _move_case(office: Office, session: Session, who: Principal, reminder: Reminder, case: Case) -> None:
    corrected = reminder.state == ReminderState.CORRECTED
    if case.state not in REMINDABLE or (not corrected and case.penalty_state != PenaltyState.NONE):
        return
    action = Action("close_corrected" if corrected else "penalize")
    words = DecisionIn(action=action, version=case.version, document=number_shown(reminder), note=reminder.note)
    take_step(office, session, who, case.id, words)


def void(office: Office, who: Principal, reminder_id: int, told: VoidIn) -> Reminder:
    """Take a reminder out of the count; its number stays taken."""
    now = office.now()
    with office.database.writing() as session:
        reminder, _case = _to_change(session, who, reminder_id, told.version)
        if reminder.state not in OPEN:
            raise ConflictError(f"{number_shown(reminder)} is {reminder.state}: it cannot be void any more.")
        reminder.state, reminder.version, reminder.note = ReminderState.VOID.value, reminder.version + 1, told.reason
        session.flush()
        _note(session, who, reminder, now, "void")
    return reminder


def tell_due(office: Office) -> int:
    """Tell once of each served reminder that its deadline is over; gives how many."""
    now = office.now()
    with office.database.reading() as session:
        over = Reminder.state == ReminderState.SERVED.value, Reminder.due_at <= now, Reminder.told_at.is_(None)
        ids = session.scalars(select(Reminder.id).where(*over).limit(BATCH)).all()
    for reminder_id in ids:
        with office.database.writing() as session:
            reminder = lock_row(session, Reminder, reminder_id)
            if reminder is not None and reminder.state == ReminderState.SERVED and reminder.told_at is None:
                reminder.told_at = now
                session.flush()
                _note(session, SYSTEM, reminder, now, "due")
    return len(ids)
