"""A running service on both databases, people and machines who talk to it, and real packages."""

from __future__ import annotations

import contextlib
import functools
import itertools
import shutil
import signal
import ssl
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from api.access import SYSTEM, Role
from api.db.migrate import migrate
from api.db.models import User, UserSession
from api.guard import COOKIE
from api.office import Office, open_office
from api.packages.deriver import Deriver
from api.packages.store import PackageStore
from api.serve import running
from api.settings import ApiSettings
from api.users.passwords import fresh_secret, hash_password, hash_secret
from api.users.service import create_token
from tests.api.scene import SealedBag, Sealer, key_entry

PASSWORD = "correct horse battery"
DATABASES = ("sqlite", "postgresql")
ENOUGH_MEMORY = 256 * 1024 * 1024
ENOUGH_MEMORY_FOR_POSTGRES = 4 * 1024**3
# Nothing here speaks TLS, and reading the certificates of the world for every client takes longer than the tests.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Clock:
    """A wall clock that tests can move."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        # Every look is a little later, as with a real clock.
        self.moment += timedelta(microseconds=1)
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


def memory_folder(enough: int) -> Path | None:
    """A folder in memory, if there is one with so many bytes free."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > enough else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server; its database `template_streetwarden` has the newest schema."""
    # Not below pytest's own folder: every pytest run on this machine shuts that to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="streetwarden-postgres-", dir=memory_folder(ENOUGH_MEMORY_FOR_POSTGRES)))
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        warnings.simplefilter("ignore", ResourceWarning)
        # Asks for the folder above while it is imported.
        from pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(folder / "data", cleanup_mode="delete")
    try:
        # Nothing here needs to survive a power cut.
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
        server.psql("SELECT pg_reload_conf(); CREATE DATABASE template_streetwarden;")
        migrate(server.get_uri("template_streetwarden"))
        yield server.get_uri()
    finally:
        # At once: an orderly end writes every database of the tests to the disk first.
        postmaster = psutil.Process(server.get_pid())
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(20)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """A folder in memory where there is room: the service pushes everything to the disk, and disks are slow."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-", dir=memory_folder(ENOUGH_MEMORY)) as folder:
        yield Path(folder)


_numbers = itertools.count(1)


def fresh_postgres(server: str, template: str) -> str:
    """The address of a new database on this server."""
    import psycopg  # noqa: PLC0415

    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, fast_path: Path) -> str:
    """A database without any table, on each backend."""
    if request.param == "sqlite":
        return f"sqlite:///{fast_path / 'empty.sqlite3'}"
    return fresh_postgres(request.getfixturevalue("postgres"), "template0")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, fast_path: Path, sqlite_template: Path) -> str:
    """A database of its own for each test, on each backend."""
    if request.param == "sqlite":
        copy = shutil.copy(sqlite_template, fast_path / "streetwarden.sqlite3")
        return f"sqlite:///{copy}"
    return fresh_postgres(request.getfixturevalue("postgres"), "template_streetwarden")


@dataclass
class Service:
    """A running service and those who talk to it."""

    settings: ApiSettings
    clock: Clock
    url: str
    sealer: Sealer
    scratch: Path
    office: Office
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def anonymous(self, **options: object) -> httpx.Client:
        """A client without credentials."""
        return self.stack.enter_context(httpx.Client(base_url=self.url, timeout=60, verify=NO_TLS, **options))  # type: ignore[arg-type]

    def person(self, *roles: str, username: str | None = None) -> httpx.Client:
        """A person who is signed in; the password is `PASSWORD`."""
        name, cookie = username or f"person-{next(self._names)}", fresh_secret()
        now = self.clock()
        with self.office.database.writing() as session:
            user = User(
                username=name,
                display_name=name.title(),
                roles=list(roles),
                password_hash=_password_hash(),
                password_is_temporary=False,
                created_at=now,
                disabled_at=None,
            )
            session.add(user)
            session.flush()
            csrf = fresh_secret()
            session.add(
                UserSession(
                    token_hash=hash_secret(cookie),
                    user_id=user.id,
                    csrf_token=csrf,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + timedelta(hours=self.settings.session_hours),
                )
            )
        client = self.anonymous()
        client.cookies.set(COOKIE, cookie, domain="127.0.0.1")
        client.headers["X-CSRF-Token"] = csrf
        return client

    def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Client:
        """One more session of a known person, through the front door."""
        client = self.anonymous()
        answer = client.post("/api/v1/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return client

    def machine(self, role: str = "worker", name: str = "machine") -> httpx.Client:
        """A machine with a token."""
        client = self.anonymous()
        _token, plain = create_token(self.office, SYSTEM, name, Role(role))
        client.headers["Authorization"] = f"Bearer {plain}"
        return client

    def worker(self) -> httpx.Client:
        """A worker whose key is registered."""
        client = self.machine()
        entry = key_entry()
        answer = client.put(f"/api/v1/keys/{entry.key_id}", json=entry.model_dump(mode="json"))
        assert answer.status_code in {200, 201}, answer.text
        return client

    def put(self, client: httpx.Client, bag: SealedBag, content: bytes | None = None) -> httpx.Response:
        """Push a package."""
        body = bag.zip(self.scratch) if content is None else content
        url = f"/api/v1/packages/{bag.package_id}"
        return client.put(url, content=body, headers={"Content-Type": "application/zip"})

    def case(self, name: str, client: httpx.Client | None = None) -> int:
        """A case made by a package of this incident."""
        answer = self.put(client or self.worker(), self.sealer.seal(name))
        assert answer.status_code == 201, answer.text
        return int(answer.json()["case_id"])

    @property
    def store(self) -> PackageStore:
        """The service's folder of packages."""
        return self.office.store


@functools.cache
def _password_hash() -> str:
    """Made once: it is slow on purpose."""
    return hash_password(PASSWORD)


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    """Packages with pictures that are made once."""
    return Sealer()


@pytest.fixture
def start_service(database_url: str, fast_path: Path, sealer: Sealer) -> Iterator[Callable[..., Service]]:
    """Start the service with settings of the test's own."""
    with contextlib.ExitStack() as stack:

        def start(deriver: Deriver | None = None, **settings: object) -> Service:
            made = ApiSettings(data_dir=fast_path / "data", database_url=database_url, **settings)  # type: ignore[arg-type]
            clock = Clock()
            url = stack.enter_context(running(made, now=clock, deriver=deriver))
            office = open_office(made, clock)
            stack.callback(office.close)
            service = Service(made, clock, url, sealer, fast_path / "scratch", office)
            stack.enter_context(service.stack)
            return service

        yield start


@pytest.fixture
def service(start_service: Callable[..., Service]) -> Service:
    """The service with its usual settings."""
    return start_service()
