"""What the life of a case needs to know about its reminders."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.db.models import Case, Reminder
from api.office_data.service import read
from api.reminders.rules import ReminderRules
from api.reminders.schemas import ReminderState


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """`corrected`: a re-check found nothing more; `ignored`: it found the violation still there; `first`: this kind is
    punished only after that."""

    corrected: bool = False
    ignored: bool = False
    first: bool = False


NO_REMINDERS = ReminderFacts()


def reminder_facts(session: Session, case: Case) -> ReminderFacts:
    """How the reminders of a case ended; nobody is reminded before a person has confirmed it."""
    if case.filed_at is None:
        return NO_REMINDERS
    states = set(session.scalars(select(Reminder.state).where(Reminder.case_id == case.id)))
    first = case.kind in read(session, ReminderRules).value.before_penalty
    return ReminderFacts(ReminderState.CORRECTED in states, ReminderState.IGNORED in states, first)
