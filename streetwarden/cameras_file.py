"""The cameras FILE: YAML that is refused with file, line, key and reason, or becomes typed cameras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detector.calendar import ZoneName
from detector.rules.base import RuleConfig
from detector.zones import Point, Zone, check_polygon
from evidence.camera_file import CameraFile
from evidence.text import Text
from streetwarden.errors import UsageError
from streetwarden.yaml_file import locate, read_yaml

Mask = Annotated[tuple[Point, ...], AfterValidator(check_polygon)]


class CameraConfig(BaseModel):
    """One camera with its zones, as the YAML file and the API's worker configuration both write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Unique; letters, digits, . _ -")
    url: str = Field(min_length=1, description="rtsp(s)://, http(s):// or the path of a clip")
    name: str = ""
    device_number: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    timezone: ZoneName = "Asia/Shanghai"
    zones: tuple[Zone, ...] = ()
    place: Text | None = Field(None, description="Where it stands, for people")
    direction: Text | None = Field(None, description="Where it looks")
    file: CameraFile | None = Field(None, description="Its legal file: without it, everything stays a lead")
    privacy_masks: tuple[Mask, ...] = Field((), max_length=64, description="What nobody may look at, in 0..1")
    onvif_url: str | None = Field(None, pattern=r"^https?://", description="Its device service, to measure its clock")

    @property
    def local_zones(self) -> tuple[Zone, ...]:
        """The zones, with the camera's time zone in every schedule that names none of its own."""
        return tuple(
            zone.model_copy(update={"rules": tuple(self._local(rule) for rule in zone.rules)}) for zone in self.zones
        )

    def _local(self, rule: RuleConfig) -> RuleConfig:
        if "timezone" in rule.schedule.model_fields_set:
            return rule
        schedule = rule.schedule.model_copy(update={"timezone": self.timezone})
        return rule.model_copy(update={"schedule": schedule})


class CamerasFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cameras: tuple[CameraConfig, ...] = Field(min_length=1)


def load_cameras(path: Path) -> tuple[CameraConfig, ...]:
    """Read and check a cameras file. Raises UsageError: one line with file, line number, key and reason."""
    file, root = read_yaml(path, CamerasFile, "cameras file")
    _refuse_duplicate_ids(path, root, file.cameras)
    return file.cameras


def _refuse_duplicate_ids(path: Path, root: yaml.Node, cameras: Sequence[CameraConfig]) -> None:
    seen: set[str] = set()
    for index, camera in enumerate(cameras):
        if camera.id in seen:
            line, key = locate(root, ("cameras", index, "id"))
            raise UsageError(f"{path}:{line}: {key}: the id '{camera.id}' stands twice; ids are unique")
        seen.add(camera.id)
        _refuse_duplicate_zone_ids(path, root, index, camera)


def _refuse_duplicate_zone_ids(path: Path, root: yaml.Node, camera_index: int, camera: CameraConfig) -> None:
    seen: set[str] = set()
    for index, zone in enumerate(camera.zones):
        if zone.id in seen:
            line, key = locate(root, ("cameras", camera_index, "zones", index, "id"))
            raise UsageError(f"{path}:{line}: {key}: the id '{zone.id}' stands twice in this camera")
        seen.add(zone.id)
