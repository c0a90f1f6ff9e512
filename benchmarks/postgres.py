"""A PostgreSQL server of one's own: started, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg

from benchmarks.errors import BenchmarkError

READY_TIMEOUT_S = 60.0


def _binaries() -> Path:
    """Where the package pgserver keeps PostgreSQL's programs."""
    # Asks for a runtime folder while it is imported.
    from pgserver._commands import POSTGRES_BIN_PATH  # noqa: PLC0415

    return Path(POSTGRES_BIN_PATH)


def _user() -> str | None:
    """PostgreSQL refuses to run as root: then somebody else owns it."""
    if os.geteuid() != 0:
        return None
    from pgserver.utils import ensure_user_exists  # noqa: PLC0415

    ensure_user_exists("pgserver")
    return "pgserver"


class Postgres:
    """A server below `folder`, reached through a socket there; a folder that a server left is used again.

    The folder's path must be short (a socket's has 107 bytes at most) and open to other users when run by root.
    """

    def __init__(self, folder: Path) -> None:
        self._data, self._sockets, self._log = folder / "data", folder, folder / "log"
        self._binaries, self._user = _binaries(), _user()
        self._process: subprocess.Popen[bytes] | None = None
        if not (self._data / "PG_VERSION").exists():
            self._make(folder)

    def url(self, database: str = "postgres") -> str:
        """The address of one database."""
        return f"postgresql://postgres@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Start it, and wait until it answers; after a kill it recovers first."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"PostgreSQL does not answer: see {self._log}")
            time.sleep(0.05)

    def kill(self) -> None:
        """`kill -9`: the server and every process of a connection."""
        if self._process is None:
            return
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for process in family:
            process.kill()
        self._process.wait()
        psutil.wait_procs(family[1:], timeout=10)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(READY_TIMEOUT_S)

    def make_database(self, name: str) -> None:
        """Make an empty database unless it is there."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._data.mkdir(mode=0o700)
        self._log.touch()
        if self._user is not None:
            for path in (folder, self._data, self._log):
                os.chown(path, uid_of(self._user), -1)
            folder.chmod(0o755)
        command = [f"{self._binaries}/initdb", "--auth=trust", "--encoding=utf8", "--username=postgres"]
        command += ["--pgdata", str(self._data)]
        subprocess.run(command, user=self._user, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [f"{self._binaries}/postgres", "-D", str(self._data), "-k", str(self._sockets), "-h", ""]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, user=self._user, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")


def uid_of(name: str) -> int:
    """The number of a user."""
    import pwd  # noqa: PLC0415

    return pwd.getpwnam(name).pw_uid
