"""Readers of the outbox that belong to the service itself: how far each came, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from api.db.models import OutboxCursor
from api.db.upsert import insert_if_missing, lock_row
from api.events.log import head
from api.office import Office
from api.webhooks.outbox import OutboxEvent, read

LONGEST_WAIT_S = 3600
FOLLOWED_AT_ONCE = 500


def wait_after(failures: int) -> timedelta:
    """How long to wait before the next try: 2, 4, 8 ... 3600 s."""
    return timedelta(seconds=min(2.0 ** min(failures, 30), LONGEST_WAIT_S) if failures else 0.0)


def find_cursor(office: Office, name: str) -> OutboxCursor | None:
    """Where a reader stands; None when it never read."""
    with office.database.reading() as session:
        return session.get(OutboxCursor, name)


def begin(office: Office, name: str) -> OutboxCursor:
    """Where a reader stands; a new one hears of what happens from now on."""
    found = find_cursor(office, name)
    if found is not None:
        return found
    with office.database.writing() as session:
        _make(session, name, head(session), office.now())
        return session.get_one(OutboxCursor, name)


def _make(session: Session, name: str, cursor: int, now: datetime) -> None:
    values = {"name": name, "cursor": cursor, "failures": 0, "next_try_at": now, "last_error": None, "updated_at": now}
    insert_if_missing(session, OutboxCursor, values)


def keep(office: Office, found: OutboxCursor, cursor: int, error: str | None, now: datetime) -> None:
    """Write down how far a reader came, and what stopped it; never back."""
    failures = 0 if error is None else found.failures + 1
    values: dict[str, Any] = {
        "cursor": cursor,
        "failures": failures,
        "next_try_at": now + wait_after(failures),
        "last_error": error,
        "updated_at": now,
    }
    with office.database.writing() as session:
        session.execute(
            update(OutboxCursor).where(OutboxCursor.name == found.name, OutboxCursor.cursor <= cursor).values(**values)
        )


def follow(
    office: Office, name: str, take: Callable[[Session, OutboxEvent], None], before_all: Callable[[Session], int]
) -> int:
    """Hand the events that a reader does not know to `take`; gives how many rows it looked at.

    `before_all`: a new reader begins after this row; an office that is years old is not read through for nothing.
    What `take` writes and the cursor are one transaction: every event counts once, whatever dies in between.
    """
    with office.database.reading() as session:
        row = session.get(OutboxCursor, name)
        if row is not None and row.cursor >= head(session):
            return 0
    with office.database.writing() as session:
        if row is None:
            _make(session, name, before_all(session), office.now())
        locked = lock_row(session, OutboxCursor, name)
        assert locked is not None  # noqa: S101 - it was just made
        before = locked.cursor
        piece = read(session, before, FOLLOWED_AT_ONCE)
        locked.cursor, locked.updated_at = piece.last, office.now()
        session.flush()
        for event in piece.events:
            take(session, event)
    return piece.last - before
