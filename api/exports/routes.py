"""Exports over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from api.cases.lifecycle import CaseState
from api.cases.service import CaseFilter
from api.deps import OfficeDep, PrincipalDep
from api.exports.tables import COLUMNS, MOST, csv_lines, note_export, rows
from api.exports.xlsx import workbook

router = APIRouter(prefix="/exports", tags=["reports"])


class Form(StrEnum):
    """How the table is written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


MEDIA = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.JSON: "application/json",
}
_AS_FILE = {"type": "string", "format": "binary"}
_AS_JSON = {"type": "array", "items": {"type": "object"}}
CONTENT = {
    media.split(";")[0]: {"schema": _AS_JSON if form is Form.JSON else _AS_FILE} for form, media in MEDIA.items()
}
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


@router.get(
    "/cases.{form}",
    response_class=StreamingResponse,
    responses={200: {"description": "The table", "content": CONTENT}},
)
def export_cases(
    office: OfficeDep,
    who: PrincipalDep,
    form: Form,
    state: CaseState | None = None,
    kind: Word = None,
    district: Word = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> Response:
    """The matching cases, 200,000 at most, as CSV, XLSX or JSON; the export is logged."""
    wanted = CaseFilter(state, kind, limit=MOST, district=district, since=since, until=until)
    note_export(office, who, wanted, form)
    headers = {"Content-Disposition": f'attachment; filename="cases.{form}"', "Cache-Control": "private, no-store"}

    def lines() -> Iterator[str | bytes]:
        with office.database.reading() as session:
            table = rows(session, wanted, who)
            if form is Form.CSV:
                yield from csv_lines(_with_head(table))
            elif form is Form.XLSX:
                yield workbook(_with_head(table))
            else:
                yield from _json_lines(table)

    return StreamingResponse(lines(), media_type=MEDIA[form], headers=headers)


def _with_head(table: Iterator[list[str | int | float | None]]) -> Iterator[list[str | int | float | None]]:
    yield list(COLUMNS)
    yield from table


def _json_lines(table: Iterator[list[str | int | float | None]]) -> Iterator[str]:
    before = "["
    for row in table:
        yield before + json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[" else "]"
