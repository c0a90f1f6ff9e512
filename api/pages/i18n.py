"""The words of the pages: one JSON catalogue a language, read once, in flat keys such as `review.confirm`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "locales"
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
# What goes into <html lang>: tells the browser which glyphs of shared code points to draw.
TAGS: Mapping[str, str] = {"en": "en", "zh": "zh-CN"}
FALLBACK = "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All words of one language."""
    words: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return words


def translate(language: str, key: str, **values: object) -> str:
    """A text with its `{places}` filled; a key that is missing shows itself."""
    text = catalogue(language).get(key, key)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def choose(accept_language: str) -> str:
    """The best language for an Accept-Language header."""
    ranked = sorted((_quality(part) for part in accept_language.split(",") if part.strip()), key=lambda pair: -pair[1])
    for tag, quality in ranked:
        primary = tag.split("-")[0]
        if primary in LANGUAGES and quality > 0:
            return primary
    return FALLBACK


def _quality(part: str) -> tuple[str, float]:
    tag, _, rest = part.strip().lower().partition(";")
    value = rest.strip().removeprefix("q=")
    try:
        return tag.strip(), float(value) if rest else 1.0
    except ValueError:
        return tag.strip(), 0.0
