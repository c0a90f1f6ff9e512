"""Matter codes as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.text import Id, Line, Note


class CodeIn(BaseModel):
    """What the office sets for a code: `handling_hours` is 处置时限 in working hours, `kind` what the cameras find."""

    model_config = ConfigDict(extra="forbid")
    standard_ref: Line
    name_zh: Line
    name_en: Line
    kind: Id | None = None
    valid_until: date | None = None
    handling_hours: Annotated[float, Field(gt=0, le=2000)] | None = None
    filing_condition: Note = ""
    closing_condition: Note = ""
    unit: Annotated[str, Field(max_length=120)] = ""
    source: Note = ""


class CodeView(CodeIn):
    """A code from one day on."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    code: str
    valid_from: date


class CodeList(BaseModel):
    """Codes by number."""

    items: list[CodeView]
