"""Incidents as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from api.text import Id, Line

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
Utc = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
Pixels = Annotated[int, Field(ge=1, le=65_535)]


class IncidentIn(BaseModel):
    """The state of an incident as its worker sees it; boxes are pixels of a picture of `frame_size_wh`."""

    model_config = ConfigDict(extra="forbid")
    camera_id: Id
    zone_id: Id
    zone_version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    kind: Id
    state: Literal["pending", "confirmed", "ended"]
    started_at: Utc | None
    confirmed_at: Utc | None = None
    ended_at: Utc | None = None
    score: Finite | None = None
    box_xyxy: tuple[Finite, Finite, Finite, Finite] | None = None
    frame_size_wh: tuple[Pixels, Pixels] | None = None
    grade: Literal["lead", "evidence"] | None = None
    reasons: Annotated[list[Line], Field(max_length=64)] = []


class IncidentView(BaseModel):
    """An incident as stored: the latest state that any worker told."""

    model_config = ConfigDict(from_attributes=True)
    incident_id: str
    camera_id: str
    zone_id: str
    zone_version: int
    kind: str
    state: str
    started_at: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    score: float | None
    box_xyxy: list[float] | None
    frame_size_wh: list[int] | None
    grade: str | None
    reasons: list[str]
    updated_at: datetime
