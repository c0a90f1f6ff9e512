"""Events, read from the audit log: its rows are numbered without gaps in the order of their commits, so whoever knows
the last number that they saw has missed nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit.appending import HEAD_ID
from api.db.models import AuditEntry, AuditHead, Case

PREFIX = "case."
SUBJECT = "case:"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened to a case; `number` is its row in the audit log."""

    number: int
    action: str
    at: datetime
    case_id: int
    camera_id: str
    district: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """Events after a number; `last` is the last row that was looked at, `more` whether others follow."""

    events: list[LiveEvent]
    last: int
    more: bool


def head(session: Session) -> int:
    """The number of the newest row."""
    return session.get_one(AuditHead, HEAD_ID).sequence


def read_after(session: Session, after: int, limit: int = 200) -> Piece:
    """The events among the next `limit` rows of the log."""
    rows = session.scalars(
        select(AuditEntry).where(AuditEntry.sequence > after).order_by(AuditEntry.sequence).limit(limit)
    ).all()
    wanted = [row for row in rows if row.action.startswith(PREFIX) and row.subject.startswith(SUBJECT)]
    ids = {int(row.subject.removeprefix(SUBJECT)) for row in wanted}
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))} if ids else {}
    events = [_event(row, case) for row in wanted if (case := cases.get(int(row.subject.removeprefix(SUBJECT))))]
    return Piece(events, rows[-1].sequence if rows else after, more=len(rows) == limit)


def _event(row: AuditEntry, case: Case) -> LiveEvent:
    body = {
        "case_id": case.id,
        "kind": case.kind,
        "camera_id": case.camera_id,
        "zone_id": case.zone_id,
        "district": case.district,
        "state": case.state,
        "penalty_state": case.penalty_state,
        "version": case.version,
        "actor": row.actor,
    }
    return LiveEvent(row.sequence, row.action, row.at, case.id, case.camera_id, case.district, body)
