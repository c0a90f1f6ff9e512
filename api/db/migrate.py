"""Bring a database to a revision of the schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.db.engine import make_engine, parse_url, refresh_statistics
from api.errors import SetupError

FOLDER = Path(__file__).parent / "migrations"
# Any number: only who holds it may migrate this PostgreSQL database.
LOCK_ID = 5_748_201


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file; `connection` is the one that the migration runs on."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply every missing migration in one transaction; two processes that start together take turns."""
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_ID})")
        command.upgrade(alembic_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to `revision`."""
    with engine.execution_options(writes=True).begin() as connection:
        command.downgrade(alembic_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether nothing is missing."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(alembic_config()).get_current_head()


def migrate(database_url: str, revision: str = "head") -> None:
    """Make or upgrade the database at this address; raise `SetupError` when it cannot be used."""
    engine = make_engine(database_url)
    shown = parse_url(database_url).render_as_string(hide_password=True)
    try:
        upgrade(engine, revision)
        refresh_statistics(engine)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise SetupError(f"the database {shown} cannot be used: {cause}") from error
    except CommandError as error:
        # Alembic does not know the revision that it finds.
        cause = "it was written by a newer version of Streetwarden: install that version, or restore a backup"
        raise SetupError(f"the database {shown} cannot be used: {cause}") from error
    finally:
        engine.dispose()
