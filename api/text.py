"""Texts and times from outside: bounded, without control characters (PostgreSQL refuses NUL, logs must not break)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, StringConstraints


def _no_controls(value: str) -> str:
    if any((ord(char) < 32 and char not in "\n\t") or ord(char) == 127 for char in value):
        raise ValueError("must not contain control characters")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise ValueError("must be valid Unicode")
    return value


def _one_line(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise ValueError("must be one line")
    return _no_controls(value)


ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
Id = Annotated[str, StringConstraints(pattern=rf"^{ID_PATTERN.pattern}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True), AfterValidator(_one_line)]
Note = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True), AfterValidator(_no_controls)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_controls)]


def _near_our_time(value: datetime) -> datetime:
    # At the ends of the calendar a change of the time zone leads out of it.
    if not 1970 <= value.year <= 2200:
        raise ValueError("must be a time between 1970 and 2200")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_near_our_time)]
