"""A real font for Chinese and English: Noto Sans CJK (SIL Open Font License), from the system's package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import ImageFont

from evidence.derivatives.errors import DerivativeError

_FOLDERS: Final = (
    Path("/usr/share/fonts/opentype/noto"),
    Path("/usr/share/fonts/google-noto-cjk"),
    Path("/usr/share/fonts/google-noto-sans-cjk-fonts"),
    Path("/usr/share/fonts/noto-cjk"),
    Path("/usr/share/fonts/noto"),
    Path("/usr/local/share/fonts"),
)
_SIMPLIFIED: Final = 2
"""Which face of the collection is the simplified Chinese one: JP, KR, SC, TC, HK."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A face of a font collection: its file and its number in it."""

    path: Path
    number: int = _SIMPLIFIED

    def sized(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The face with glyphs of so many pixels."""
        return ImageFont.truetype(str(self.path), pixels, index=self.number, layout_engine=ImageFont.Layout.BASIC)


def find_font(*, bold: bool = False) -> FontFile:
    """The installed face. Raises DerivativeError that says what to install."""
    name = f"NotoSansCJK-{'Bold' if bold else 'Regular'}.ttc"
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return FontFile(folder / name)
    raise DerivativeError(f"{name} is not installed: apt-get install fonts-noto-cjk (looked in {_FOLDERS[0]}, ...)")
