"""What keeps the service quick with many cases, and what must still be true with it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from api.access import SYSTEM
from api.cases.service import CaseFilter, find
from api.db.engine import Database
from api.db.memo import Memo
from api.db.migrate import migrate
from api.db.models import Case, CaseDay
from api.office import Office, open_office
from api.settings import ApiSettings
from api.worker.service import config
from tests.api.conftest import Clock, Service

BEGUN = Clock().moment


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """A service's parts, without the service."""
    made = open_office(ApiSettings(data_dir=tmp_path, database_url=database_url))
    yield made
    made.close()


def add_cases(office: Office, begun: list[datetime | None], first: int = 1) -> None:
    with office.database.writing() as session:
        for number, at in enumerate(begun, start=first):
            case = {"id": number, "incident_id": f"i-{number}", "camera_id": "c", "zone_id": "z", "zone_version": 1}
            more = {"kind": "k", "state": "candidate", "version": 1, "grade": "lead", "grade_reasons": []}
            session.add(Case(**case, **more, started_at=at, created_at=BEGUN))


def test_a_memo_is_made_once_a_version_however_many_ask() -> None:
    memo, made = Memo(), []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: memo.get("x", 1, lambda: made.append(1)), range(32)))
    assert made == [1]
    assert memo.get("x", 2, lambda: "new") == "new"
    assert memo.get("y", 2, lambda: "other") == "other"


def test_what_could_not_be_made_is_tried_again() -> None:
    memo = Memo()
    with pytest.raises(ZeroDivisionError):
        memo.get("x", 1, lambda: 1 // 0)
    assert memo.get("x", 1, lambda: "made") == "made"


def test_every_table_that_workers_are_told_of_lifts_the_version(office: Office) -> None:
    read: set[str] = set()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        read.update(re.findall(r"(?:FROM|JOIN) ([a-z_]+)", statement))

    event.listen(office.database.engine, "before_cursor_execute", note)
    config(office)
    event.remove(office.database.engine, "before_cursor_execute", note)
    with office.database.engine.connect() as connection:
        triggers = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'config_%'"
        if office.database.engine.dialect.name == "postgresql":
            triggers = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'config_%'"
        watched = set(connection.scalars(text(triggers)))
    assert "cameras" in read
    assert read - {"config_versions"} <= watched


def test_a_change_by_another_process_is_told_to_workers(service: Service) -> None:
    worker, ops = service.machine(), service.person("ops")
    ops.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x"})
    first = worker.get("/api/v1/worker/config").headers["etag"]
    # Not through the service: as `streetwarden` does that imports a cameras file.
    with service.office.database.writing() as session:
        session.execute(text("UPDATE cameras SET name = 'Renamed'"))
    changed = worker.get("/api/v1/worker/config", headers={"If-None-Match": first})
    assert (changed.status_code, changed.json()["cameras"][0]["name"]) == (200, "Renamed")


def test_a_change_that_workers_do_not_see_keeps_their_tag(service: Service) -> None:
    worker, ops = service.machine(), service.person("ops")
    ops.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x"})
    first = worker.get("/api/v1/worker/config").headers["etag"]
    with service.office.database.writing() as session:
        session.execute(text("UPDATE cameras SET version = version + 1"))
    assert worker.get("/api/v1/worker/config", headers={"If-None-Match": first}).status_code == 304


def test_many_writers_take_turns(office: Office) -> None:
    with office.database.writing() as session:
        session.add(CaseDay(day=BEGUN.date(), first_id=0, last_id=0))

    def one_more(_: int) -> None:
        with office.database.writing() as session:
            row = session.get_one(CaseDay, BEGUN.date(), with_for_update=True)
            row.last_id += 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one_more, range(60)))
    with office.database.reading() as session:
        assert session.get_one(CaseDay, BEGUN.date()).last_id == 60


def test_a_writer_that_fails_lets_the_next_one_in(office: Office) -> None:
    with pytest.raises(ZeroDivisionError), office.database.writing():
        raise ZeroDivisionError
    entered = threading.Event()
    with office.database.writing():
        entered.set()
    assert entered.is_set()


def test_connections_that_the_server_closed_are_replaced(postgres: str) -> None:
    migrate(postgres)
    database = Database(postgres)
    with database.reading() as one, database.reading() as two:
        pids = [session.scalar(text("SELECT pg_backend_pid()")) for session in (one, two)]
    other = Database(postgres)
    with other.reading() as session:
        for pid in pids:
            assert session.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    for enter in (database.reading, database.glancing, database.writing):
        with enter() as session:
            assert session.scalar(text("SELECT 1")) == 1
    database.close()
    other.close()


@pytest.mark.parametrize("newest_first", [False, True])
def test_lists_by_time_miss_no_case_whatever_the_order_of_arrival(office: Office, newest_first: bool) -> None:
    days = [0, 3, 1, 0, 2, 5, 3, 1]
    begun = [BEGUN + timedelta(days=day, minutes=day) for day in days]
    add_cases(office, [*begun, None])
    # A late one, far from its day's others.
    add_cases(office, [BEGUN - timedelta(days=1)], first=5000)
    for since, until in ((1, 3), (0, 1), (3, None), (None, 1), (-2, 0), (9, None)):
        at = {"since": since, "until": until}
        bounds: dict[str, Any] = {name: BEGUN + timedelta(days=day) for name, day in at.items() if day is not None}
        rows = find(office, CaseFilter(newest_first=newest_first, **bounds), SYSTEM)
        wanted = [
            number
            for number, day in enumerate([*days, None], start=1)
            if day is not None and (since is None or day >= since) and (until is None or day < until)
        ]
        wanted += [5000] if (since is None or since <= -1) and (until is None or until > -1) else []
        assert [row.case.id for row in rows] == sorted(wanted, reverse=newest_first)


def test_a_case_whose_beginning_moves_is_found_on_its_new_day(office: Office) -> None:
    add_cases(office, [BEGUN])
    with office.database.writing() as session:
        session.get_one(Case, 1).started_at = BEGUN + timedelta(days=40)
    rows = find(office, CaseFilter(since=BEGUN + timedelta(days=39)), SYSTEM)
    assert [row.case.id for row in rows] == [1]


def test_sqlite_knows_how_its_tables_are_filled_after_a_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    migrate(url)
    office = open_office(ApiSettings(data_dir=tmp_path, database_url=url))
    add_cases(office, [BEGUN] * 5)
    assert counted(office.database.engine) == set()
    migrate(url)
    assert "5 1" in counted(office.database.engine)
    office.close()


def counted(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        wanted = "SELECT stat FROM sqlite_stat1 WHERE idx = 'sqlite_autoindex_cases_1'"
        return set(connection.scalars(text(wanted)))
