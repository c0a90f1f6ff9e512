"""What a transaction writes last: rows that everybody waits for are then held for one moment and no longer.

Words are collected while the transaction runs and written when nothing else is left to do. On PostgreSQL they travel
together with the commit, so that nobody waits for this process to answer in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Word = TypeVar("Word")
Writer = Callable[[Session, list[Word]], None]
# Every transaction takes its last rows in this order, so that two of them never wait for each other.
AUDIT, COUNTS = 0, 1
_LAST = "last words"


def say_last(session: Session, turn: int, writer: Writer[Word], word: Word) -> None:
    """Have `writer` called at the end of this transaction with all words of its turn."""
    said = session.info.setdefault(_LAST, {})
    said.setdefault((turn, writer), []).append(word)


def close_transaction(session: Session) -> None:
    """Write the last words and commit."""
    session.flush()
    said: dict[tuple[int, Writer[Any]], list[Any]] = session.info.pop(_LAST, {})
    if said and session.get_bind().dialect.name == "postgresql":
        _write_together(session, said)
    else:
        _write(session, said)
    session.commit()


def _write(session: Session, said: dict[tuple[int, Writer[Any]], list[Any]]) -> None:
    for (_turn, writer), words in sorted(said.items(), key=lambda item: item[0][0]):
        writer(session, words)


def _write_together(session: Session, said: dict[tuple[int, Writer[Any]], list[Any]]) -> None:
    """Send the words and the commit at once. What the session commits afterwards is nothing."""
    # There only where somebody uses PostgreSQL.
    from psycopg import Connection, Error  # noqa: PLC0415

    connection = cast("Connection[Any]", session.connection().connection.driver_connection)
    try:
        with connection.pipeline():
            _write(session, said)
            connection.commit()
    except Error as error:
        raise DBAPIError.instance("COMMIT", None, error, Error) from error
