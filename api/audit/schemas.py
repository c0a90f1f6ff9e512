"""The audit log as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class AuditRow(BaseModel):
    """One row."""

    model_config = ConfigDict(from_attributes=True)
    sequence: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    subject: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous_hash: str
    entry_hash: str


class AuditPage(BaseModel):
    """Newest rows first; `next` is the `before` of the following page."""

    items: list[AuditRow]
    next: int | None


class AuditCheck(BaseModel):
    """Whether the whole log holds."""

    model_config = ConfigDict(from_attributes=True)
    entries: int
    holds: bool
    broken_at: int | None
    problem: str | None
