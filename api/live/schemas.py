"""Live views as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.text import Line

Why = Annotated[Line, StringConstraints(min_length=3)]


class LiveIn(BaseModel):
    """Why somebody wants to look at a street now; it is written down."""

    model_config = ConfigDict(extra="forbid")
    reason: Why


class LiveOut(BaseModel):
    """Where the pictures come, and until when."""

    id: str
    url: str
    until: datetime
