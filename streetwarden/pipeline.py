"""The way from a camera's packets to incidents and their recordings, the same for live cameras and for clips."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detector.detections import Detections
from detector.engine import Engine
from detector.incident import Incident
from detector.watch import CameraWatch
from evidence.recorder import Recorder
from streams.clock import Clock
from streams.frame import Frame
from streams.pool import DecoderPool
from streams.reader import CameraReader
from streams.recall import KeyRecall
from streams.ring import PacketRing
from streetwarden.cameras_file import CameraConfig
from streetwarden.loads import Loads
from streetwarden.masks import PrivacyMasks
from streetwarden.memory import WatchMemory
from streetwarden.schedule import LookSchedule
from streetwarden.track_store import TrackStore
from streetwarden.watched import Health, Look, WatchedCamera, no_health

OnIncident = Callable[[Incident], None]
OnLook = Callable[[Frame], None]
OnSeen = Callable[[Frame, Detections], None]


def nobody_asks(_frame: Frame) -> None:
    """Nobody wants to hear of looks."""


def nobody_compares(_frame: Frame, _detections: Detections) -> None:
    """No candidate model looks at the same pictures."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a pipeline may have besides; `interval_s`: a look at each camera at least so often."""

    interval_s: float | None = None
    on_look: OnLook = nobody_asks
    memory: WatchMemory | None = None
    loads: Loads | None = None
    tracks: TrackStore | None = None
    on_seen: OnSeen = nobody_compares


class Pipeline:
    """The watched cameras and the recorder.

    Lanes `take` and `look`, from any number of threads; cameras come and go between. The recorder is touched by one
    thread at a time.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        recorder: Recorder,
        on_incident: OnIncident,
        clock: Clock,
        equipment: Equipment | None = None,
    ) -> None:
        self._class_names = tuple(class_names)
        self._recorder = recorder
        self._on_incident = on_incident
        self._clock = clock
        self._equipment = equipment or Equipment()
        self._cameras: dict[str, WatchedCamera] = {}
        self._recording = threading.RLock()
        self._analysed_before = 0
        self._recall_pool = DecoderPool()
        self.schedule: LookSchedule[WatchedCamera] = LookSchedule(clock)

    @property
    def cameras(self) -> Iterable[WatchedCamera]:
        """The cameras watched now."""
        return tuple(self._cameras.values())

    @property
    def frames_analysed(self) -> int:
        """Pictures that rules looked at since the start, also of cameras that are gone."""
        return self._analysed_before + sum(camera.frames_analysed for camera in self.cameras)

    def add(
        self, config: CameraConfig, ring: PacketRing, reader: CameraReader | None = None, health: Health = no_health
    ) -> WatchedCamera:
        """Watch a camera from its next picture on; `health` gives its stream's record, for the packages.

        Without a `reader` it is a clip: somebody else brings its pictures, and its own clock tells what is in force.

        Raises DetectorError when a rule asks for a class that the model does not know.
        """
        recall = PrivacyMasks(config.privacy_masks).recall(KeyRecall(ring, self._recall_pool))
        classify = (
            self._equipment.loads if any(rule.crop_classes for zone in config.zones for rule in zone.rules) else None
        )
        if classify is not None:
            classify.prepare()
        watch = CameraWatch(config.id, config.local_zones, self._class_names, classify=classify, recall=recall)
        had = self._equipment
        camera = WatchedCamera(
            config, ring, watch, reader, health, had.interval_s, memory=had.memory, tracks=had.tracks
        )
        self._cameras[config.id] = camera
        if reader is not None:
            camera.waits_since_ns = self._clock.monotonic_ns()
            camera.ask(self._clock.wall_ns())
            self.schedule.add(camera)
        return camera

    def remove(self, camera_id: str) -> None:
        """Stop watching a camera; what it has confirmed is sealed with what is recorded so far."""
        self.schedule.remove(camera_id)
        camera = self._cameras.pop(camera_id, None)
        with self._recording:
            self._analysed_before += camera.frames_analysed if camera else 0
            self._recorder.release(camera_id)

    def tick(self) -> None:
        """Once a second: the recorder's own clock, and rules that come into force while nobody looks."""
        with self._recording:
            self._recorder.tick()
        for camera in self.cameras:
            if camera.demand is None and camera.reader is not None:
                camera.ask(self._clock.wall_ns())
        self.schedule.wake()

    def take(self, limit: int, timeout_s: float) -> list[Look]:
        """Decode what is due, at most `limit` pictures, of the most overdue camera; empty when none is due in time."""
        camera = self.schedule.take(timeout_s)
        if camera is None or camera.reader is None:
            return []
        try:
            now_ns = self._clock.monotonic_ns()
            return [camera.look_at(frame, now_ns) for frame in camera.reader.read(now_ns, limit)]
        finally:
            self.schedule.give_back(camera)

    def look(self, engine: Engine, looks: Sequence[Look]) -> None:
        """Run the model on the pictures, then each camera's rules, in the order in which they were taken."""
        try:
            for look, detections in zip(looks, _detect(engine, looks), strict=True):
                with look.camera.turns.turn(look.ticket) as wanted:
                    if wanted and self._cameras.get(look.camera.camera_id) is look.camera:
                        self._observe(look, detections)
        finally:
            for look in looks:
                look.void()

    def _observe(self, look: Look, detections: Detections) -> None:
        camera, frame = look.camera, look.frame
        changes = camera.observe(frame, detections)
        self._equipment.on_look(frame)
        self._equipment.on_seen(frame, detections)
        for incident in changes:
            self._on_incident(incident)
        with self._recording:
            self._recorder.observe(changes, camera.ring, frame.pts_ns, camera.context(frame), look.shown)


def _detect(engine: Engine, looks: Sequence[Look]) -> list[Detections]:
    """Detections of every picture; none in those that are unfit to judge, which the model need not see."""
    fit = [index for index, look in enumerate(looks) if look.frame.fitness.is_fit]
    found = [Detections.empty()] * len(looks)
    for index, detections in zip(fit, engine.detect([looks[index].frame.image for index in fit]), strict=True):
        found[index] = detections
    return found
