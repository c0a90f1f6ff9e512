"""Cases over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.cases import service
from api.cases.lifecycle import REJECT_REASONS, CaseState
from api.cases.schemas import CaseCounts, CaseDetail, CaseList, DecisionIn, RejectReason, RejectReasons
from api.cases.views import detail, summary
from api.deps import LARGEST_ID, BigIdPath, OfficeDep, PrincipalDep

router = APIRouter(prefix="/cases", tags=["cases"])
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


@router.get("")
def list_cases(
    office: OfficeDep,
    state: CaseState | None = None,
    kind: Word = None,
    camera_id: Word = None,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    *,
    newest_first: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CaseList:
    """Cases by rising number, oldest first; `newest_first` turns that round."""
    wanted = service.CaseFilter(state, kind, camera_id, after, newest_first, limit)
    items = [summary(row) for row in service.find(office, wanted)]
    return CaseList(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/counts")
def case_counts(office: OfficeDep) -> CaseCounts:
    """How many cases are in each state."""
    return CaseCounts(counts=service.count_by_state(office))


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
    return detail(office, who, service.get(office, case_id))


@router.post("/{case_id}/decisions")
def decide_case(office: OfficeDep, who: PrincipalDep, case_id: BigIdPath, decision: DecisionIn) -> CaseDetail:
    """Confirm, reject, reopen or take back; 409 when somebody else was faster."""
    return detail(office, who, service.decide(office, who, case_id, decision))
