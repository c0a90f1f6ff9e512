"""The report as tables with headings in the reader's language, for CSV and XLSX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from api.exports.xlsx import Cell
from api.pages.i18n import translate
from api.reports.schemas import MonthlyReport

# Sections of the report, with the catalogue's prefix for the codes in their columns.
SECTIONS = ("totals", "papers", "kinds", "states", "places", "hours", "units", "missed", "reviewers")
CODED = {"kind": "kind.", "state": "state."}


@dataclass(frozen=True, slots=True)
class Table:
    """One section: its name and its rows, the first of which are the headings."""

    title: str
    rows: list[list[Cell]]


def tables(report: MonthlyReport, language: str) -> list[Table]:
    """All sections; single figures become rows of name and value."""

    def t(key: str) -> str:
        return translate(language, key)

    return [Table(t(f"report.{name}"), list(_rows(getattr(report, name), t))) for name in SECTIONS]


def _rows(section: BaseModel | Sequence[BaseModel], t: Callable[[str], str]) -> Iterator[list[Cell]]:
    if isinstance(section, BaseModel):
        for name, value in section.model_dump().items():
            yield [t(f"report.{name}"), _cell(name, value, t)]
        return
    if section:
        yield [t(f"report.{name}") for name in type(section[0]).model_fields]
    for row in section:
        yield [_cell(name, value, t) for name, value in row.model_dump().items()]


def _cell(name: str, value: Cell, t: Callable[[str], str]) -> Cell:
    if name in CODED and isinstance(value, str):
        return t(f"{CODED[name]}{value}")
    return round(value, 3) if isinstance(value, float) else value


def as_lines(report: MonthlyReport, language: str) -> Iterator[list[Cell]]:
    """All tables below each other, an empty row between them."""
    yield [translate(language, "report.title"), report.month]
    for table in tables(report, language):
        yield []
        yield [table.title]
        yield from table.rows
