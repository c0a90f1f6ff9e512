"""The forms of texts, ids and times that every signed document of this room is made of."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

NANOSECONDS_PATTERN: Final = "-?(0|[1-9][0-9]{0,18})"
_NANOSECONDS = re.compile(NANOSECONDS_PATTERN)


def _read_nanoseconds(value: object) -> object:
    if isinstance(value, str) and _NANOSECONDS.fullmatch(value) and value != "-0":
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("expected whole nanoseconds as a decimal string")


Nanoseconds = Annotated[
    int,
    BeforeValidator(_read_nanoseconds),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{NANOSECONDS_PATTERN}$"}),
]
"""An int in Python, a decimal string in JSON: RFC 8785 refuses integers beyond 2^53."""
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Identifier = Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9_-]{0,63}\z")]
Text = Annotated[str, Field(max_length=400, pattern=r"\A[^\x00-\x1f\x7f\u0085\u2028\u2029]*\z")]
Day = Annotated[date, Field(strict=False)]
"""A calendar day in the camera's own time zone; `YYYY-MM-DD` in JSON and YAML."""


class Part(BaseModel):
    """A part of a signed document: strict, frozen, and without room for unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )
