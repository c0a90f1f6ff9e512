"""The page that is handed over: A4, in Chinese or English, with its fonts inside."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import fpdf
from fpdf.enums import WrapMode
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Case, MatterCode, Package, Reminder
from api.errors import BusyError
from api.office import Office
from api.office_data.service import read
from api.pages.i18n import translate
from api.reminders.schemas import ReminderState
from api.reminders.service import find_one, number_shown
from api.worktime.calendar import WorkCalendar
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.fonts import find_font

FAMILY = "noto"
MARGIN_MM, WIDTH_MM = 22.0, 210.0 - 2 * 22.0
LABEL_MM, LINE_MM = 42.0, 6.4


@dataclass(frozen=True, slots=True)
class Matter:
    """What the page says beside the reminder itself: when, which code, and the sealed package that shows it."""

    seen_at: datetime
    code: str
    name_zh: str
    name_en: str
    package_id: str
    manifest_sha256: str


def print_out(office: Office, who: Principal, reminder_id: int, language: str) -> bytes:
    """The page as PDF, and a row in the log that it was printed; raise `NotFoundError`; `BusyError` without fonts."""
    with office.database.reading() as session:
        reminder, case = find_one(session, who, reminder_id)
        matter = _matter(session, case)
        zone = ZoneInfo(read(session, WorkCalendar).value.timezone)
    try:
        page = draw(reminder, matter, zone, language)
    except DerivativeError as error:
        raise BusyError(str(error)) from error
    with office.database.writing() as session:
        after = {"language": language, "number": number_shown(reminder), "case_id": case.id}
        record(session, who, office.now(), Event("paper.printed", f"reminder:{reminder.id}", after=after))
    return page


def _matter(session: Session, case: Case) -> Matter:
    code = session.scalars(
        select(MatterCode).where(MatterCode.code == case.code).order_by(MatterCode.valid_from.desc())
    ).first()
    packages = select(Package).where(Package.case_id == case.id).order_by(Package.received_at, Package.package_id)
    package = session.scalars(packages).first()
    return Matter(
        seen_at=case.started_at or case.created_at,
        code=f"{code.code} ({code.standard_ref})" if code else case.code or "",
        name_zh=code.name_zh if code else translate("zh", f"kind.{case.kind}"),
        name_en=code.name_en if code else translate("en", f"kind.{case.kind}"),
        package_id=package.package_id if package else "",
        manifest_sha256=package.manifest_sha256 if package else "",
    )


def draw(reminder: Reminder, matter: Matter, zone: ZoneInfo, language: str) -> bytes:
    """The page's bytes; the same reminder gives the same ones. Raises `DerivativeError` when the fonts are missing."""
    # The subsetting of the font tells every table that it leaves out.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    pdf = _blank(reminder)
    words = dict(_words(reminder, matter, zone, language))
    _head(pdf, reminder, language)
    _paragraphs(pdf, words, language)
    _rows(pdf, _facts(reminder, matter, zone, language))
    _seal(pdf, reminder, zone, language)
    _signatures(pdf, language)
    return bytes(pdf.output())


def _blank(reminder: Reminder) -> fpdf.FPDF:
    regular, bold = find_font(), find_font(bold=True)
    pdf = fpdf.FPDF(format="A4")
    pdf.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
    pdf.set_creation_date(reminder.issued_at)
    pdf.set_title(number_shown(reminder))
    pdf.add_font(FAMILY, "", regular.path, collection_font_number=regular.number)
    pdf.add_font(FAMILY, "B", bold.path, collection_font_number=bold.number)
    pdf.add_page()
    return pdf


def _head(pdf: fpdf.FPDF, reminder: Reminder, language: str) -> None:
    pdf.set_font(FAMILY, "", 12)
    _line(pdf, reminder.issuer, 8, "C")
    pdf.set_font(FAMILY, "B", 22)
    _line(pdf, translate(language, "paper.title"), 13, "C")
    pdf.set_font(FAMILY, "", 11)
    _line(pdf, number_shown(reminder), 8, "C")
    if reminder.state == ReminderState.VOID:
        pdf.set_font(FAMILY, "B", 16)
        pdf.set_text_color(173, 32, 24)
        _line(pdf, translate(language, "paper.void"), 9, "C")
        pdf.set_text_color(0)
    pdf.set_draw_color(120)
    pdf.line(MARGIN_MM, pdf.get_y() + 2, MARGIN_MM + WIDTH_MM, pdf.get_y() + 2)
    pdf.ln(7)


