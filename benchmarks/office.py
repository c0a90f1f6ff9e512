"""The office at work: a million cases, reviewers who take the next one and decide it, workers who report and push.

Everything is asked over HTTP of `streetwarden serve` in a process of its own. `next_p95_ms` is `GET /cases/next`,
`on_screen_p95_ms` the same with the first picture, `page_p95_ms` the slowest of the lists and filters that people open,
`shown_p95_s` the time from the sealing of a package to its case in an open page, `ingest_per_s` how many packages a
second are taken when nothing else happens.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from api.access import SYSTEM, Role
from api.bootstrap import create_user
from api.db.migrate import migrate
from api.office import Office, open_office
from api.settings import ApiSettings
from api.users.service import create_token
from benchmarks.errors import BenchmarkError
from benchmarks.filling import CAMERAS, Books, fill
from benchmarks.ingest import ingest
from benchmarks.office_day import BEAT_S, Day, Notes, OpenPage, Reviewer, Worker
from benchmarks.packages import Package, PackageMaker
from benchmarks.postgres import Postgres
from benchmarks.product import Process, Product, free_port, usage_of
from benchmarks.report import Benchmark, Figures, Gate, Outcome, say
from streetwarden.processes import stop

PASSWORD = "correct horse battery"  # noqa: S105 - of people who live a minute
READY_TIMEOUT_S = 120.0
PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class House:
    """The folder with the office's data, and its settings."""

    folder: Path
    settings: ApiSettings

    @property
    def filled(self) -> Path:
        """Stands when the books are filled."""
        return self.folder / "filled"


