"""The schema is made by migrations alone, up and down, and is what the models say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from api.db.engine import Database, make_engine
from api.db.migrate import downgrade, is_current, migrate, upgrade
from api.db.models import Base
from api.errors import SetupError


def test_migrations_lead_to_what_the_models_say(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert is_current(engine)
    engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    upgrade(engine)
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert not is_current(engine)
    upgrade(engine)
    assert is_current(engine)
    engine.dispose()


def test_services_that_start_together_migrate_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_database_url), range(4)))
    engine = make_engine(empty_database_url)
    assert is_current(engine)
    engine.dispose()


def test_sqlite_keeps_what_was_acknowledged_and_its_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with database.reading() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://u:secret@h/db", "not supported"),
        ("nonsense", "cannot be read"),
        ("postgresql://u:secret@127.0.0.1:1/db?connect_timeout=1", "cannot be used"),
        ("sqlite:////proc/nowhere/x.sqlite3", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line_without_its_password(url: str, words: str) -> None:
    with pytest.raises(SetupError) as caught:
        migrate(url)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
