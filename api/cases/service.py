"""The queue, one case, and deciding it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.cases.lifecycle import STEPS, UNDO, CaseState, Step, find_step, is_undoable
from api.cases.schemas import DecisionIn
from api.db.models import Camera, Case, CaseTransition, IncidentRecord, Package
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from api.office import Office


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list; None means all."""

    state: str | None = None
    kind: str | None = None
    camera_id: str | None = None
    after: int = 0
    newest_first: bool = False
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case with the names and the package that a list shows."""

    case: Case
    camera_name: str
    package: Package | None


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All rows about one case."""

    case: Case
    camera_name: str
    incident: IncidentRecord | None
    packages: Sequence[Package]
    transitions: Sequence[CaseTransition]


def find(office: Office, wanted: CaseFilter) -> list[QueueRow]:
    """Cases by rising (or falling) number."""
    order = Case.id.desc() if wanted.newest_first else Case.id.asc()
    statement = select(Case).order_by(order).limit(wanted.limit)
    if wanted.after:
        statement = statement.where(Case.id < wanted.after if wanted.newest_first else Case.id > wanted.after)
    for column, value in ((Case.state, wanted.state), (Case.kind, wanted.kind), (Case.camera_id, wanted.camera_id)):
        if value is not None:
            statement = statement.where(column == value)
    with office.database.reading() as session:
        cases = list(session.scalars(statement))
        names = _camera_names(session, {case.camera_id for case in cases})
        packages = _first_packages(session, [case.id for case in cases])
    return [QueueRow(case, names.get(case.camera_id, case.camera_id), packages.get(case.id)) for case in cases]


def _camera_names(session: Session, ids: set[str]) -> dict[str, str]:
    return {row.id: row.name for row in session.execute(select(Camera.id, Camera.name).where(Camera.id.in_(ids)))}


def _first_packages(session: Session, case_ids: list[int]) -> dict[int, Package]:
    rows = session.scalars(select(Package).where(Package.case_id.in_(case_ids)).order_by(Package.received_at.desc()))
    return {package.case_id: package for package in rows}


def count_by_state(office: Office) -> dict[str, int]:
    """How many cases are in each state, all states named."""
    with office.database.reading() as session:
        rows = session.execute(select(Case.state, func.count()).group_by(Case.state)).all()
    return {state.value: 0 for state in CaseState} | {row[0]: row[1] for row in rows}


def get(office: Office, case_id: int) -> CaseFile:
    """One case with all that belongs to it; raise `NotFoundError`."""
    with office.database.reading() as session:
        case = session.get(Case, case_id)
        if case is None:
            raise NotFoundError(f"There is no case {case_id}.")
        names = _camera_names(session, {case.camera_id})
        packages = session.scalars(select(Package).where(Package.case_id == case_id).order_by(Package.received_at))
        steps = select(CaseTransition).where(CaseTransition.case_id == case_id).order_by(CaseTransition.version)
        return CaseFile(
            case,
            names.get(case.camera_id, case.camera_id),
            session.get(IncidentRecord, case.incident_id),
            packages.all(),
            session.scalars(steps).all(),
        )


def allowed_actions(office: Office, who: Principal, file: CaseFile) -> list[str]:
    """What this person may do with the case now."""
    actions = [step.action for step in STEPS if step.source == file.case.state and who.has(*step.roles)]
    latest = file.transitions[-1] if file.transitions else None
    return [*actions, UNDO] if _undo_problem(office, who, latest) is None else actions


def decide(office: Office, who: Principal, case_id: int, decision: DecisionIn) -> CaseFile:
    """Take one step.

    Raises `ConflictError` when the case is no longer as the decider saw it, `InvalidError` when a reason or note is
    missing, `NotAllowedError` when the step is not this person's.
    """
    now = office.now()
    with office.database.writing() as session:
        case = session.get(Case, case_id)
        if case is None:
            raise NotFoundError(f"There is no case {case_id}.")
        if case.version != decision.version:
            raise _overtaken(case)
        before = _facts(case)
        target = _target(office, session, who, case, decision)
        _move(session, case, target, decision, who, now)
        _write_down(session, case, before, decision, who, now)
    return get(office, case_id)


