"""Deciding a case: one step of one of its two tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.cameras.files import read_file
from api.cases import service
from api.cases.counts import shift
from api.cases.lifecycle import STEPS, UNDO, CaseState, Flow, Step, find_step, flow_of, is_undoable
from api.cases.lifecycle_guards import Facts, problem_of
from api.cases.locks import refuse_others
from api.cases.schemas import DecisionIn
from api.cases.timers import set_deadline, statement_time
from api.db.models import Camera, Case, CaseTransition
from api.errors import ConflictError, InvalidError, NotAllowedError
from api.office import Office
from api.reminders.facts import reminder_facts

DETAILS = ("unit", "assignee", "until", "document", "duplicate_of")
_NO_NEWS = frozenset({"penalize", "close_corrected"})
_CANDIDATES = frozenset({CaseState.CANDIDATE.value, CaseState.OPINION.value})


@dataclass(frozen=True, slots=True)
class Move:
    """Where a decision leads, in which table."""

    flow: Flow
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person may do with a case now, and what a check stands in the way of."""

    actions: list[str]
    blocked: dict[str, str]


def offers(office: Office, who: Principal, file: service.CaseFile) -> Offer:
    """What this person may do with the case now."""
    now = office.now()
    with office.database.glancing() as session:
        facts = _facts_for(session, who, file, now)
    mine = [step for step in STEPS if step.source == _state(file.case, step.flow) and who.has(*step.roles)]
    problems = {step.action: problem_of(_standing(step), facts) for step in mine}
    actions = [action for action, problem in problems.items() if problem is None]
    latest = file.transitions[-1] if file.transitions else None
    if _undo_problem(office, who, latest, file.case) is None:
        actions.append(UNDO)
    # What nobody asked for is no news: a case that is not filed needs no word about penalties.
    blocked = {name: words for name, words in problems.items() if words is not None and name not in _NO_NEWS}
    return Offer(actions, blocked)


def _standing(step: Step) -> tuple[str, ...]:
    """The checks that do not depend on what the decision says."""
    return tuple(name for name in step.guards if name != "later_deadline")


def decide(office: Office, who: Principal, case_id: int, decision: DecisionIn) -> service.CaseFile:
    """Take one step.

    Raises `ConflictError` when the case is no longer as the decider saw it, in front of somebody else, or a check of
    the table does not hold; `InvalidError` when a reason, a note or a field is missing; `NotAllowedError` when the
    step is not this person's.
    """
    with office.database.writing() as session:
        take_step(office, session, who, case_id, decision)
    return service.get(office, who, case_id)


def take_step(office: Office, session: Session, who: Principal, case_id: int, decision: DecisionIn) -> None:
    """The same in the caller's transaction, which should end soon after: it holds the end of the audit log."""
    now = office.now()
    case = service.visible(session, who, case_id)
    if case.version != decision.version:
        raise _overtaken(case)
    refuse_others(case, who, now)
    before = _facts(case)
    steps = service.transitions(session, case_id)
    move = _move_for(office, session, who, case, steps, decision)
    _apply(session, case, move, decision, who, now)
    _write_down(session, case, move, before, decision, who, now)


def _overtaken(case: Case) -> ConflictError:
    by = f" by {case.decided_by}" if case.decided_by else ""
    return ConflictError(
        f"Case {case.id} was changed meanwhile{by}: it is now {case.state}.", state=case.state, version=case.version
    )


def _state(case: Case, flow: Flow) -> str:
    return case.penalty_state if flow is Flow.PENALTY else case.state


def _move_for(
    office: Office,
    session: Session,
    who: Principal,
    case: Case,
    steps: list[CaseTransition],
    decision: DecisionIn,
) -> Move:
    if decision.action == UNDO:
        return _undo(office, who, case, steps)
    flow = flow_of(decision.action) or Flow.MANAGEMENT
    source = _state(case, flow)
    step = find_step(decision.action, source)
    if step is None:
        raise ConflictError(f"Case {case.id} is {source}: it cannot be changed by {decision.action!r}.")
    if not who.has(*step.roles):
        raise NotAllowedError(f"Your role does not allow {decision.action!r}.")
    _check_reason(step, decision)
    _check_fields(step, decision)
    file = service.CaseFile(case, session.get(Camera, case.camera_id), None, (), steps)
    facts = _facts_for(session, who, file, office.now(), decision.until)
    if (problem := problem_of(step.guards, facts)) is not None:
        raise ConflictError(problem)
    return Move(flow, source, step.target)


def _facts_for(
    session: Session, who: Principal, file: service.CaseFile, now: datetime, until: datetime | None = None
) -> Facts:
    case, camera = file.case, file.camera
    zone = ZoneInfo(camera.timezone if camera else "Asia/Shanghai")
    day = (case.started_at or case.created_at).astimezone(zone).date()
    papers = read_file(camera.file if camera else {})
    reminders = reminder_facts(session, case)
    return Facts(case, file.transitions, who, now, day, statement_time(session), papers, until, reminders)


