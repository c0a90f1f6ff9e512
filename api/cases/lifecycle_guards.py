"""Checks that a step's table names: pure functions of what is known, each giving one line when it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from api.access import Principal
from api.cases.lifecycle_management import CaseState
from api.cases.lifecycle_penalty import PenaltyState
from api.db.models import Case, CaseTransition
from api.reminders.facts import NO_REMINDERS, ReminderFacts
from evidence.camera_file import CameraFile
from evidence.grade import CAMERA_FILE_INCOMPLETE, CAMERA_FILE_NOT_VALID, WARNING_PERIOD

# Administrative Penalty Law (2021) art. 60: the decision within 90 days of filing.
DECISION_DAYS = 90
# Reasons of the machine that the camera's file answers, as it is now.
_FILE_REASONS = frozenset({CAMERA_FILE_INCOMPLETE, CAMERA_FILE_NOT_VALID, WARNING_PERIOD})
_FILED = frozenset(
    {CaseState.FILED, CaseState.DISPATCHED, CaseState.HANDLED, CaseState.VERIFIED, CaseState.CLOSED, CaseState.ANSWERED}
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a step is taken. `day` is the day of the violation in the camera's time zone; `statement` is
    how long the party may speak after the notice; `until` is the deadline that a decision asks for."""

    case: Case
    steps: Sequence[CaseTransition]
    who: Principal
    now: datetime
    day: date
    statement: timedelta
    camera_file: CameraFile = field(default_factory=lambda: CameraFile.model_validate({}))
    until: datetime | None = None
    reminders: ReminderFacts = NO_REMINDERS

    def last(self, action: str) -> CaseTransition | None:
        """The newest step of this name."""
        return next((step for step in reversed(self.steps) if step.action == action), None)


Guard = Callable[[Facts], str | None]


def decide_by(filed_at: datetime) -> datetime:
    """Until when a penalty must be decided."""
    return filed_at + timedelta(days=DECISION_DAYS)


def _other_than(action: str, words: str) -> Guard:
    def check(facts: Facts) -> str | None:
        step = facts.last(action)
        return words if step is not None and step.actor == facts.who.name else None

    return check


def _no_penalty(facts: Facts) -> str | None:
    open_one = facts.case.penalty_state not in {PenaltyState.NONE, PenaltyState.DROPPED, PenaltyState.VOIDED}
    return "A penalty proceeding is under way: void or drop it first." if open_one else None


def _is_filed(facts: Facts) -> str | None:
    return None if facts.case.state in _FILED else "Only a filed case can be punished."


def _evidence_holds(facts: Facts) -> str | None:
    if missing := facts.camera_file.missing():
        return f"The camera's file is incomplete: {', '.join(missing)}."
    if failing := facts.camera_file.not_valid_on(facts.day):
        return f"The camera's file did not hold on {facts.day}: {', '.join(failing)}."
    others = [reason for reason in facts.case.grade_reasons if reason not in _FILE_REASONS]
    return f"The record stays a lead: {', '.join(others)}." if others else None


def _not_a_warning(facts: Facts) -> str | None:
    until = facts.camera_file.warning_only_until
    warns = facts.camera_file.warns_only_on(facts.day)
    return f"Until {until} this camera only warns." if warns else None


def _noticed(facts: Facts) -> str | None:
    begun, notice = facts.last("penalize"), facts.last("notify")
    told = notice is not None and (begun is None or notice.version > begun.version)
    return None if told else "The party was not told: a notice comes before the decision."


def _party_had_time(facts: Facts) -> str | None:
    notice = facts.last("notify")
    if notice is None or facts.now >= notice.at + facts.statement:
        return None
    return f"The party may speak until {(notice.at + facts.statement).date()}: record the statement or wait."


def _in_time(facts: Facts) -> str | None:
    filed_at = facts.case.filed_at
    if filed_at is None or facts.now <= decide_by(filed_at):
        return None
    return f"The {DECISION_DAYS} days since filing ended on {decide_by(filed_at).date()}."


def _later_deadline(facts: Facts) -> str | None:
    earliest = max(facts.now, facts.case.due_at or facts.now)
    return "The new deadline must be later than the present one." if facts.until and facts.until <= earliest else None


def _corrected(facts: Facts) -> str | None:
    return None if facts.reminders.corrected else "No re-check after a reminder found that it was corrected."


def _reminder_first(facts: Facts) -> str | None:
    waits = facts.reminders.first and not facts.reminders.ignored
    return (
        "This kind is punished only when a served reminder was not heeded: issue one and check again."
        if waits
        else None
    )


GUARDS: Mapping[str, Guard] = {
    "other_than_asker": _other_than("ask_opinion", "A second opinion is another person's."),
    "other_than_handler": _other_than("handle", "Who handled a case does not check it."),
    "other_than_screener": _other_than("screen", "The second review is another person's than the first."),
    "no_penalty": _no_penalty,
    "is_filed": _is_filed,
    "evidence_holds": _evidence_holds,
    "not_a_warning": _not_a_warning,
    "noticed": _noticed,
    "party_had_time": _party_had_time,
    "in_time": _in_time,
    "later_deadline": _later_deadline,
    "corrected": _corrected,
    "reminder_first": _reminder_first,
}


def problem_of(guards: Sequence[str], facts: Facts) -> str | None:
    """The first check that does not hold, in words."""
    return next((words for name in guards if (words := GUARDS[name](facts)) is not None), None)
