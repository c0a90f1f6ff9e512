"""One camera as the pipeline holds it: its ring and reader, its watch, and the turns of the lanes that look at it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from detector.detections import Detections
from detector.incident import Incident
from detector.snapshot import SnapshotError
from detector.watch import CameraWatch
from evidence.recorder import CameraContext
from streams.demand import Demand
from streams.fitness.state import FIT, Fitness
from streams.frame import Frame
from streams.health import StreamHealth
from streams.reader import CameraReader
from streams.ring import PacketRing
from streetwarden.camera_facts import CameraFacts
from streetwarden.cameras_file import CameraConfig
from streetwarden.clocks import CameraClock
from streetwarden.masks import PrivacyMasks
from streetwarden.memory import WatchMemory
from streetwarden.track_store import TrackStore
from streetwarden.turns import Turns

logger = logging.getLogger(__name__)

REMEMBER_NS = 20_000_000_000
UNFIT_LOOK_S = 1.0
UNFIT_KEY_PATIENCE_S = 10.0
Health = Callable[[], StreamHealth | None]


def no_health() -> StreamHealth | None:
    """A clip has no stream whose health could matter."""
    return None


@dataclass(slots=True)
class WatchedCamera:
    """`reader` is None for a clip, which is replayed by `demand`. `frames_analysed` counts what the rules looked at.

    `interval_s`: looks at least so often, whatever the rules ask. `latest`: UTC and pts, ns, of the last picture.
    `waits_since_ns`: monotonic, when the last picture was older than the rules may ever be without one.
    """

    config: CameraConfig
    ring: PacketRing
    watch: CameraWatch
    reader: CameraReader | None = None
    health: Health = no_health
    interval_s: float | None = None
    turns: Turns = field(default_factory=Turns)
    fitness: Fitness = FIT
    frames_analysed: int = 0
    demand: Demand | None = None
    latest: tuple[int, int] | None = None
    waits_since_ns: int = 0
    memory: WatchMemory | None = None
    tracks: TrackStore | None = None
    tracks_began: bool = False
    remembered_ns: int | None = None
    clock: CameraClock = field(default_factory=CameraClock)
    facts: CameraFacts = field(init=False)
    masks: PrivacyMasks = field(init=False)

    def __post_init__(self) -> None:
        self.facts, self.masks = CameraFacts(self.config), PrivacyMasks(self.config.privacy_masks)

    @property
    def camera_id(self) -> str:
        """The camera's id."""
        return self.config.id

    def due_at_ns(self, now_ns: int) -> int | None:
        """Monotonic ns when its next look is due; None: nothing is wanted of it."""
        if self.reader is None:
            return None
        due_ns = self.reader.due_at_ns(now_ns)
        if due_ns is None or due_ns > now_ns:
            return due_ns
        # Of all that are due, who waits longest comes first.
        return min(due_ns, self.waits_since_ns)

    def late_s(self, now_ns: int) -> float:
        """By how much its next look is overdue at `now_ns` (monotonic)."""
        if self.demand is None or self.reader is None:
            return 0.0
        return round(max(0, now_ns - self.waits_since_ns) / 1e9, 3)

    def ask(self, captured_at_ns: int) -> None:
        """Find out what the rules want to see from that moment (UTC) on, and tell the reader."""
        latest_at_ns, latest_pts_ns = self.latest or (captured_at_ns, 0)
        self.demand = self._bounded(self.watch.demand(captured_at_ns, latest_pts_ns + captured_at_ns - latest_at_ns))
        if self.reader is not None:
            self.reader.set_demand(self.demand)

    def wanted_of_clip(self) -> Demand | None:
        """What the rules want to see of a clip that is replayed into the ring; its own time tells what is in force."""
        newest = self.ring.newest_key() if self.demand is None else None
        if newest is not None:
            self.ask(newest[1].captured_at_ns)
        return self.demand

    def observe(self, frame: Frame, detections: Detections) -> list[Incident]:
        """Let the watch judge, and ask what is wanted next."""
        if self.latest is None:
            self._recall(frame)
        self.facts.note(frame)
        changes = self.watch.observe(frame, detections)
        self.frames_analysed += 1
        self.fitness, self.latest = frame.fitness, (frame.captured_at_ns, frame.pts_ns)
        self.ask(frame.captured_at_ns)
        self._remember(frame.pts_ns, changed=bool(changes))
        self._store(changes)
        return changes

    def _store(self, changes: Sequence[Incident]) -> None:
        """Keep what the judges saw, for replays."""
        seen = self.watch.seen
        if self.tracks is not None and seen is not None:
            began = None if self.tracks_began else self.watch.began
            self.tracks_began = self.tracks.put(self.camera_id, seen, changes, began) or self.tracks_began

    def _recall(self, frame: Frame) -> None:
        """Go on where an earlier worker, or an earlier configuration, stopped."""
        snapshot = self.memory.recall(self.camera_id) if self.memory is not None else None
        if snapshot is None:
            return
        try:
            self.watch.restore(snapshot, frame.pts_ns, frame.captured_at_ns)
        except SnapshotError as error:
            logger.info("%s; its watch begins anew", error)

    def _remember(self, pts_ns: int, *, changed: bool) -> None:
        """At every change, and now and then while something is open."""
        if self.memory is None:
            return
        due = self.remembered_ns is None or pts_ns - self.remembered_ns >= REMEMBER_NS
        if changed or (due and self.watch.incidents):
            snapshot = self.watch.snapshot()
            if snapshot is not None:
                self.memory.keep(self.camera_id, snapshot)
            self.remembered_ns = pts_ns

    def look_at(self, frame: Frame, now_ns: int = 0) -> Look:
        """The picture, decoded at `now_ns` (monotonic), with its place in the camera's order."""
        if self.demand is not None:
            self.waits_since_ns = now_ns + round(self.demand.rest_interval_s * 1e9)
        return Look(self, self.masks.hide(frame), self.turns.draw(), frame)

    def _bounded(self, wanted: Demand | None) -> Demand | None:
        if wanted is None:
            return None
        limit_s = math.inf if self.interval_s is None else self.interval_s
        if not self.fitness.is_fit:
            # An unfit picture costs no inference; key frames tell when it is fit again, and nothing else is decoded.
            limit_s = min(limit_s, UNFIT_LOOK_S)
            wanted = replace(wanted, key_patience_s=max(wanted.key_patience_s, UNFIT_KEY_PATIENCE_S))
        rest_s = min(wanted.rest_interval_s, limit_s)
        return replace(wanted, rest_interval_s=rest_s, active_interval_s=min(wanted.active_interval_s, rest_s))

    def context(self, frame: Frame) -> CameraContext:
        """What a package says of this camera at the time of `frame`."""
        stream = self.health()
        health = {**(stream.as_dict() if stream else {}), "frames_analysed": self.frames_analysed}
        offset_s = stream.clock_offset_s if stream else None
        time = self.clock.reading(frame.time_source.value, offset_s, frame.captured_at_ns)
        return self.facts.context(frame, health, time, self.watch.unfit_spans)


@dataclass(frozen=True, slots=True)
class Look:
    """One picture of one camera on its way through a lane; `shown` is what `frame` was before masks hid parts of it."""

    camera: WatchedCamera
    frame: Frame
    ticket: int
    shown: Frame

    def void(self) -> None:
        """Give it up: later pictures of its camera need not wait for it."""
        self.camera.turns.void(self.ticket)
