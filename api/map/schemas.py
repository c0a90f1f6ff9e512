"""What a map shows, as JSON."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel


class Stage(StrEnum):
    """How far cases are, as a map tells them apart."""

    WAITING = "waiting"
    HANDLING = "handling"
    ENDED = "ended"
    REJECTED = "rejected"


class PlaceCount(BaseModel):
    """One camera, where it stands (degrees; None: nobody said), and its cases in all and by kind, the most first."""

    camera_id: str
    name: str
    district: str
    latitude: float | None
    longitude: float | None
    cases: int
    kinds: dict[str, int]


class MapCounts(BaseModel):
    """Cases that began in `days` up to now; `places` the most cases first (多发区域).

    `hours` counts by weekday (0 Monday) and hour on the office's clock (多发时段), over the last `hour_days` days.
    """

    since: datetime
    until: datetime
    days: int
    total: int
    places: list[PlaceCount]
    hour_days: int
    hours: list[list[int]]
    timezone: str
