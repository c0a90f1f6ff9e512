"""What a package says of a camera: its own file and zones, and how it was when the picture was taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from evidence.context import CameraContext, UnfitSpan
from streams.fitness.state import PictureState
from streams.frame import Frame
from streetwarden.cameras_file import CameraConfig
from streetwarden.clocks import CameraTime

MOST_UNFIT_LOOKS = 256
UNSEEN = "unseen"
"""A stretch in which nobody looked: the worker was away."""


class CameraFacts:
    """Made once for a camera's configuration. `note` and `context` belong to whoever looks, one call at a time."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._zones = config.local_zones
        self._hours = zone_hours(config)
        self._unfit_looks: deque[tuple[int, PictureState]] = deque(maxlen=MOST_UNFIT_LOOKS)

    def note(self, frame: Frame) -> None:
        """Remember in which state an unfit picture was."""
        if not frame.fitness.is_fit:
            self._unfit_looks.append((frame.pts_ns, frame.fitness.state))

    def context(
        self, frame: Frame, health: Mapping[str, object], time: CameraTime, unfit: Sequence[tuple[int, int]]
    ) -> CameraContext:
        """The camera at the time of `frame`; `unfit` are times (from, to; pts ns) of unfit pictures."""
        config, reading = self._config, time.reading
        return CameraContext(
            camera_id=config.id,
            device_number=config.device_number,
            time_source=frame.time_source.value,
            clock_offset_ns=reading.offset_ns,
            clock_method=reading.method,
            clock_measured_at_ns=reading.measured_at_ns,
            clock_uncertainty_ns=reading.uncertainty_ns,
            clock_drift_ppm=reading.drift_ppm,
            host_clock=reading.host,
            device_offset_ns=time.device_offset_ns,
            device_uncertainty_ns=time.device_uncertainty_ns,
            name=config.name or None,
            place=config.place,
            direction=config.direction,
            timezone=config.timezone,
            file=config.file,
            privacy_masks=config.privacy_masks,
            zone_hours=self._hours,
            rules_in_force=self._in_force(frame.captured_at_ns),
            zone_warning_only_until={
                zone.id: zone.warning_only_until for zone in self._zones if zone.warning_only_until is not None
            },
            health=health,
            unfit=tuple(UnfitSpan(begun, end, self._state_in(begun, end)) for begun, end in unfit),
        )

    def _in_force(self, at_ns: int) -> dict[tuple[str, str], bool]:
        """By zone and kind: two rules of one zone may have hours of their own."""
        return {(zone.id, rule.kind): rule.schedule.in_force(at_ns) for zone in self._zones for rule in zone.rules}

    def _state_in(self, begun_ns: int, end_ns: int) -> str:
        states = [state for pts_ns, state in self._unfit_looks if begun_ns <= pts_ns <= end_ns]
        return states[-1].value if states else UNSEEN


def zone_hours(config: CameraConfig) -> dict[str, object]:
    """The hours in force of each zone's rules, as the package states them."""
    return {
        zone.id: {rule.kind: rule.model_dump(mode="json").get("schedule") for rule in zone.rules}
        for zone in config.local_zones
    }