def _overtaken(case: Case) -> ConflictError:
    by = f" by {case.decided_by}" if case.decided_by else ""
    return ConflictError(
        f"Case {case.id} was changed meanwhile{by}: it is now {case.state}.", state=case.state, version=case.version
    )


def _target(office: Office, session: Session, who: Principal, case: Case, decision: DecisionIn) -> str:
    if decision.action == UNDO:
        return _undo_target(office, session, who, case)
    step = find_step(decision.action, case.state)
    if step is None:
        raise ConflictError(f"Case {case.id} is {case.state}: it cannot be changed by {decision.action!r}.")
    if not who.has(*step.roles):
        raise NotAllowedError(f"Your role does not allow {decision.action!r}.")
    _check_reason(step, decision)
    return step.target.value


def _check_reason(step: Step, decision: DecisionIn) -> None:
    if step.reasons and decision.reason not in step.reasons:
        raise InvalidError(f"{step.action} needs a reason: one of {', '.join(step.reasons)}.")
    if not step.reasons and decision.reason is not None:
        raise InvalidError(f"{step.action} takes no reason.")
    needs_note = step.needs_note or (decision.reason is not None and step.reasons[decision.reason].needs_note)
    if needs_note and not decision.note:
        raise InvalidError(f"{step.action} needs a note in this case.")


def _undo_target(office: Office, session: Session, who: Principal, case: Case) -> str:
    latest = session.scalars(
        select(CaseTransition).where(CaseTransition.case_id == case.id, CaseTransition.version == case.version)
    ).one_or_none()
    problem = _undo_problem(office, who, latest)
    if problem is not None or latest is None or latest.from_state is None:
        raise ConflictError(problem or "There is nothing to take back.")
    return latest.from_state


def _undo_problem(office: Office, who: Principal, latest: CaseTransition | None) -> str | None:
    """Why this person may not take back the latest step; None when they may."""
    if latest is None or not is_undoable(latest.action, latest.from_state):
        return "There is nothing to take back."
    if latest.actor != who.name:
        return f"Only {latest.actor} may take this back."
    limit = timedelta(minutes=office.settings.undo_minutes)
    if office.now() - latest.at > limit:
        return f"A decision can be taken back for {office.settings.undo_minutes:g} min: ask the second reviewer."
    return None


def _move(session: Session, case: Case, target: str, decision: DecisionIn, who: Principal, now: datetime) -> None:
    """Change the row only if it still is the version that was seen, so that of two deciders one gets a conflict."""
    open_again = target == CaseState.CANDIDATE
    changed = session.execute(
        update(Case)
        .where(Case.id == case.id, Case.version == decision.version)
        .values(
            state=target,
            version=decision.version + 1,
            decided_at=None if open_again else now,
            decided_by=None if open_again else who.name,
            decision_reason=None if open_again else decision.reason,
        )
        .returning(Case.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(case)
    if changed is None:
        raise _overtaken(case)


def _write_down(
    session: Session,
    case: Case,
    before: dict[str, str | int | None],
    decision: DecisionIn,
    who: Principal,
    now: datetime,
) -> None:
    session.add(
        CaseTransition(
            case_id=case.id,
            version=case.version,
            action=decision.action,
            from_state=str(before["state"]),
            to_state=case.state,
            actor=who.name,
            reason=decision.reason,
            note=decision.note or None,
            at=now,
        )
    )
    session.flush()
    reason = ": ".join(each for each in (decision.reason, decision.note) if each) or None
    event = Event(f"case.{decision.action}", f"case:{case.id}", reason=reason, before=before, after=_facts(case))
    record(session, who, now, event)


def _facts(case: Case) -> dict[str, str | int | None]:
    return {"state": case.state, "version": case.version, "reason": case.decision_reason}
