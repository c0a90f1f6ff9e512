"""The broker's state as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class BrokerView(BaseModel):
    """`url` is None when no broker is configured; `waiting` rows of the log were not looked at for it yet."""

    url: str | None
    topic: str
    username: str | None
    actions: list[str]
    cursor: int | None
    waiting: int
    failures: int
    next_try_at: datetime | None
    last_error: str | None
