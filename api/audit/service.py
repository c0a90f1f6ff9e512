"""The audit log: every row carries the hash of the one before it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.appending import HEAD_ID, append, chain_hash
from api.db.closing import AUDIT, say_last
from api.db.models import AuditEntry, AuditHead

GENESIS = "0" * 64
HASHED = ("at", "actor", "actor_kind", "action", "subject", "reason", "before", "after")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `subject` is `kind:id`; `before` and `after` hold what changed, never a secret."""

    action: str
    subject: str
    reason: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """`broken_at` is the first sequence that does not hold."""

    entries: int
    holds: bool
    broken_at: int | None = None
    problem: str | None = None


def record(session: Session, who: Principal, at: datetime, event: Event) -> None:
    """Append one row to the log when the caller's transaction ends, and only if it commits."""
    row = {
        "at": at,
        "actor": who.name,
        "actor_kind": who.kind,
        "action": event.action,
        "subject": event.subject,
        "reason": event.reason,
        "before": event.before,
        "after": event.after,
    }
    say_last(session, AUDIT, append, row)


def hash_of(entry: AuditEntry) -> str:
    """The hash that a row should carry."""
    row = {name: getattr(entry, name) for name in HASHED}
    return chain_hash(row, entry.sequence, entry.previous_hash)


def verify_log(session: Session) -> AuditVerdict:
    """Walk the whole log; find the first row that was changed, dropped or put in, and a tail that was cut off."""
    previous, count = GENESIS, 0
    with closing(_rows(session)) as rows:
        for entry in rows:
            count += 1
            if entry.sequence != count:
                return AuditVerdict(count - 1, holds=False, broken_at=count, problem="a row is missing")
            if entry.previous_hash != previous or hash_of(entry) != entry.entry_hash:
                return AuditVerdict(count - 1, holds=False, broken_at=count, problem="a row was changed")
            previous = entry.entry_hash
    head = session.get_one(AuditHead, HEAD_ID)
    if (head.sequence, head.entry_hash) != (count, previous):
        return AuditVerdict(count, holds=False, broken_at=count + 1, problem="the end of the log is missing")
    return AuditVerdict(count, holds=True)


def _rows(session: Session) -> Generator[AuditEntry]:
    statement = select(AuditEntry).order_by(AuditEntry.sequence).execution_options(yield_per=1000)
    with session.scalars(statement) as rows:
        yield from rows


def latest(session: Session, before: int | None, subject: str | None, limit: int) -> list[AuditEntry]:
    """Newest rows first; `before` continues an earlier page."""
    statement = select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEntry.sequence < before)
    if subject is not None:
        statement = statement.where(AuditEntry.subject == subject)
    return list(session.scalars(statement))
