"""`streetwarden audit verify` walks the chain of the office's own database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.e2e.commands import streetwarden


def test_an_untouched_log_holds_and_a_changed_row_is_named(tmp_path: Path) -> None:
    streetwarden("user", "anna", data_dir=tmp_path)

    whole = streetwarden("audit", "verify", data_dir=tmp_path)
    (database,) = (tmp_path / "api").rglob("*.sqlite3")
    with sqlite3.connect(database) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE sequence = 1")
    connection.close()
    forged = streetwarden("audit", "verify", data_dir=tmp_path)

    assert (whole.returncode, whole.stdout.endswith("the chain holds\n")) == (0, True)
    assert (forged.returncode, "entry 1 of" in forged.stdout) == (1, True)
