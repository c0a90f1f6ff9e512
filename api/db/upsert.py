"""Insert unless it is there already, on both databases, without an error that would spoil the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.db.models import Base


def dialect_insert(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what happens to rows that are there already; both databases say it alike."""
    table = cast("Table", model.__table__)
    postgres = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if postgres else sqlite.insert(table)


@cache
def _if_missing(model: type[Base], postgres: bool) -> Any:  # noqa: FBT001
    """Made once: building a statement takes longer than running it."""
    table = cast("Table", model.__table__)
    insert = postgresql.insert(table) if postgres else sqlite.insert(table)
    return insert.on_conflict_do_nothing().returning(*table.primary_key.columns)


def insert_if_missing(session: Session, model: type[Base], values: dict[str, Any]) -> bool:
    """Insert one row; False when a row with the same key stands there (or was just committed by somebody else)."""
    statement = _if_missing(model, session.get_bind().dialect.name == "postgresql")
    return session.execute(statement, values).first() is not None


def insert_or_replace(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Write whole rows, each in the place of the one that had its key. Rows of one transaction come in one order
    everywhere, so that two of them never wait for each other."""
    if not rows:
        return
    table, insert = cast("Table", model.__table__), dialect_insert(session, model)
    key = [column.name for column in table.primary_key.columns]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in key}
    # What gives something back is sent with many rows at a time, and not row by row.
    statement = insert.on_conflict_do_update(index_elements=key, set_=changed).returning(*table.primary_key.columns)
    session.execute(statement, list(rows))


Row = TypeVar("Row", bound=Base)


def lock_row(session: Session, model: type[Row], key: Any) -> Row | None:
    """Read a row that nobody else changes until this transaction ends."""
    return session.get(model, key, with_for_update=True, populate_existing=True)
