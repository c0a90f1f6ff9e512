"""The outbox: what other systems are told, read from the audit log.

The log is written in the transaction of what happened and numbered without gaps, so whoever keeps the number up to
which it was told has lost nothing, whatever was away in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.db.models import AuditEntry
from api.events.log import LiveEvent, read_after

# Beside what happens to cases: the first part of an action, and of its subject.
PAPERS = ("reminder", "work_order", "alarm")
TYPE = "application/cloudevents+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """Something to be told; `number` is its row in the audit log, `subject` is `kind:id`."""

    number: int
    action: str
    at: datetime
    subject: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxPiece:
    """Events after a number, in order; `last` is the last row that was looked at."""

    events: list[OutboxEvent]
    last: int
    more: bool


def read(session: Session, after: int, limit: int = 200) -> OutboxPiece:
    """The events among the next `limit` rows of the log."""
    piece = read_after(session, after, limit)
    found = [*map(_of_case, piece.events), *_of_papers(session, after, piece.last)]
    return OutboxPiece(sorted(found, key=lambda event: event.number), piece.last, piece.more)


def _of_case(event: LiveEvent) -> OutboxEvent:
    return OutboxEvent(event.number, event.action, event.at, f"case:{event.case_id}", event.body)


def _of_papers(session: Session, after: int, last: int) -> list[OutboxEvent]:
    wanted = or_(*(AuditEntry.action.startswith(f"{paper}.", autoescape=True) for paper in PAPERS))
    rows = session.scalars(select(AuditEntry).where(AuditEntry.sequence > after, AuditEntry.sequence <= last, wanted))
    return [_of_paper(row) for row in rows]


def _of_paper(row: AuditEntry) -> OutboxEvent:
    kind, _, number = row.subject.partition(":")
    named = {f"{kind}_id": int(number)} if number.isdigit() else {}
    data = {**named, **(row.after or {}), "actor": row.actor}
    return OutboxEvent(row.sequence, row.action, row.at, row.subject, data)


def cloud_event(event: OutboxEvent, source: str) -> dict[str, Any]:
    """An event as CloudEvents 1.0 JSON."""
    return {
        "specversion": "1.0",
        "id": str(event.number),
        "source": f"/streetwarden/{source}",
        "type": f"streetwarden.{event.action}",
        "subject": event.subject,
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data,
    }
