"""What the record says beside the incident: of this machine and program, and of the camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from evidence.camera_file import CameraFile
from evidence.grade import GradeLimits
from evidence.manifest import HostClock, MatterCode, PlateState

WITHOUT_PLATE: Final[Mapping[str, PlateState]] = {"street_vending": "not_needed", "exposed_garbage": "not_needed"}


@dataclass(frozen=True, slots=True)
class RecorderContext:
    """What made the record.

    `software_version` is the program's name and version; `codes` gives, for each kind of violation, its codes in
    published lists. `plates` says for each kind what is known of a plate; a kind that is not there is `unchecked`.
    `timestamp_authority` names whom a trusted time stamp is asked of.
    """

    software_version: str
    model_name: str
    model_sha256: str | None = None
    host: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)
    codes: Mapping[str, tuple[MatterCode, ...]] = field(default_factory=dict)
    plates: Mapping[str, PlateState] = field(default_factory=lambda: dict(WITHOUT_PLATE))
    timestamp_authority: str | None = None
    grade_limits: GradeLimits = field(default_factory=GradeLimits)


@dataclass(frozen=True, slots=True)
class UnfitSpan:
    """A stretch of unfit picture: pts in nanoseconds, and the state that the picture was in."""

    from_pts_ns: int
    to_pts_ns: int
    state: str


@dataclass(frozen=True, slots=True)
class CameraContext:
    """The camera at the time of a frame.

    `time_source` is one of `rtcp_sr onvif host file`. The `clock_*` fields say how far that source is off UTC (see
    `evidence.clock_reading`), the offset None when nobody knows; `device_*` say the same of the camera's own clock,
    where it was measured, whatever carried the time. `file` is the camera's legal file, None when there is
    none. By zone id: `zone_hours` gives the hours as JSON, `zone_in_force` whether they hold now,
    `zone_warning_only_until` the last day of warnings; `rules_in_force` says by zone id and kind whether that rule's
    hours hold. `health` is any mapping of figures about the stream. `unfit`
    are the latest stretches in which the picture was unfit.
    """

    camera_id: str
    device_number: str | None = None
    time_source: str = "host"
    clock_offset_ns: int | None = None
    clock_method: str | None = None
    clock_measured_at_ns: int | None = None
    clock_uncertainty_ns: int | None = None
    clock_drift_ppm: float | None = None
    host_clock: HostClock | None = None
    device_offset_ns: int | None = None
    device_uncertainty_ns: int | None = None
    name: str | None = None
    place: str | None = None
    direction: str | None = None
    timezone: str = "Asia/Shanghai"
    file: CameraFile | None = None
    privacy_masks: tuple[tuple[tuple[float, float], ...], ...] = ()
    zone_hours: Mapping[str, object] = field(default_factory=dict)
    zone_in_force: Mapping[str, bool] = field(default_factory=dict)
    rules_in_force: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    zone_warning_only_until: Mapping[str, date] = field(default_factory=dict)
    health: Mapping[str, object] = field(default_factory=dict)
    unfit: tuple[UnfitSpan, ...] = ()

    def in_force(self, zone_id: str, kind: str) -> bool | None:
        """Whether that rule of that zone holds now; None: nobody asked."""
        return self.rules_in_force.get((zone_id, kind), self.zone_in_force.get(zone_id))

    @property
    def judged_clock(self) -> tuple[int | None, int]:
        """Offset and uncertainty (ns) that the grade goes by: those of the worse of the two clocks.

        A time by the host's good clock does not heal a camera whose own clock, which its pictures show, is off.
        """
        carried = self.clock_offset_ns, self.clock_uncertainty_ns or 0
        if carried[0] is None or self.device_offset_ns is None:
            return carried
        device = self.device_offset_ns, self.device_uncertainty_ns or 0
        return max(carried, device, key=lambda each: abs(each[0] or 0) + each[1])
