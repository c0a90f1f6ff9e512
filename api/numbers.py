"""Numbers of papers: one series for each office and year, without gaps."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.db.models import NumberSeries
from api.db.upsert import insert_if_missing, lock_row


def take_number(session: Session, series: str, year: int) -> int:
    """The next number, from 1, in the caller's transaction.

    Whoever asks meanwhile waits for that transaction: if it fails, the number is free again, so none is ever missing.
    """
    insert_if_missing(session, NumberSeries, {"series": series, "year": year, "last": 0})
    row = lock_row(session, NumberSeries, (series, year))
    assert row is not None  # noqa: S101 - it was just made
    row.last += 1
    session.flush()
    return row.last
