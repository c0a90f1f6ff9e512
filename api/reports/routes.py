"""The monthly report over HTTP."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.audit.service import Event, record
from api.deps import OfficeDep, PrincipalDep
from api.exports.routes import MEDIA, Form
from api.exports.tables import csv_lines
from api.exports.xlsx import book
from api.reports import service
from api.reports.schemas import MonthlyReport
from api.reports.tables import as_lines, tables

router = APIRouter(prefix="/reports", tags=["reports"])
MonthText = Annotated[
    str | None, Query(pattern=r"^(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])$", description="YYYY-MM; this month without it")
]
CONTENT = {
    MEDIA[form].split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for form in (Form.CSV, Form.XLSX)
}


class TableForm(StrEnum):
    """How the tables are written."""

    CSV = "csv"
    XLSX = "xlsx"


@router.get("/monthly")
def get_monthly_report(office: OfficeDep, who: PrincipalDep, month: MonthText = None) -> MonthlyReport:
    """Cases by kind, state, place and hour, what was late, and how long reviewers took (月报)."""
    return service.monthly(office, who, service.month_of(office, month))


@router.get(
    "/monthly.{form}",
    response_class=Response,
    responses={200: {"description": "The tables", "content": CONTENT}},
)
def export_monthly_report(
    office: OfficeDep,
    who: PrincipalDep,
    form: TableForm,
    month: MonthText = None,
    language: Literal["zh", "en"] = "zh",
) -> Response:
    """The same as CSV or XLSX, in Chinese or English; the export is logged."""
    report = service.monthly(office, who, service.month_of(office, month))
    with office.database.writing() as session:
        after = {"form": form.value, "month": report.month}
        record(session, who, office.now(), Event("report.exported", f"report:{report.month}", after=after))
    if form is TableForm.CSV:
        content = "".join(csv_lines(as_lines(report, language))).encode()
    else:
        content = book([(table.title, table.rows) for table in tables(report, language)])
    headers = {"Content-Disposition": f'attachment; filename="report-{report.month}.{form}"'}
    return Response(content, media_type=MEDIA[Form(form.value)], headers=headers)