def _check_reason(step: Step, decision: DecisionIn) -> None:
    if step.reasons and decision.reason not in step.reasons:
        raise InvalidError(f"{step.action} needs a reason: one of {', '.join(step.reasons)}.")
    if not step.reasons and decision.reason is not None:
        raise InvalidError(f"{step.action} takes no reason.")
    needs_note = step.needs_note or (decision.reason is not None and step.reasons[decision.reason].needs_note)
    if needs_note and not decision.note:
        raise InvalidError(f"{step.action} needs a note in this case.")


def _check_fields(step: Step, decision: DecisionIn) -> None:
    for name in step.needs:
        if getattr(decision, name) is None:
            raise InvalidError(f"{step.action} needs {name}.")
    if decision.duplicate_of is not None and decision.reason != "duplicate":
        raise InvalidError("duplicate_of goes with the reason duplicate.")


def _undo(office: Office, who: Principal, case: Case, steps: list[CaseTransition]) -> Move:
    latest = steps[-1] if steps else None
    problem = _undo_problem(office, who, latest, case)
    if problem is not None or latest is None or latest.from_state is None:
        raise ConflictError(problem or "There is nothing to take back.")
    return Move(Flow(latest.flow), latest.to_state, latest.from_state)


def _undo_problem(office: Office, who: Principal, latest: CaseTransition | None, case: Case) -> str | None:
    """Why this person may not take back the latest step; None when they may."""
    if latest is None or latest.version != case.version or not is_undoable(latest.action, latest.from_state):
        return "There is nothing to take back."
    if latest.actor != who.name:
        return f"Only {latest.actor} may take this back."
    limit = timedelta(minutes=office.settings.undo_minutes)
    if office.now() - latest.at > limit:
        return f"A decision can be taken back for {office.settings.undo_minutes:g} min: ask the second reviewer."
    return None


def _apply(session: Session, case: Case, move: Move, decision: DecisionIn, who: Principal, now: datetime) -> None:
    """Change the row only if it still is the version that was seen, so that of two deciders one gets a conflict."""
    values = _changes(case, move, decision, who, now) | {"version": decision.version + 1}
    changed = session.scalars(
        update(Case)
        .where(Case.id == case.id, Case.version == decision.version)
        .values(**values, locked_by=None, locked_until=None)
        .returning(Case)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).first()
    if changed is None:
        session.refresh(case)
        raise _overtaken(case)
    set_deadline(session, case, move.flow, now, decision.until if decision.action == "extend" else None)


def _changes(case: Case, move: Move, decision: DecisionIn, who: Principal, now: datetime) -> dict[str, Any]:
    if move.flow is Flow.PENALTY:
        # A person has reviewed the record of a camera whose file is in order: now it is evidence.
        graded = {"grade": "evidence", "grade_reasons": []} if decision.action == "review" else {}
        return {"penalty_state": move.target, **graded}
    values: dict[str, Any] = {"state": move.target}
    if move.target in _CANDIDATES:
        values |= {"decided_at": None, "decided_by": None, "decision_reason": None, "filed_at": None}
    elif move.source in _CANDIDATES:
        filed_at = now if move.target == CaseState.FILED else None
        values |= {"decided_at": now, "decided_by": who.name, "decision_reason": decision.reason, "filed_at": filed_at}
    if decision.action in {"dispatch", "transfer"}:
        values |= {"unit": decision.unit, "assignee": decision.assignee}
    if decision.action == "void":
        values["decision_reason"] = decision.reason
    values["duplicate_of"] = decision.duplicate_of if move.target == CaseState.REJECTED else None
    values["closed_at"] = now if move.target == CaseState.CLOSED else case.closed_at
    if move.source == CaseState.CLOSED and decision.action == UNDO:
        values["closed_at"] = None
    return values


def _write_down(
    session: Session,
    case: Case,
    move: Move,
    before: dict[str, str | int | None],
    decision: DecisionIn,
    who: Principal,
    now: datetime,
) -> None:
    told = decision.model_dump(mode="json", include=set(DETAILS), exclude_none=True)
    session.add(
        CaseTransition(
            case_id=case.id,
            version=case.version,
            action=decision.action,
            from_state=move.source,
            to_state=move.target,
            actor=who.name,
            reason=decision.reason,
            note=decision.note or None,
            at=now,
            flow=move.flow.value,
            details=told,
        )
    )
    session.flush()
    reason = ": ".join(each for each in (decision.reason, decision.note) if each) or None
    after = _facts(case) | told
    record(session, who, now, Event(f"case.{decision.action}", f"case:{case.id}", reason, before, after))
    if move.flow is Flow.MANAGEMENT:
        shift(session, case.camera_id, str(before["state"]), case.state)


def _facts(case: Case) -> dict[str, str | int | None]:
    found: dict[str, str | int | None] = {
        "state": case.state,
        "version": case.version,
        "reason": case.decision_reason,
    }
    return found if case.penalty_state == "none" else found | {"penalty_state": case.penalty_state}
