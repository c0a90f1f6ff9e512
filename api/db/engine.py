"""The database as one object: an engine, sessions that read and sessions that write."""

from __future__ import annotations

import select
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.orm import Session

from api.db.closing import close_transaction
from api.db.memo import Memo
from api.errors import BusyError, SetupError

BUSY_TIMEOUT_MS = 15_000
# As many as the server has threads: who waits for a connection waits with a thread.
CONNECTIONS = 40
LOOKED_AT = 20_000


def parse_url(database_url: str) -> URL:
    """Read a database address; raise `SetupError` without repeating what may be a password."""
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise SetupError("the database address cannot be read: expected sqlite:///PATH or postgresql://...") from error
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise SetupError(f"database {url.get_backend_name()!r} is not supported: use sqlite or postgresql")
    return url


def make_engine(database_url: str) -> Engine:
    """Create an engine; SQLite runs in WAL mode, with foreign keys, and begins its writes at once."""
    url = parse_url(database_url)
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_use_lifo=True)
        event.listen(engine, "checkout", _refuse_dead)
        return engine
    if url.database:
        _make_folder(Path(url.database).parent)
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        **({"pool_size": CONNECTIONS, "max_overflow": 0, "pool_use_lifo": True} if url.database else {}),
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool replace a connection whose server is gone.

    A connection that waits has nothing to read: when there is something, it is the end. Asking the server, as
    `pool_pre_ping` does, costs each session one way there and back.
    """
    poller = select.poll()
    poller.register(connection.pgconn.socket, select.POLLIN)
    if poller.poll(0):
        raise DisconnectionError("the database server has closed this connection")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"the database's folder {folder} cannot be used: {error.strerror}") from error


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to WAL. SQLite refuses at once, not heeding its time-out, while another process does so."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)
        else:
            return


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # None: the driver must not begin transactions by itself, see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _use_wal(cursor)
    # FULL: what was acknowledged survives a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer half-way fails when somebody else wrote meanwhile: writers queue from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def refresh_statistics(engine: Engine) -> None:
    """Let SQLite count what its plans are made of: it never does so by itself. PostgreSQL does.

    Each index is looked at in `LOOKED_AT` places only: with a million cases that takes a twentieth of a second.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit={LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")


class WriterQueue:
    """Writers of this process one after the other.

    SQLite lets one write at a time and has the others ask again after ever longer sleeps, so that one who came early
    may be served late. Here whoever waits is woken at once. Writers of other processes are met by SQLite's own lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the file to oneself; raises `BusyError` when the others do not end."""
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise BusyError("The database is busy: try again.", headers={"Retry-After": "5"})
        try:
            yield
        finally:
            self._lock.release()


class Database:
    """Sessions on one database. `close` gives all connections back. `memo` keeps what was read of it."""

    def __init__(self, database_url: str) -> None:
        self.engine = make_engine(database_url)
        self.memo = Memo()
        self._writing = self.engine.execution_options(writes=True)
        on_sqlite = self.engine.dialect.name == "sqlite"
        self._turn = WriterQueue().turn if on_sqlite else nullcontext
        self._glancing = self.engine if on_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def glancing(self) -> Iterator[Session]:
        """A session for a few reads that need not be of one moment, without a transaction.

        On PostgreSQL that saves two ways there and back. What reads many rows piece by piece needs `reading`.
        """
        with Session(self._glancing, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any error."""
        with self._turn(), Session(self._writing, expire_on_commit=False) as session:
            yield session
            close_transaction(session)

    @contextmanager
    def writing_once(self) -> Iterator[Session]:
        """A session for one statement that writes and needs nobody else's: it is a transaction of its own.

        On PostgreSQL that saves two ways there and back.
        """
        if self._glancing is self.engine:
            with self.writing() as session:
                yield session
        else:
            with Session(self._glancing, expire_on_commit=False) as session:
                yield session

    def refresh_statistics(self) -> None:
        """See the function of this name; a connection only knows what was counted before it was opened."""
        with self._turn():
            refresh_statistics(self.engine)
        if self.engine.dialect.name == "sqlite":
            self.engine.dispose()

    def close(self) -> None:
        self.engine.dispose()
