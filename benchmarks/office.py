"""The office at work: a million cases, reviewers who take the next one and decide it, workers who report.

`next_p95_ms` is `GET /cases/next` over HTTP, `list_p95_ms` the slowest of the lists and filters that pages ask for.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, text

from api.access import SYSTEM, Role
from api.bootstrap import create_user
from api.db.migrate import migrate
from api.db.models import Camera, Case, CaseCount
from api.office import Office, open_office
from api.serve import running
from api.settings import ApiSettings
from api.users.service import create_token
from benchmarks.report import Benchmark, Gate, Outcome, say

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
CAMERAS, PIECE, PASSWORD = 500, 20_000, "correct horse battery"
# Of a hundred cases: how a city's books look, most of them long done.
STATES = ("candidate",) * 5 + ("filed",) * 3 + ("dispatched",) * 2 + ("rejected",) * 40 + ("answered",) * 50
KINDS = ("illegal_parking", "street_vending", "exposed_garbage", "uncovered_muck_truck")
LISTS = (
    "/api/v1/cases?limit=100&newest_first=true",
    "/api/v1/cases?state=candidate&limit=100",
    "/api/v1/cases?state=answered&kind=street_vending&newest_first=true&limit=100",
    "/api/v1/cases?camera_id=camera-7&limit=100",
    "/api/v1/cases?district=district-3&state=filed&limit=100",
    "/api/v1/cases/counts",
)


@dataclass(frozen=True, slots=True)
class Look:
    """One request: what it was and how long it took."""

    name: str
    ms: float


def case_row(number: int) -> dict[str, Any]:
    """The case of that number, the same in every run."""
    at, camera = BEGUN + timedelta(seconds=number * 20), number % CAMERAS
    return {
        "incident_id": f"incident-{number}", "camera_id": f"camera-{camera}", "zone_id": "kerb", "zone_version": 1,
        "kind": KINDS[number % len(KINDS)], "state": STATES[number * 37 % 100], "version": 1, "grade": "lead",
        "grade_reasons": [], "started_at": at, "created_at": at, "last_seen_at": at, "box": [10, 10, 90, 90],
        "district": f"district-{camera % 10}",
    }  # fmt: skip


def seed(office: Office, cases: int) -> None:
    """Fill the books."""
    with office.database.writing() as session:
        session.execute(insert(Camera), [_camera(office, number) for number in range(CAMERAS)])
    for begin in range(0, cases, PIECE):
        with office.database.writing() as session:
            session.execute(insert(Case), [case_row(number) for number in range(begin, min(begin + PIECE, cases))])
    with office.database.writing() as session:
        columns = [CaseCount.camera_id.key, CaseCount.state.key, CaseCount.cases.key]
        session.execute(
            text(f"INSERT INTO case_counts ({', '.join(columns)}) "  # noqa: S608 - our own names
                 "SELECT camera_id, state, count(*) FROM cases GROUP BY camera_id, state")
        )  # fmt: skip
        session.execute(text("ANALYZE"))


def _camera(office: Office, number: int) -> dict[str, Any]:
    return {
        "id": f"camera-{number}", "name": f"Camera {number}", "url_encrypted": office.cipher.encrypt("rtsp://host/1"),
        "url_shown": "rtsp://host/1", "transport": "tcp", "timezone": "Asia/Shanghai", "enabled": True, "version": 1,
        "created_at": BEGUN, "updated_at": BEGUN, "district": f"district-{number % 10}",
    }  # fmt: skip


def review(url: str, name: str, until: float) -> Iterator[Look]:
    """A reviewer: the next case, its detail's neighbours, a decision, now and then a list."""
    with httpx.Client(base_url=url, timeout=60) as client:
        answer = client.post("/api/v1/session", json={"username": name, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        turn = 0
        # At least once: signing in takes a while on purpose.
        while not turn or time.monotonic() < until:
            look, found = _timed("next", lambda: client.get("/api/v1/cases/next"))
            yield look
            case = found.json()["case"]
            yield _timed("related", lambda: client.get(f"/api/v1/cases/{case['id']}/related"))[0]  # noqa: B023
            decision = {"action": "reject", "reason": "no_violation", "version": case["version"]}
            yield _timed("decide", lambda: client.post(f"/api/v1/cases/{case['id']}/decisions", json=decision))[0]  # noqa: B023
            path = LISTS[turn % len(LISTS)]
            yield _timed(f"list {path}", lambda: client.get(path))[0]  # noqa: B023
            turn += 1
            # People look at a picture before they decide.
            time.sleep(1)


def work(url: str, token: str, name: str, until: float) -> Iterator[Look]:
    """A worker: a heartbeat with its cameras and the state of an incident each second."""
    reports = [{"camera_id": f"camera-{number}", "state": "running"} for number in range(25)]
    beat = {"worker_id": name, "software": "benchmark", "cameras": reports}
    with httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {token}"}) as client:
        while time.monotonic() < until:
            yield _timed("heartbeat", lambda: client.post("/api/v1/worker/heartbeat", json=beat))[0]
            time.sleep(1)


def _timed(name: str, ask: Callable[[], httpx.Response]) -> tuple[Look, httpx.Response]:
    begun = time.perf_counter()
    answer = ask()
    took = (time.perf_counter() - begun) * 1000
    answer.raise_for_status()
    return Look(name, took), answer


def p95(values: list[float]) -> float | None:
    """The value under which 95 of 100 lie; None: nothing was measured."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))] if values else None


def run(options: argparse.Namespace) -> Outcome:
    """Seed, let people and machines work, and time what they wait for."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ApiSettings(data_dir=Path(folder), database_url=options.database or "")
        migrate(settings.database_url)
        office = open_office(settings)
        begun = time.perf_counter()
        seed(office, options.cases)
        seeded_s = time.perf_counter() - begun
        say(f"{options.cases} cases in {seeded_s:.0f} s")
        _user, token = create_token(office, SYSTEM, "benchmark", Role.WORKER)
        for number in range(options.people):
            create_user(settings, f"reviewer-{number}", "reviewer", PASSWORD)
        office.close()
        looks = _office_day(settings, token, options)
    return Outcome(_figures(looks, seeded_s), [{"name": look.name, "ms": round(look.ms, 2)} for look in looks])


def _office_day(settings: ApiSettings, token: str, options: argparse.Namespace) -> list[Look]:
    looks: list[Look] = []
    lock = threading.Lock()

    def keep(found: Iterator[Look]) -> None:
        for look in found:
            with lock:
                looks.append(look)

    with running(settings) as url, ThreadPoolExecutor(options.people + options.workers) as pool:
        until = time.monotonic() + options.seconds
        tasks = [pool.submit(keep, review(url, f"reviewer-{number}", until)) for number in range(options.people)]
        tasks += [pool.submit(keep, work(url, token, f"worker-{number}", until)) for number in range(options.workers)]
        for task in tasks:
            task.result()
    return looks


def _figures(looks: list[Look], seeded_s: float) -> dict[str, Any]:
    def of(prefix: str) -> list[float]:
        return [look.ms for look in looks if look.name.startswith(prefix)]

    slowest = [took for path in LISTS if (took := p95(of(f"list {path}"))) is not None]
    return {
        "next_p95_ms": p95(of("next")),
        "decide_p95_ms": p95(of("decide")),
        "related_p95_ms": p95(of("related")),
        "list_p95_ms": max(slowest, default=None),
        "heartbeat_p95_ms": p95(of("heartbeat")),
        "reviews": len(of("decide")),
        "seeded_s": seeded_s,
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """How large the office is."""
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database", help="postgresql://... (default: SQLite in a folder of its own)")


BENCHMARK = Benchmark(
    name="office",
    about="a million cases: the next case and lists over HTTP while people decide and workers report",
    run=run,
    add_options=add_options,
    gates=(Gate("next_p95_ms", most=200, timed=True), Gate("list_p95_ms", most=500, timed=True)),
    smoke={"cases": 2000, "people": 2, "workers": 1, "seconds": 3},
)
