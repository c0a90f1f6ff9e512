"""Appending to the audit log: each row takes the number and the hash after those of the row before it.

All writers wait for each other here, so it happens last in a transaction, and on PostgreSQL in one statement that
travels with the commit: the hash is made where the row before it is known.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

import rfc8785
from sqlalchemy import Table, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from api.db.models import AuditEntry, AuditHead
from api.db.types import JsonValue, UtcDateTime

HEAD_ID = 1
Row = dict[str, Any]
_ENTRIES, _HEAD = cast("Table", AuditEntry.__table__), cast("Table", AuditHead.__table__)
_BEFORE_THE_HASH = ("action", "actor", "actor_kind", "after", "at", "before")
# The row is locked before it is read: the old values that are handed on are those of the last transaction to commit.
_APPEND = text("""
    WITH head AS (
        UPDATE audit_head
        SET sequence = old.sequence + 1,
            entry_hash = encode(sha256(convert_to(
                :opening || old.entry_hash || :middle || (old.sequence + 1) || :ending, 'UTF8')), 'hex')
        FROM (SELECT id, sequence, entry_hash FROM audit_head WHERE id = :head_id FOR UPDATE) AS old
        WHERE audit_head.id = old.id
        RETURNING audit_head.sequence, audit_head.entry_hash, old.entry_hash AS previous_hash)
    INSERT INTO audit_log (sequence, at, actor, actor_kind, action, subject, reason, before, after,
                           previous_hash, entry_hash)
    SELECT head.sequence, CAST(:at AS timestamptz), :actor, :actor_kind, :action, :subject, :reason,
           CAST(:before AS jsonb), CAST(:after AS jsonb), head.previous_hash, head.entry_hash
    FROM head
""").bindparams(
    bindparam("at", type_=UtcDateTime()),
    bindparam("before", type_=JsonValue),
    bindparam("after", type_=JsonValue),
)


def append(session: Session, rows: list[Row]) -> None:
    """Append rows that lack their number and hashes."""
    if session.get_bind().dialect.name == "postgresql":
        for row in rows:
            opening, middle, ending = canonical_parts(row)
            known = {"opening": opening, "middle": middle, "ending": ending, "head_id": HEAD_ID}
            session.execute(_APPEND, known | row)
    else:
        _append_in_turn(session, rows)


def _append_in_turn(session: Session, rows: list[Row]) -> None:
    """On SQLite, where whoever writes is alone."""
    here = _HEAD.c.id == HEAD_ID
    sequence, previous = session.execute(select(_HEAD.c.sequence, _HEAD.c.entry_hash).where(here)).one()
    chained: list[Row] = []
    for row in rows:
        sequence += 1
        digest = chain_hash(row, sequence, previous)
        chained.append(row | {"sequence": sequence, "previous_hash": previous, "entry_hash": digest})
        previous = digest
    session.execute(insert(_ENTRIES), chained)
    session.execute(update(_HEAD).where(here).values(sequence=sequence, entry_hash=previous))


def chain_hash(row: Row, sequence: int, previous_hash: str) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a row with its number and the hash of the row before it."""
    opening, middle, ending = canonical_parts(row)
    return hashlib.sha256(f"{opening}{previous_hash}{middle}{sequence}{ending}".encode()).hexdigest()


def canonical_parts(row: Row) -> tuple[str, str, str]:
    """A row's canonical JSON in three parts: the hash of the row before it stands between the first two, its number
    between the last two."""
    told = {**row, "at": row["at"].isoformat(timespec="microseconds")}
    first = rfc8785.dumps({name: told[name] for name in _BEFORE_THE_HASH}).decode()
    reason, subject = (rfc8785.dumps(told[name]).decode() for name in ("reason", "subject"))
    return f'{first[:-1]},"previous_hash":"', f'","reason":{reason},"sequence":', f',"subject":{subject}}}'
