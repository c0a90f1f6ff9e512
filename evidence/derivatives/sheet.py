"""The composite sheet: the pictures of a package side by side, and a table of what it says."""

from __future__ import annotations

from typing import Final

from PIL import Image as Pillow
from PIL import ImageDraw

from evidence.derivatives.canvas import FAINT, INK, PAPER, Table, fitted
from evidence.derivatives.facts import case_rows, local_time
from evidence.derivatives.fonts import FontFile
from evidence.derivatives.overlay import clean_still
from evidence.derivatives.source import SealedSource
from evidence.derivatives.words import Language, purpose_name, text
from evidence.manifest import Derived

_WIDTH: Final = 1920
_GAP: Final = 32
_LETTER: Final = 24
_TITLE: Final = 44
_TALLEST: Final = 620


def sheet(source: SealedSource, font: FontFile, bold: FontFile, language: Language) -> Pillow.Image:
    """Up to three panoramas in a row, the cut-outs and the table below."""
    panoramas = list(source.panoramas)[:3]
    cut_outs = [still for still in source.stills if still not in source.panoramas][:1]
    top = _cells(source, panoramas, font, language, _WIDTH)
    left = _cells(source, cut_outs, font, language, _WIDTH // 2 - _GAP)
    table = Table(case_rows(source.manifest, language), font, _LETTER, _WIDTH // 2 - 2 * _GAP)
    below = max(table.height, left.height)
    whole = Pillow.new("RGB", (_WIDTH, _TITLE * 2 + top.height + below + 4 * _GAP + _LETTER), PAPER)
    draw = ImageDraw.Draw(whole)
    draw.text((_GAP, _GAP), text("title", language), font=bold.sized(_TITLE), fill=INK)
    y = _TITLE * 2 + _GAP
    whole.paste(top, (0, y))
    y += top.height + _GAP
    whole.paste(left, (0, y))
    table.draw(draw, _WIDTH // 2 + _GAP // 2, y, ink=INK, faint=FAINT)
    draw.text((_GAP, whole.height - _GAP - _LETTER), text("derived", language), font=font.sized(_LETTER), fill=FAINT)
    return whole


def _cells(source: SealedSource, stills: list[Derived], font: FontFile, language: Language, width: int) -> Pillow.Image:
    """Stills side by side, each with its name, time and code under it."""
    if not stills:
        return Pillow.new("RGB", (width, _GAP), PAPER)
    share = (width - _GAP * (len(stills) + 1)) // len(stills)
    pictures = [fitted(clean_still(source, still), share, _TALLEST) for still in stills]
    letter = font.sized(_LETTER - 2)
    height = max(picture.height for picture in pictures)
    row = Pillow.new("RGB", (width, height + 4 * _LETTER), PAPER)
    draw = ImageDraw.Draw(row)
    for index, (still, picture) in enumerate(zip(stills, pictures, strict=True)):
        left = _GAP + index * (share + _GAP)
        row.paste(picture, (left, 0))
        name = f"{purpose_name(still.purpose, language)}  {source.code(still.sha256)}"
        draw.text((left, height + 6), name, font=letter, fill=INK)
        draw.text((left, height + 12 + _LETTER), local_time(source.manifest, still.at_ns), font=letter, fill=FAINT)
    return row
