"""Cameras as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_serializer

from api.cameras.addresses import check_address, check_timezone
from api.cameras.files import FileState, read_file
from api.text import Id, Line
from api.zones.schemas import Outline, Point
from evidence.camera_file import CameraFile
from evidence.text import Text

Address = Annotated[str, Field(max_length=1000), AfterValidator(check_address)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(check_timezone)]
District = Annotated[str, Field(max_length=64, pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
Transport = Literal["tcp", "udp"]
Words = Annotated[Text, StringConstraints(min_length=1, strip_whitespace=True)]
Masks = Annotated[list[Outline], Field(max_length=64)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east")]
# No credentials: a camera tells its time to everybody.
DeviceService = Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$")]


def as_lists(masks: list[list[Point]] | None) -> list[list[list[float]]] | None:
    """Masks as JSON stores them, so that what was told can be compared with what is stored."""
    return None if masks is None else [[[x, y] for x, y in mask] for mask in masks]


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
    place: Words | None = None
    direction: Words | None = None
    privacy_masks: Masks | None = None
    onvif_url: DeviceService | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    _plain = field_serializer("privacy_masks")(as_lists)


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
    place: Annotated[Words | None, Field(description="Where it stands, for people")] = None
    direction: Annotated[Words | None, Field(description="Where it looks")] = None
    privacy_masks: Annotated[Masks, Field(description="What nobody may look at, in 0..1 of the picture")] = []
    onvif_url: Annotated[DeviceService | None, Field(description="Its device service, to measure its clock")] = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    _plain = field_serializer("privacy_masks")(as_lists)


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
    place: str | None
    direction: str | None
    privacy_masks: list[list[Point]]
    onvif_url: str | None
    latitude: float | None
    longitude: float | None


class CameraList(BaseModel):
    """All cameras by id."""

    items: list[CameraView]
