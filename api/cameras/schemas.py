"""Cameras as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.cameras.addresses import check_address, check_timezone
from api.cameras.files import FileState, read_file
from api.text import Id, Line
from evidence.camera_file import CameraFile

Address = Annotated[str, Field(max_length=1000), AfterValidator(check_address)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(check_timezone)]
District = Annotated[str, Field(max_length=64, pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
Transport = Literal["tcp", "udp"]


class CameraUpdate(BaseModel):
    """What may change; a field that is left out stays. `version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    name: Line | None = None
    url: Address | None = None
    transport: Transport | None = None
    device_number: Line | None = None
    timezone: TimeZone | None = None
    enabled: bool | None = None
    district: District | None = None
    file: CameraFile | None = None


class CameraIn(BaseModel):
    """A new camera; `url` may hold credentials, which only workers ever see again."""

    model_config = ConfigDict(extra="forbid")
    id: Id
    url: Address
    name: Line | None = None
    transport: Transport = "tcp"
    device_number: Line | None = None
    timezone: TimeZone = "Asia/Shanghai"
    enabled: bool = True
    district: District = ""
    file: CameraFile = Field(default_factory=lambda: read_file({}))


class HealthView(BaseModel):
    """The latest word of a worker about a camera; `stale` when it is old."""

    model_config = ConfigDict(from_attributes=True)
    state: str
    worker_id: str
    received_at: datetime
    stale: bool
    body: dict[str, Any]


class CameraView(BaseModel):
    """A camera; `url_shown` has no credentials."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    name: str
    url_shown: str
    transport: str
    device_number: str | None
    timezone: str
    enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime
    zones: int
    health: HealthView | None
    district: str
    file: CameraFile
    file_state: FileState


class CameraList(BaseModel):
    """All cameras by id."""

    items: list[CameraView]
