"""What the record says beside the incident: of this machine and program, and of the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evidence.manifest import MatterCode

TimeSourceName = Literal["rtcp_sr", "onvif", "host", "file"]


@dataclass(frozen=True, slots=True)
class RecorderContext:
    """What made the record.

    `software_version` is the program's name and version; `codes` gives, for each kind of violation, its codes in
    published lists.
    """

    software_version: str
    model_name: str
    model_sha256: str | None = None
    host: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)
    codes: Mapping[str, tuple[MatterCode, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CameraContext:
    """The camera at the time of a frame.

    `time_source` is one of `rtcp_sr onvif host file`; the clock's offset is in nanoseconds against UTC, None when
    nobody measured it. `file_complete` says whether the camera's legal file is in order. `zone_hours` gives, by zone
    id, the hours in force as JSON. `health` is any mapping of figures about the stream.
    """

    camera_id: str
    device_number: str | None = None
    time_source: str = "host"
    clock_offset_ns: int | None = None
    clock_method: str | None = None
    clock_measured_at_ns: int | None = None
    file_complete: bool = False
    zone_hours: Mapping[str, object] = field(default_factory=dict)
    health: Mapping[str, object] = field(default_factory=dict)
