"""Cases as rows, and rows as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO

from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.cases.service import CaseFilter, selection
from api.db.models import Case
from api.exports.xlsx import Cell
from api.office import Office

COLUMNS = (
    "id", "code", "kind", "state", "penalty_state", "grade", "district", "camera_id", "zone_id", "spot",
    "started_at", "created_at", "filed_at", "closed_at", "next_due_at", "escalation", "unit", "assignee",
    "decided_by", "decision_reason", "packages_count", "duplicate_of",
)  # fmt: skip
MOST = 200_000
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(session: Session, wanted: CaseFilter, who: Principal) -> Iterator[list[Cell]]:
    """The matching cases by number, `wanted.limit` at most; read in pieces."""
    columns = [getattr(Case, name) for name in COLUMNS]
    statement = selection(wanted, who).with_only_columns(*columns).order_by(Case.id).limit(wanted.limit)
    for row in session.execute(statement.execution_options(yield_per=1000)):
        yield [_cell(value) for value in row]


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value if value is None or isinstance(value, str | int | float) else str(value)


def csv_lines(table: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """RFC 4180 with a byte order mark, without which spreadsheets read Chinese wrongly; formulas are made texts."""
    yield "\ufeff"
    for row in table:
        line = StringIO()
        csv.writer(line).writerow([_safe(value) for value in row])
        yield line.getvalue()


def _safe(value: Cell) -> Cell:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def note_export(office: Office, who: Principal, wanted: CaseFilter, form: str) -> None:
    """Write down who took which cases away."""
    names = ("state", "kind", "camera_id", "district", "unit")
    facts = {name: getattr(wanted, name) for name in names if getattr(wanted, name) is not None}
    with office.database.writing() as session:
        record(session, who, office.now(), Event("cases.exported", "cases", after={"form": form, **facts}))
