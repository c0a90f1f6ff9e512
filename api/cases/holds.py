"""Holding a case's evidence back from deletion, and what retention asks about a package."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from api.access import Principal
from api.audit.service import Event, record
from api.cases.lifecycle import CaseState
from api.cases.service import visible
from api.db.models import Case, Package
from api.office import Office
from evidence.retention import RetentionClass, RetentionState

_UNDECIDED = frozenset({CaseState.CANDIDATE, CaseState.OPINION})


def hold(office: Office, who: Principal, case_id: int, reason: str | None) -> None:
    """Hold a case's packages back, or (None) let them go again; raise `NotFoundError`."""
    with office.database.writing() as session:
        case = visible(session, who, case_id)
        before, case.held_reason = case.held_reason, reason
        session.flush()
        action = "case.held" if reason else "case.hold_released"
        event = Event(action, f"case:{case_id}", reason=reason, before={"reason": before}, after={"reason": reason})
        record(session, who, office.now(), event)


def retention_states(office: Office) -> Callable[[str], RetentionState]:
    """What `evidence.retention` asks of each package: nobody's yet, rejected, or part of a case; and whether held."""

    def state(package_id: str) -> RetentionState:
        wanted = select(Case).join(Package, Package.case_id == Case.id)
        with office.database.reading() as session:
            case = session.scalars(wanted.where(Package.package_id == package_id)).one_or_none()
        # What is not in the books is nobody's evidence, and nobody may say that it may go: held.
        return RetentionState("raw", held=True) if case is None else state_of(case)

    return state


def state_of(case: Case) -> RetentionState:
    """What becomes of the packages of a case."""
    return RetentionState(_class(case.state), case.held_reason is not None)


def _class(state: str) -> RetentionClass:
    if state in _UNDECIDED:
        return "raw"
    return "rejected" if state == CaseState.REJECTED else "evidence"