def _line(pdf: fpdf.FPDF, text: str, height_mm: float, align: str) -> None:
    pdf.multi_cell(WIDTH_MM, height_mm, text, align=align, new_x="LMARGIN", new_y="NEXT")


def _words(reminder: Reminder, matter: Matter, zone: ZoneInfo, language: str) -> list[tuple[str, str]]:
    values = {
        "subject": reminder.subject,
        "seen": local(matter.seen_at, zone, language),
        "place": reminder.place,
        "matter": matter.name_zh if language == "zh" else matter.name_en,
        "code": matter.code,
        "hours": f"{reminder.hours:g}",
        "due": local(reminder.due_at, zone, language),
        "demand": reminder.demand,
    }
    deadline = "paper.deadline_served" if reminder.served_at else "paper.deadline_open"
    names = ("paper.to", "paper.found", "paper.demand", deadline, "paper.otherwise")
    return [(name, translate(language, name, **values)) for name in names]


def local(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """A time on the office's own clock, as its language writes it."""
    at = moment.astimezone(zone)
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
    return f"{at.day} {at:%B %Y, %H:%M}"


def _paragraphs(pdf: fpdf.FPDF, words: dict[str, str], language: str) -> None:
    for number, (name, text) in enumerate(words.items()):
        pdf.set_font(FAMILY, "B" if name == "paper.to" or name.startswith("paper.deadline") else "", 12)
        indent = "　　" if language == "zh" and number else ""
        # Chinese breaks between any two characters, English between words.
        wrap = WrapMode.CHAR if language == "zh" else WrapMode.WORD
        pdf.multi_cell(WIDTH_MM, 7.4, indent + text, align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=wrap)
        pdf.ln(1.6)
    pdf.ln(3)


def _facts(reminder: Reminder, matter: Matter, zone: ZoneInfo, language: str) -> list[tuple[str, str]]:
    served = local(reminder.served_at, zone, language) if reminder.served_at else ""
    how = translate(language, f"service.{reminder.served_how}") if reminder.served_how else ""
    found: list[tuple[str, Any]] = [
        ("reminders.case", reminder.case_id),
        ("reminders.subject_ref", reminder.subject_ref or ""),
        ("reminders.issued", f"{local(reminder.issued_at, zone, language)}  {reminder.issued_by}"),
        ("paper.package", f"{matter.package_id}\nSHA-256\n{matter.manifest_sha256}" if matter.package_id else ""),
        ("paper.served", "  ".join(each for each in (served, how, reminder.served_to or "") if each)),
    ]
    return [(translate(language, name), str(value)) for name, value in found]


def _rows(pdf: fpdf.FPDF, rows: list[tuple[str, str]]) -> None:
    pdf.set_draw_color(200)
    for name, value in rows:
        pdf.set_font(FAMILY, "", 10)
        top = pdf.get_y()
        pdf.line(MARGIN_MM, top, MARGIN_MM + WIDTH_MM, top)
        pdf.set_text_color(90)
        pdf.multi_cell(LABEL_MM, LINE_MM, name, align="L", new_x="RIGHT", new_y="TOP", max_line_height=LINE_MM)
        under = top + LINE_MM
        pdf.set_text_color(0)
        # A hash fits a line when it is small.
        pdf.set_font_size(8 if len(value) > 70 else 10)
        pdf.multi_cell(WIDTH_MM - LABEL_MM, LINE_MM, value or " ", align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.set_y(max(under, pdf.get_y()) + 0.6)
    pdf.ln(6)


def _seal(pdf: fpdf.FPDF, reminder: Reminder, zone: ZoneInfo, language: str) -> None:
    """Where the office's seal goes: over its name and the date."""
    pdf.set_font(FAMILY, "", 11)
    _line(pdf, reminder.issuer, 7, "R")
    _line(pdf, local(reminder.issued_at, zone, language).rpartition(" ")[0].rstrip(","), 7, "R")
    pdf.ln(8)


def _signatures(pdf: fpdf.FPDF, language: str) -> None:
    """Two officers (Administrative Penalty Law, art. 42) and the addressee, with room to sign."""
    pdf.set_font(FAMILY, "", 11)
    pdf.set_draw_color(120)
    for name in ("paper.officer_1", "paper.officer_2", "paper.receipt"):
        top = pdf.get_y()
        text = translate(language, name)
        pdf.multi_cell(WIDTH_MM * 0.42, 7, text, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.line(MARGIN_MM + WIDTH_MM * 0.44, top + 7, MARGIN_MM + WIDTH_MM, top + 7)
        pdf.set_y(max(pdf.get_y(), top + 7) + 7)
