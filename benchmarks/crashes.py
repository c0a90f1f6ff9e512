"""`kill -9` of the case service and of its database, again and again, while packages come and people decide.

Every acknowledged package, decision and audit row must be there afterwards, and nothing twice.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import insert

from api.access import SYSTEM, Principal, Role
from api.app import create_app
from api.bootstrap import create_user
from api.db.migrate import migrate
from api.db.models import Camera
from api.keys.service import register
from api.office import Office, open_office
from api.settings import ApiSettings
from api.users.service import create_token
from benchmarks.crash_books import balance
from benchmarks.crash_load import Ledger, Load
from benchmarks.errors import BenchmarkError
from benchmarks.filling import CAMERAS, camera_row
from benchmarks.packages import PackageMaker
from benchmarks.postgres import Postgres
from benchmarks.product import Process, Product, free_port
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, say
from streetwarden.processes import stop

PASSWORD = "correct horse battery"  # noqa: S105 - of people who live as long as a drill
READY_TIMEOUT_S = 120.0
REST_S = 2.0
API, DATABASE = "api", "database"
NEVER = (
    *("lost_packages", "lost_decisions", "lost_audit_rows", "broken_chain", "wrong_counts", "wrong_versions"),
    *("twice_cases", "twice_decisions", "twice_decided", "twice_audit_rows"),
    *("quarantined", "bad_on_disk", "left_in_incoming", "refused", "died_alone"),
)


@dataclass
class Target:
    """The service and, if it has one of its own, its database server; what is killed starts again."""

    product: Product
    settings: ApiSettings
    port: int
    server: Postgres | None
    died_alone: int = 0
    gave_up: int = 0
    _without_database: bool = False
    _process: Process | None = field(default=None)

    @property
    def url(self) -> str:
        """Where the service is, in each of its lives."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start what does not run.

        A service that ended though nobody killed it is counted against it, unless it was just starting while its
        database was killed: then it says so and gives up, and whoever keeps it running starts it again.
        """
        if self.server is not None:
            self.server.start()
        if self._process is not None and self._process.poll() is not None:
            alone = self._process.returncode != -signal.SIGKILL
            self.gave_up += alone and self._without_database
            self.died_alone += alone and not self._without_database
            self._process = None
        if self._process is None:
            verb = ("serve", "--port", str(self.port))
            self._process = self.product.spawn(*verb, STREETWARDEN_DATABASE_URL=self.settings.database_url)

    def kill(self, victim: str) -> None:
        """`kill -9`, and wait until it is gone."""
        if victim == DATABASE and self.server is not None:
            self._without_database = not self._answers()
            self.server.kill()
        elif self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def wait(self, random_s: float | None = None) -> bool:
        """Wait until it answers, then for so long; whether it came back in time."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            if time.monotonic() > deadline:
                return False
            self.start()
            time.sleep(0.05)
        self._without_database = False
        time.sleep(random_s or 0.0)
        return True

    def end_service(self) -> None:
        """End the service in order, and leave the database."""
        if self._process is not None:
            self.died_alone += self._process.poll() is not None
            stop(self._process, 20)
            self._process = None

    def stop(self) -> None:
        """End both in order."""
        self.end_service()
        if self.server is not None:
            self.server.stop()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).is_success
        except httpx.HTTPError:
            return False


def run(options: argparse.Namespace) -> Outcome:
    """Kill, let it come to rest, and compare the books."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-crash-")))
        target = _target(folder, on_postgres=options.postgres)
        stack.callback(target.stop)
        maker, ledger = PackageMaker(seconds=6.0), Ledger()
        load = Load(target.url, maker, folder / "workers", ledger)
        threads = _threads(load, _prepare(target, maker, options.people), options)
        target.start()
        samples = _kill_again_and_again(target, threads, options)
        _come_to_rest(target, load, threads)
        figures = _compare(target, ledger)
    kills = {f"kills_of_{victim}": sum(each["victim"] == victim for each in samples) for victim in (API, DATABASE)}
    more = {
        "refused": len(ledger.refused),
        "unanswered": len(ledger.unanswered),
        "died_alone": target.died_alone,
        "gave_up": target.gave_up,
    }
    for words in ledger.refused[:3]:
        say(f"crashes: refused: {words}")
    return Outcome({**kills, **figures, **more}, samples)


def _target(folder: Path, *, on_postgres: bool) -> Target:
    folder.chmod(0o755)
    server, url = None, ""
    if on_postgres:
        server = Postgres(folder / "pg")
        server.start()
        server.make_database("office")
        url = server.url("office")
    return Target(Product(folder), ApiSettings(data_dir=folder / "api", database_url=url), free_port(), server)


def _prepare(target: Target, maker: PackageMaker, people: int) -> tuple[str, list[str]]:
    """Cameras, a worker's token with its key, and reviewers."""
    migrate(target.settings.database_url)
    office = open_office(target.settings)
    try:
        token = _furnish(office, maker)
    finally:
        office.close()
    names = [f"reviewer-{number}" for number in range(people)]
    for name in names:
        create_user(target.settings, name, "reviewer", PASSWORD)
    return token, names


