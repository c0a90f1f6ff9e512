"""Missed deadlines as rows that stay: a case forgets with its next step that it was late."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.db.models import AuditEntry, CaseOverdue
from api.db.upsert import insert_if_missing
from api.events.log import head
from api.webhooks.outbox import OutboxEvent

CURSOR = "reports"
ACTION = "case.deadline_overdue"


def before_all(session: Session) -> int:
    """The row of the log before the first missed deadline; its end when none was missed."""
    first = session.scalar(select(func.min(AuditEntry.sequence)).where(AuditEntry.action == ACTION))
    return head(session) if first is None else first - 1


def take(session: Session, event: OutboxEvent) -> None:
    """Keep one missed deadline, as the log has it: the case may have moved since."""
    if event.action != ACTION:
        return
    told = session.get_one(AuditEntry, event.number).after or {}
    values = {
        "sequence": event.number,
        "case_id": int(event.data["case_id"]),
        "state": str(told.get("state") or ""),
        "unit": str(told.get("unit") or ""),
        "at": event.at,
    }
    insert_if_missing(session, CaseOverdue, values)
