"""Alarms as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.text import Note


class AlarmView(BaseModel):
    """One alarm; open while `closed_at` is null. `figures` are what made it one."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    kind: str
    subject: str
    camera_id: str | None
    worker_id: str | None
    detail: str
    figures: dict[str, Any]
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


class AlarmList(BaseModel):
    """Alarms, the newest first."""

    items: list[AlarmView]


class AlarmCounts(BaseModel):
    """How many are open, and how many of them nobody has acknowledged."""

    open: int
    unacknowledged: int


class AcknowledgementIn(BaseModel):
    """What is being done about it."""

    model_config = ConfigDict(extra="forbid")
    note: Note = ""
