"""An upgrade of a database in use: nothing of the old version is lost, down and up again, or when it is killed."""

from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Boolean, Date, DateTime, Engine, Float, Integer, LargeBinary, MetaData, Table, event, text
from sqlalchemy.engine import URL
from sqlalchemy.types import JSON

from api.db.engine import make_engine
from api.db.migrate import downgrade, is_current, migrate, upgrade
from api.errors import SetupError

FIRST, ROWS = "0001", 3
AT = datetime(2026, 5, 31, 16, 30, tzinfo=UTC)
MANIFEST = {
    "sealed_at_ns": "1780000000000000001",
    "files": [{"purpose": "panorama_confirmed", "path": "data/stills/panorama_confirmed.jpg"}],
    "times": {"confirmed": {"at_ns": "1780000000000000000", "pts_ns": "1"}, "ended": None},
    "subject": {"box_xyxy": [1.0, 2.0, 3.0, 4.0]},
}
Rows = dict[str, list[dict[str, Any]]]


def value(table: Table, name: str, number: int) -> Any:
    """Something that fits the column; rows of one number belong together."""
    column = table.columns[name]
    if name == "manifest":
        return MANIFEST
    if column.foreign_keys:
        return value(next(iter(column.foreign_keys)).column.table, next(iter(column.foreign_keys)).column.name, number)
    kind = column.type
    for type_, made in (
        (Boolean, False), (Integer, number), (Float, 0.5), (DateTime, AT), (Date, AT.date()), (LargeBinary, b"x"),
        (JSON, []),
    ):  # fmt: skip
        if isinstance(kind, type_):
            return made
    return f"{table.name}-{name}-{number}"[: getattr(kind, "length", None) or 200]


def fill(engine: Engine) -> None:
    """Rows in every table that is still empty, as an office of that version would have them."""
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.execution_options(writes=True).begin() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(table.select().limit(1)).first() is None:
                rows = [{name: value(table, name, n) for name in table.columns.keys()} for n in range(1, ROWS + 1)]  # noqa: SIM118
                connection.execute(table.insert(), rows)


def contents(engine: Engine) -> Rows:
    """All rows of all tables."""
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
        return {
            table.name: [dict(row._mapping) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in tables
        }


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@pytest.fixture
def old(empty_database_url: str) -> Engine:
    """A filled database of the first version."""
    engine = make_engine(empty_database_url)
    upgrade(engine, FIRST)
    fill(engine)
    return engine


def test_a_filled_database_of_the_first_version_goes_up_and_down_and_up(old: Engine) -> None:
    before = contents(old)
    upgrade(old)
    after = contents(old)
    for name, rows in before.items():
        assert [{column: row[column] for column in rows[0]} for row in after[name]] == rows, name
    downgrade(old, FIRST)
    assert contents(old) == before
    upgrade(old)
    assert is_current(old)
    old.dispose()


def test_an_upgrade_fills_what_newer_versions_keep_beside_the_cases(old: Engine) -> None:
    upgrade(old)
    found = contents(old)
    assert sum(row["cases"] for row in found["case_counts"]) == ROWS
    assert [(str(row["day"]), row["first_id"], row["last_id"]) for row in found["case_days"]] == [
        (date(2026, 5, 31).isoformat(), 1, ROWS)
    ]
    assert {row["still_path"] for row in found["cases"]} == {"data/stills/panorama_confirmed.jpg"}
    assert {row["packages_count"] for row in found["cases"]} == {1}
    old.dispose()


def killed_at(url: URL, statement: int) -> bool:
    """Upgrade in a process of its own that is killed before its nth statement; whether it came that far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    engine, seen = make_engine(url.render_as_string(hide_password=False)), 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", count)
    upgrade(engine)
    os._exit(0)


def test_an_upgrade_that_is_killed_leaves_the_old_version_usable(old: Engine) -> None:
    before, moments = contents(old), 0
    old.dispose()
    for statement in range(5, 1000, 37):
        if not killed_at(old.url, statement):
            break
        moments += 1
        assert revision(old) == FIRST
    assert moments > 2
    # The last one came to its end.
    assert is_current(old)
    downgrade(old, FIRST)
    assert contents(old) == before
    old.dispose()


def test_the_old_version_still_writes_after_a_killed_upgrade(old: Engine) -> None:
    assert killed_at(old.url, 60)
    with old.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE cases SET state = 'filed', version = version + 1"))
        assert connection.execute(text("SELECT count(*) FROM cases WHERE state = 'filed'")).scalar() == ROWS
    assert revision(old) == FIRST
    upgrade(old)
    assert is_current(old)
    old.dispose()


def test_a_database_of_a_newer_version_is_one_clear_line(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    engine.dispose()
    with pytest.raises(SetupError, match="newer version"):
        migrate(empty_database_url)
