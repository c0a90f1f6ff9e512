"""What workers ask for and report, as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.text import Id, Line


class WorkerZone(BaseModel):
    """A zone as a worker needs it."""

    id: str
    zone_class: Annotated[str, Field(serialization_alias="class")]
    version: int
    polygon: list[tuple[float, float]]
    rules: list[dict[str, Any]]
    warning_only_until: date | None


class WorkerCamera(BaseModel):
    """A camera as a worker needs it: the whole address, credentials included."""

    id: str
    url: str
    transport: str
    name: str
    device_number: str | None
    timezone: str
    file: Annotated[dict[str, Any], Field(description="The camera's legal file, without what is empty")]
    zones: list[WorkerZone]
    place: str | None
    direction: str | None
    privacy_masks: list[list[tuple[float, float]]]
    onvif_url: str | None


class WorkerConfig(BaseModel):
    """All enabled cameras."""

    cameras: list[WorkerCamera]


class CameraReport(BaseModel):
    """A stream's health; figures beyond these two fields are kept as they come."""

    model_config = ConfigDict(extra="allow")
    camera_id: Id
    state: Line


class HeartbeatIn(BaseModel):
    """A worker's sign of life; figures beyond these fields are kept as they come."""

    model_config = ConfigDict(extra="allow")
    worker_id: Id
    software: Line
    model: dict[str, Any] = {}
    cameras: Annotated[list[CameraReport], Field(max_length=10_000)] = []


class HeartbeatAnswer(BaseModel):
    """The tag of the configuration that holds now."""

    config_etag: str


class WorkerView(BaseModel):
    """The latest word of a worker; `lost` when it has been silent too long."""

    worker_id: str
    software: str
    received_at: datetime
    lost: bool
    body: dict[str, Any]


class HealthReport(BaseModel):
    """How the system is: workers, cameras by state, packages that wait for somebody."""

    workers: list[WorkerView]
    cameras_by_state: dict[str, int]
    quarantined: int
    cases: dict[str, int]