def _furnish(office: Office, maker: PackageMaker) -> str:
    with office.database.writing() as session:
        session.execute(insert(Camera), [camera_row(office, number) for number in range(CAMERAS)])
    row, token = create_token(office, SYSTEM, "drill", Role.WORKER)
    worker = Principal(f"token:{row.id}:drill", "machine", frozenset({Role.WORKER}))
    register(office, worker, maker.key.key_id, maker.key)
    return token


def _threads(load: Load, admitted: tuple[str, list[str]], options: argparse.Namespace) -> list[threading.Thread]:
    token, people = admitted
    threads = [threading.Thread(target=load.review, args=(name, PASSWORD)) for name in people]
    names = [f"worker-{number}" for number in range(options.workers)]
    return threads + [threading.Thread(target=load.push, args=(name, token)) for name in names]


def _kill_again_and_again(target: Target, threads: list[threading.Thread], options: argparse.Namespace) -> list[Sample]:
    """Half of the kills wait until the service is back, so that they meet its work; the others meet its start too."""
    chance = random.Random(options.seed)  # noqa: S311 - repeatable, guards nothing
    victims = (API, DATABASE) if target.server is not None else (API,)
    samples: list[Sample] = []
    if not target.wait():
        raise BenchmarkError(f"the case service does not start: {target.product.last_words()}")
    for thread in threads:
        thread.start()
    for number in range(options.kills):
        victim, blind, life_s = (
            chance.choice(victims),
            chance.random() < 0.25,
            chance.uniform(0.0, options.longest_life),
        )
        back = blind or target.wait(life_s)
        if blind:
            time.sleep(life_s)
        target.kill(victim)
        target.start()
        samples.append({"kill": number, "victim": victim, "blind": blind, "life_s": round(life_s, 3), "back": back})
        if number % 20 == 0:
            say(f"crashes: kill {number} of {options.kills}")
    return samples


def _come_to_rest(target: Target, load: Load, threads: list[threading.Thread]) -> None:
    if not target.wait(REST_S):
        raise BenchmarkError(f"the case service does not come back: {target.product.last_words()}")
    load.ending.set()
    for thread in threads:
        thread.join()
    target.end_service()


def _compare(target: Target, ledger: Ledger) -> Figures:
    """One more start, which finishes what was left; then the books."""
    office: Office = create_app(target.settings).state.office
    try:
        return {"at": datetime.now(UTC).isoformat(timespec="seconds"), **balance(office, ledger)}
    finally:
        office.close()


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--longest-life", type=float, default=1.5, metavar="S", help="longest time between two kills")
    parser.add_argument("--people", type=int, default=3, metavar="N", help="reviewers (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=3, metavar="N", help="who push packages (default: %(default)s)")
    parser.add_argument("--postgres", action="store_true", help="kill a PostgreSQL server too (default: SQLite)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draws every moment (default: %(default)s)")


BENCHMARK = Benchmark(
    name="crashes",
    about="kill -9 of the case service and its database: nothing acknowledged is lost, nothing is doubled",
    run=run,
    add_options=add_options,
    gates=(
        *(Gate(name, least=1) for name in ("acked_packages", "acked_decisions", "acked_looks")),
        *(Gate(name, most=0) for name in NEVER),
    ),
    smoke={"kills": 2, "people": 1, "workers": 1, "longest_life": 0.5},
)