def run(options: argparse.Namespace) -> Outcome:
    """Fill the books, let people and machines work, and time what they wait for."""
    with ExitStack() as stack:
        house = _house(options, stack)
        maker = PackageMaker()
        filled_s = _fill_once(house, options.cases, maker)
        token, people = _let_in(house, options.people)
        pattern = _pattern(house, maker)
        product = Product(house.folder)
        url, server = stack.enter_context(_served(product, house.settings.database_url))
        notes = Notes()
        before = usage_of([server.pid])
        until_s = _at_work(options, url, house, notes, (token, people), maker, pattern)
        used = usage_of([server.pid])
        per_s = ingest(url, token, maker, options.ingest, options.workers)
    cores = round((used.cpu_s - before.cpu_s) / max(1e-9, used.at_s - before.at_s), 3)
    figures = figures_of(notes, until_s, options.seconds)
    more = {"cores_of_server": cores, "ingest_per_s": per_s, "package_kb": maker.size_bytes // 1000}
    return Outcome(
        figures | more | {"filled_s": filled_s}, [{"name": look.name, "ms": round(look.ms, 2)} for look in notes.looks]
    )


def _house(options: argparse.Namespace, stack: ExitStack) -> House:
    made = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-office-")))
    folder = Path(made).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    url = options.database or ""
    if options.postgres:
        folder.chmod(0o755)
        server = Postgres(folder / "pg")
        stack.callback(server.stop)
        server.start()
        server.make_database("office")
        url = server.url("office")
    return House(folder, ApiSettings(data_dir=folder / "api", database_url=url))


def _fill_once(house: House, cases: int, maker: PackageMaker) -> float | None:
    """Fill the books unless an earlier run left them filled; seconds."""
    migrate(house.settings.database_url)
    if house.filled.exists():
        return None
    begun = time.perf_counter()
    with _opened(house.settings) as office:
        fill(office, Books(cases, datetime.now(UTC), maker.manifest()))
    house.filled.touch()
    filled_s = round(time.perf_counter() - begun, 1)
    say(f"office: {cases} cases in {filled_s} s")
    return filled_s


@contextmanager
def _opened(settings: ApiSettings) -> Iterator[Office]:
    office = open_office(settings)
    try:
        yield office
    finally:
        office.close()


def _let_in(house: House, people: int) -> tuple[str, list[str]]:
    """A worker's token, and reviewers of this run."""
    run_id = f"{time.time_ns():x}"
    with _opened(house.settings) as office:
        _row, token = create_token(office, SYSTEM, f"benchmark-{run_id}", Role.WORKER)
    names = [f"reviewer-{run_id}-{number}" for number in range(people)]
    for name in names:
        create_user(house.settings, name, "reviewer", PASSWORD)
    return token, names


def _pattern(house: House, maker: PackageMaker) -> Package:
    """A package on the disk, whose pictures stand for those of all that the books were filled with."""
    return maker.seal(house.folder / f"pattern-{time.time_ns():x}", PATTERN, "camera-0", time.time_ns())


@contextmanager
def _served(product: Product, database_url: str) -> Iterator[tuple[str, Process]]:
    """`streetwarden serve`, once it answers."""
    port = free_port()
    process = product.spawn("serve", "--port", str(port), STREETWARDEN_DATABASE_URL=database_url)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + READY_TIMEOUT_S
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"the case service did not start: {product.last_words()}")
            time.sleep(0.1)
        yield url, process
    finally:
        stop(process, 20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _at_work(
    options: argparse.Namespace,
    url: str,
    house: House,
    notes: Notes,
    admitted: tuple[str, list[str]],
    maker: PackageMaker,
    pattern: Package,
) -> float:
    """Everybody at once, each in a thread; gives the moment at which the day was over. The first trouble is raised."""
    token, people = admitted
    begin_s = time.monotonic() + options.arrive
    until_s: float = begin_s + float(options.seconds)
    week = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y-%m-%dT00:00:00Z")
    day = Day(url, begin_s, until_s, options.think, house.settings.data_dir / "packages", week)
    jobs: list[Callable[[], None]] = [
        Reviewer(name, PASSWORD, day, notes, pattern, late_s=options.think * number / len(people)).work
        for number, name in enumerate(people)
    ]
    jobs.append(OpenPage(people[0], PASSWORD, day, notes).work)
    folder = house.folder / f"workers-{time.time_ns():x}"
    for number in range(options.workers):
        share = [f"camera-{camera}" for camera in range(number, CAMERAS, options.workers)]
        per_s, name = options.packages / options.workers, f"worker-{number}"
        late_s = BEAT_S * number / options.workers
        worker = Worker(f"{name}-{time.time_ns():x}", token, share, per_s, day, notes, maker, folder / name, late_s)
        jobs.append(worker.work)
    troubles: list[Exception] = []
    threads = [threading.Thread(target=_tried, args=(job, troubles)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise BenchmarkError(f"{len(troubles)} of {len(jobs)} could not work: {troubles[0]}") from troubles[0]
    return until_s


def _tried(job: Callable[[], None], troubles: list[Exception]) -> None:
    try:
        job()
    except Exception as error:
        troubles.append(error)


def figures_of(notes: Notes, until_s: float, seconds: float) -> Figures:
    """95th percentiles of what was waited for; packages by the second over the whole day."""

    def of(name: str) -> float | None:
        return p95([look.ms for look in notes.looks if look.name == name])

    pages = {name: p95([look.ms for look in notes.looks if look.name == name]) for name in _pages(notes)}
    waits = [notes.shown_s[name] - at_s for name, at_s in notes.sealed_s.items() if name in notes.shown_s]
    in_time = sum(at_s <= until_s for at_s in notes.shown_s.values())
    return {
        "next_p95_ms": of("next"),
        "on_screen_p95_ms": of("on screen"),
        "decide_p95_ms": of("decide"),
        "related_p95_ms": of("related"),
        "picture_p95_ms": of("picture"),
        "page_p95_ms": max((took for took in pages.values() if took is not None), default=None),
        "heartbeat_p95_ms": of("heartbeat"),
        "config_p95_ms": of("config"),
        "shown_p95_s": p95(waits, 3),
        "sealed": len(notes.sealed_s),
        "taken_per_s": round(in_time / seconds, 2),
        "reviews": sum(look.name == "decide" for look in notes.looks),
        "pages": pages,
    }


def _pages(notes: Notes) -> list[str]:
    return sorted(Counter(look.name for look in notes.looks if look.name.startswith("page ")))


def p95(values: list[float], digits: int = 1) -> float | None:
    """The value under which 95 of 100 lie; None: nothing was measured."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * 0.95))], digits) if values else None


def add_options(parser: argparse.ArgumentParser) -> None:
    """How large the office is."""
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--packages", type=float, default=1.0, help="a second, of all workers (default: %(default)s)")
    parser.add_argument(
        "--ingest",
        type=int,
        default=600,
        metavar="N",
        help="push so many packages at the end, as fast as they are taken",
    )
    parser.add_argument("--think", type=float, default=3.0, metavar="S", help="how long a reviewer looks at a case")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--arrive", type=float, default=15, metavar="S", help="time for signing in before it begins")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the filled books here for the next run")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own (default: SQLite)")
    where.add_argument("--database", help="postgresql://... of an empty database")


BENCHMARK = Benchmark(
    name="office",
    about="a million cases: the next case, lists and new packages over HTTP while people decide and workers report",
    run=run,
    add_options=add_options,
    gates=(
        Gate("next_p95_ms", most=200, timed=True),
        Gate("on_screen_p95_ms", most=200, timed=True),
        Gate("page_p95_ms", most=500, timed=True),
        Gate("shown_p95_s", most=2, timed=True),
        Gate("ingest_per_s", least=30, timed=True),
        Gate("reviews", least=1),
    ),
    smoke={
        "cases": 2000,
        "people": 2,
        "workers": 1,
        "seconds": 2,
        "think": 0.2,
        "packages": 2.0,
        "arrive": 1.0,
        "ingest": 4,
    },
)
