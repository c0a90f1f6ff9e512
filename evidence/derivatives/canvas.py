"""Text and lines on pictures: Pillow with a real font, wrapped to a width, the same bytes for the same words."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, __version__

from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.facts import Rows
from evidence.derivatives.fonts import FontFile
from streams.frame import Image

JPEG_QUALITY = 90
TOOL = f"Pillow {__version__}, JPEG quality {JPEG_QUALITY}"
INK, PAPER, FAINT = (20, 22, 26), (255, 255, 255), (96, 102, 112)
_LINE = 1.45

Colour = tuple[int, int, int]


def to_pillow(image: Image) -> Pillow.Image:
    """A `bgr24` picture for Pillow."""
    return Pillow.fromarray(np.ascontiguousarray(image[..., ::-1]))


def to_jpeg(picture: Pillow.Image) -> bytes:
    """The picture as JPEG."""
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return sink.getvalue()


def fitted(picture: Pillow.Image, width: int, height: int) -> Pillow.Image:
    """The picture as large as it fits into width and height; enlarged four times at most."""
    scale = min(width / picture.width, height / picture.height, 4.0)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Pillow.Resampling.LANCZOS)


def wrapped(words: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines of at most `width` pixels; breaks at spaces, and within what is longer than a line (Chinese has none)."""
    lines, line = [], ""
    for piece in _pieces(words):
        if line and font.getlength(line + piece) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()]


def _pieces(words: str) -> list[str]:
    """Where a line may break: after a space, and around every Chinese character."""
    pieces, piece = [], ""
    for char in words:
        if ord(char) >= 0x2E80:
            pieces += [piece, char] if piece else [char]
            piece = ""
            continue
        piece += char
        if char in " ,;/-":
            pieces.append(piece)
            piece = ""
    return [*pieces, piece] if piece else pieces


class Table:
    """Rows of label and value in a column of `width` pixels."""

    def __init__(self, rows: Rows, font: FontFile, pixels: int, width: int) -> None:
        self._font, self._pixels = font.sized(pixels), pixels
        self._label_width = round(max(self._font.getlength(name) for name, _ in rows) + pixels)
        left = width - self._label_width
        if left < 4 * pixels:
            raise DerivativeError(f"a column of {width} pixels is too narrow for letters of {pixels}")
        self._rows = [(name, wrapped(value, self._font, left)) for name, value in rows]

    @property
    def height(self) -> int:
        """Pixels that the table takes."""
        return round(sum(len(lines) for _, lines in self._rows) * self._pixels * _LINE)

    def draw(self, draw: ImageDraw.ImageDraw, left: int, top: int, *, ink: Colour, faint: Colour) -> None:
        """Write it with its upper left corner there."""
        y = float(top)
        for name, lines in self._rows:
            draw.text((left, round(y)), name, font=self._font, fill=faint)
            for line in lines:
                draw.text((left + self._label_width, round(y)), line, font=self._font, fill=ink)
                y += self._pixels * _LINE


def halves(rows: Rows) -> Sequence[Rows]:
    """Rows for two columns, the first no shorter."""
    middle = (len(rows) + 1) // 2
    return [part for part in (rows[:middle], rows[middle:]) if part]
