"""The A4 page: pictures, table and a QR code that names the package and its hash, as PDF with its fonts inside."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import fpdf
import segno
from PIL import Image as Pillow

from evidence.derivatives.canvas import to_jpeg
from evidence.derivatives.facts import case_rows, local_time
from evidence.derivatives.fonts import FontFile
from evidence.derivatives.overlay import clean_still
from evidence.derivatives.source import SealedSource
from evidence.derivatives.words import Language, label, purpose_name, text
from evidence.manifest import Derived

TOOL: Final = f"fpdf2 {fpdf.__version__}, segno {segno.__version__}"
_FAMILY: Final = "noto"
_MARGIN: Final = 14.0
_WIDTH: Final = 210.0 - 2 * _MARGIN
_QR: Final = 30.0
_LABEL: Final = 38.0
_LINE: Final = 4.6
_COLUMN: Final = (_WIDTH - 6) / 2
_PICTURE_HEIGHT: Final = 66.0
_CAPTION: Final = 12.0
_PRINTED_PIXELS: Final = 1280


def page(
    source: SealedSource, font: FontFile, bold: FontFile, language: Language, verify_url: str | None = None
) -> bytes:
    """The page as PDF; the same package gives the same bytes.

    With `verify_url` the QR code is an address of the office with the package's id and hash; without it the two alone.
    """
    # The subsetting of the font tells every table that it leaves out.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    pdf = _blank(source, font, bold)
    _head(pdf, source, language, verify_url)
    _table(pdf, case_rows(source.manifest, language))
    _pictures(pdf, source, language)
    _foot(pdf, language)
    return bytes(pdf.output())


def qr_content(source: SealedSource, verify_url: str | None) -> str:
    """What the QR code says."""
    named = {"package": source.manifest.package_id, "sha256": source.manifest_sha256}
    return f"{verify_url}?{urlencode(named)}" if verify_url else f"streetwarden:{urlencode(named)}"


def _blank(source: SealedSource, font: FontFile, bold: FontFile) -> fpdf.FPDF:
    pdf = fpdf.FPDF(format="A4")
    pdf.set_margins(_MARGIN, _MARGIN, _MARGIN)
    pdf.set_auto_page_break(auto=True, margin=_MARGIN)
    pdf.set_creation_date(datetime.fromtimestamp(source.manifest.sealed_at_ns // 1_000_000_000, UTC))
    pdf.set_title(source.manifest.package_id)
    pdf.set_creator(source.manifest.made_by.software)
    pdf.add_font(_FAMILY, "", font.path, collection_font_number=font.number)
    pdf.add_font(_FAMILY, "B", bold.path, collection_font_number=bold.number)
    pdf.add_page()
    return pdf


def _head(pdf: fpdf.FPDF, source: SealedSource, language: Language, verify_url: str | None) -> None:
    sink = io.BytesIO()
    segno.make(qr_content(source, verify_url), error="m", micro=False).save(sink, kind="png", scale=8, border=2)
    pdf.image(sink, x=210 - _MARGIN - _QR, y=_MARGIN, w=_QR)
    left = _WIDTH - _QR - 4
    pdf.set_font(_FAMILY, "B", 18)
    pdf.cell(left, 10, text("title", language), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(_FAMILY, "", 8)
    for name, value in (("package", source.manifest.package_id), ("hash", source.manifest_sha256)):
        pdf.multi_cell(left, 4, f"{label(name, language)}: {value}", new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.multi_cell(left, 4, text("scan", language), new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.set_y(max(pdf.get_y(), _MARGIN + _QR) + 3)


def _table(pdf: fpdf.FPDF, rows: list[tuple[str, str]]) -> None:
    pdf.set_draw_color(200)
    for name, value in rows:
        pdf.set_font(_FAMILY, "", 9)
        top = pdf.get_y()
        pdf.line(_MARGIN, top, _MARGIN + _WIDTH, top)
        pdf.set_text_color(90)
        pdf.multi_cell(_LABEL, _LINE, name, align="L", new_x="RIGHT", new_y="TOP", max_line_height=_LINE)
        under = pdf.get_y() + _LINE
        pdf.set_text_color(0)
        pdf.multi_cell(_WIDTH - _LABEL, _LINE, value, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.set_y(max(under, pdf.get_y()) + 0.6)
    pdf.ln(3)


def _pictures(pdf: fpdf.FPDF, source: SealedSource, language: Language) -> None:
    """Two in a row, each with its name, its time and its code."""
    stills = source.stills
    for start in range(0, len(stills), 2):
        row = [(still, _printable(source, still)) for still in stills[start : start + 2]]
        scales = [min(_COLUMN / picture.width, _PICTURE_HEIGHT / picture.height) for _, picture in row]
        height = max(picture.height * scale for (_, picture), scale in zip(row, scales, strict=True))
        if pdf.get_y() + height + _CAPTION > 297 - _MARGIN:
            pdf.add_page()
        top = pdf.get_y()
        for column, ((still, picture), scale) in enumerate(zip(row, scales, strict=True)):
            left = _MARGIN + column * (_COLUMN + 6)
            pdf.image(io.BytesIO(to_jpeg(picture)), x=left, y=top, w=picture.width * scale)
            pdf.set_xy(left, top + height + 1)
            pdf.set_font(_FAMILY, "", 8)
            pdf.multi_cell(_COLUMN, 4, _caption(source, still, language), align="L")
        pdf.set_xy(_MARGIN, top + height + _CAPTION)


def _caption(source: SealedSource, still: Derived, language: Language) -> str:
    name = f"{purpose_name(still.purpose, language)}  {source.code(still.sha256)}"
    return f"{name}\n{local_time(source.manifest, still.at_ns)}"


def _printable(source: SealedSource, still: Derived) -> Pillow.Image:
    picture = clean_still(source, still)
    picture.thumbnail((_PRINTED_PIXELS, _PRINTED_PIXELS), Pillow.Resampling.LANCZOS)
    return picture


def _foot(pdf: fpdf.FPDF, language: Language) -> None:
    pdf.set_font(_FAMILY, "", 8)
    pdf.set_text_color(90)
    pdf.multi_cell(_WIDTH, 4, text("derived", language), align="L")
