"""Cases over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.cases import counts, deciding, holds, locks, service
from api.cases.lifecycle import REJECT_REASONS, STEPS, CaseState, PenaltyState
from api.cases.schemas import (
    CaseCounts,
    CaseDetail,
    CaseList,
    DecisionIn,
    HoldIn,
    Lease,
    Lifecycle,
    NextCase,
    RejectReason,
    RejectReasons,
    RelatedCases,
    StepView,
)
from api.cases.views import detail, summary
from api.deps import LARGEST_ID, BigIdPath, OfficeDep, PrincipalDep

router = APIRouter(prefix="/cases", tags=["cases"])
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]
After = Annotated[int, Query(ge=0, le=LARGEST_ID)]


@router.get("")
def list_cases(  # noqa: PLR0913 - one argument a filter
    office: OfficeDep,
    who: PrincipalDep,
    state: CaseState | None = None,
    kind: Word = None,
    camera_id: Word = None,
    after: After = 0,
    *,
    newest_first: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    penalty_state: PenaltyState | None = None,
    district: Word = None,
    unit: Annotated[str | None, Query(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")] = None,
    escalation: Annotated[str | None, Query(pattern="^(none|near|overdue)$")] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> CaseList:
    """Cases by rising number, oldest first; `newest_first` turns that round. Times bound the violation's beginning."""
    wanted = service.CaseFilter(
        state, kind, camera_id, after, newest_first, limit, penalty_state, district, unit, escalation, since, until
    )
    items = [summary(row) for row in service.find(office, wanted, who)]
    return CaseList(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/counts")
def case_counts(office: OfficeDep, who: PrincipalDep) -> CaseCounts:
    """How many cases are in each state."""
    return CaseCounts(counts=counts.by_state(office, who))


@router.get("/next")
def next_case(
    office: OfficeDep,
    who: PrincipalDep,
    state: CaseState = CaseState.CANDIDATE,
    kind: Word = None,
    after: After = 0,
) -> NextCase:
    """The oldest case that nobody else has in front of them, locked for the one who asks.

    Ask again with `after` to hold the following one ready; `PUT /cases/{id}/lock` keeps a lock.
    """
    case_id = locks.next_case(office, who, state, kind, after)
    found = detail(office, who, service.get(office, who, case_id)) if case_id is not None else None
    return NextCase(case=found, waiting=counts.by_state(office, who)[state])


@router.get("/lifecycle")
def get_lifecycle() -> Lifecycle:
    """Both tables of a case's life: states, steps, who may take them and what they need."""
    return Lifecycle(
        management_states=[state.value for state in CaseState],
        penalty_states=[state.value for state in PenaltyState],
        steps=[
            StepView(
                action=step.action,
                flow=step.flow,
                source=step.source,
                target=step.target,
                roles=sorted(step.roles),
                reasons=list(step.reasons),
                needs_note=step.needs_note,
                needs=list(step.needs),
                guards=list(step.guards),
                undoable=step.undoable,
            )
            for step in STEPS
        ],
    )


@router.get("/reject-reasons")
def list_reject_reasons() -> RejectReasons:
    """The reasons for which a case may be rejected."""
    return RejectReasons(
        items=[
            RejectReason(code=reason.code, digit=reason.digit, needs_note=reason.needs_note)
            for reason in REJECT_REASONS.values()
        ]
    )


@router.get("/{case_id}")
def get_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> CaseDetail:
    """One case with its evidence and history."""
    return detail(office, who, service.get(office, who, case_id))


@router.post("/{case_id}/decisions")
def decide_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath, decision: DecisionIn) -> CaseDetail:
    """Take a step of the case's life, or take one's last step back; 409 when somebody else was faster or holds it."""
    return detail(office, who, deciding.decide(office, who, case_id, decision))


@router.get("/{case_id}/related")
def list_related_cases(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> RelatedCases:
    """Open cases that may be the same violation, and the latest of the same place."""
    found = service.related(office, who, case_id)
    return RelatedCases(
        duplicates=[summary(row) for row in found.duplicates], earlier=[summary(row) for row in found.earlier]
    )


@router.put("/{case_id}/lock")
def lock_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> Lease:
    """Have a case to oneself, or keep it so: send this again well before the lease ends. 409: somebody else has it."""
    return Lease(case_id=case_id, locked_until=locks.take(office, who, case_id))


@router.delete("/{case_id}/lock", status_code=204)
def unlock_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> None:
    """Give a case back; nothing happens when it is not one's own."""
    locks.release(office, who, case_id)


@router.put("/{case_id}/hold", status_code=204)
def hold_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath, told: HoldIn) -> None:
    """Keep a case's evidence from deletion: an appeal, a court."""
    holds.hold(office, who, case_id, told.reason)


@router.delete("/{case_id}/hold", status_code=204)
def release_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath) -> None:
    """Let the rules of retention count again."""
    holds.hold(office, who, case_id, None)
