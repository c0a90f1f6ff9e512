"""The way from decoded frames to incidents and their recordings, the same for live cameras and for clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from detector.detections import Detections
from detector.engine import Engine
from detector.incident import Incident
from detector.watch import CameraWatch
from evidence.recorder import CameraContext, Recorder
from streams.frame import Frame, TimeSource
from streams.health import StreamHealth
from streams.ring import PacketRing
from streetwarden.cameras_file import CameraConfig

OnIncident = Callable[[Incident], None]
Health = Callable[[], StreamHealth | None]


def no_health() -> StreamHealth | None:
    """A clip has no stream whose health could matter."""
    return None


@dataclass(slots=True)
class WatchedCamera:
    """One camera's ring and watch. `frames_analysed` counts what the model looked at."""

    config: CameraConfig
    ring: PacketRing
    watch: CameraWatch
    zone_hours: dict[str, object]
    health: Health
    frames_analysed: int = field(default=0)


class Pipeline:
    """Engine, cameras and recorder. One thread calls `look`; cameras come and go between two looks."""

    def __init__(self, engine: Engine, recorder: Recorder, on_incident: OnIncident) -> None:
        self._engine = engine
        self._recorder = recorder
        self._on_incident = on_incident
        self._cameras: dict[str, WatchedCamera] = {}
        self.frames_analysed = 0

    @property
    def cameras(self) -> Iterable[WatchedCamera]:
        """The cameras watched now."""
        return tuple(self._cameras.values())

    def add(self, config: CameraConfig, ring: PacketRing, health: Health = no_health) -> WatchedCamera:
        """Watch a camera from its next frame on; `health` gives its stream's record, for the packages."""
        watch = CameraWatch(config.id, config.local_zones, self._engine.class_names)
        watched = WatchedCamera(config, ring, watch, _zone_hours(config), health)
        self._cameras[config.id] = watched
        return watched

    def remove(self, camera_id: str) -> None:
        """Stop watching a camera; what it has confirmed is sealed with what is recorded so far."""
        self._cameras.pop(camera_id, None)
        self._recorder.release(camera_id)

    def tick(self) -> None:
        """Let the recorder look at its own clock: for cameras that fell silent, and for seals that failed."""
        self._recorder.tick()

    def look(self, frames: Sequence[Frame]) -> None:
        """Run the model on frames of watched cameras, then each camera's rules."""
        wanted = [frame for frame in frames if self._is_wanted(frame)]
        if not wanted:
            return
        seen = self._engine.detect([frame.image for frame in wanted])
        for frame, detections in zip(wanted, seen, strict=True):
            self._observe(frame, detections)

    def _is_wanted(self, frame: Frame) -> bool:
        """A camera without zones costs no inference."""
        camera = self._cameras.get(frame.camera_id)
        return camera is not None and bool(camera.config.zones)

    def _observe(self, frame: Frame, detections: Detections) -> None:
        camera = self._cameras[frame.camera_id]
        changes = camera.watch.observe(frame, detections)
        camera.frames_analysed += 1
        self.frames_analysed += 1
        for incident in changes:
            self._on_incident(incident)
        self._recorder.observe(changes, camera.ring, frame.pts_ns, _context(camera, frame))


def _context(camera: WatchedCamera, frame: Frame) -> CameraContext:
    stream = camera.health()
    offset_s = stream.clock_offset_s if stream else None
    measured = offset_s is not None and frame.time_source is TimeSource.RTCP_SR
    return CameraContext(
        camera_id=camera.config.id,
        device_number=camera.config.device_number,
        time_source=frame.time_source.value,
        clock_offset_ns=round(offset_s * 1e9) if measured and offset_s is not None else None,
        clock_method="RTCP sender reports against the host's clock" if measured else None,
        clock_measured_at_ns=frame.captured_at_ns if measured else None,
        zone_hours=camera.zone_hours,
        health={**(stream.as_dict() if stream else {}), "frames_analysed": camera.frames_analysed},
    )


def _zone_hours(config: CameraConfig) -> dict[str, object]:
    """The hours in force of each zone's rules, as the package states them."""
    return {
        zone.id: {rule.kind: rule.model_dump(mode="json").get("schedule") for rule in zone.rules}
        for zone in config.local_zones
    }
