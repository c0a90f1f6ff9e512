"""Reading and checking the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.audit import service
from api.audit.schemas import AuditCheck, AuditPage, AuditRow
from api.deps import BigIdQuery, OfficeDep

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def list_audit(
    office: OfficeDep,
    before: BigIdQuery = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Rows of the log, newest first."""
    with office.database.reading() as session:
        rows = service.latest(session, before, subject, limit)
    items = [AuditRow.model_validate(row) for row in rows]
    return AuditPage(items=items, next=items[-1].sequence if len(items) == limit else None)


@router.get("/verification")
def verify_audit(office: OfficeDep) -> AuditCheck:
    """Walk the whole log and check every hash."""
    with office.database.reading() as session:
        return AuditCheck.model_validate(service.verify_log(session))
