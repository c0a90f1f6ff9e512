"""Insert unless it is there already, on both databases, without an error that would spoil the transaction."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.db.models import Base


def insert_if_missing(session: Session, model: type[Base], values: dict[str, Any]) -> bool:
    """Insert one row; False when a row with the same key stands there (or was just committed by somebody else)."""
    table = cast("Table", model.__table__)
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if postgres else sqlite.insert(table)
    statement = insert.values(values).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return session.execute(statement).first() is not None


Row = TypeVar("Row", bound=Base)


def lock_row(session: Session, model: type[Row], key: Any) -> Row | None:
    """Read a row that nobody else changes until this transaction ends."""
    return session.get(model, key, with_for_update=True, populate_existing=True)
