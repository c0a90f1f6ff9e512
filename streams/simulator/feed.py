"""One simulated camera as it is now: what it shows, what is wrong with it, and who is connected."""

from __future__ import annotations

import random
from typing import Protocol

from streams.simulator.camera import SimulatedCamera
from streams.simulator.clip import Clip
from streams.simulator.faults import PICTURE_FAULTS, Fault, FaultKind
from streams.simulator.wire import CLEAR, Wire
from streams.timeline import SECOND_NS


class Watcher(Protocol):
    """A client's connection, as its camera sees it."""

    def abort(self) -> None:
        """Close it at once."""
        ...

    def mute(self) -> None:
        """Send nothing more, answer nothing more, and leave it open."""
        ...


class Feed:
    """A camera's state, shared by all its clients; used on the event loop's thread alone."""

    def __init__(self, camera: SimulatedCamera, clip: Clip) -> None:
        self.camera = camera
        self.clip = clip
        self.showing = clip
        self.wire: Wire = CLEAR
        self.clock_ns = 0
        self.offset_ns = round(camera.start_offset_s * SECOND_NS)
        # The same run loses the same packets.
        self.chance = random.Random(camera.name)  # noqa: S311 - guards nothing
        self.watchers: set[Watcher] = set()
        self._faults: dict[FaultKind, tuple[Fault, Clip | None]] = {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong now, the latest last."""
        return tuple(fault for fault, _ in self._faults.values())

    def has(self, kind: FaultKind) -> bool:
        """Whether this is wrong now."""
        return kind in self._faults

    def begin(self, fault: Fault, variant: Clip | None = None) -> None:
        """One more thing is wrong from now on; `variant` is the clip that a fault of the picture shows."""
        self._faults.pop(fault.kind, None)
        self._faults[fault.kind] = (fault, variant)
        self._apply()
        if fault.kind in (FaultKind.CUT, FaultKind.AUTH):
            self._disconnect()
        elif fault.kind is FaultKind.HALF_OPEN:
            for watcher in list(self.watchers):
                watcher.mute()

    def end(self, kind: FaultKind) -> None:
        """All right again. Connections that went silent stay so: a camera that came back knows them no more."""
        if self._faults.pop(kind, None) is not None:
            self._apply()

    def _apply(self) -> None:
        before = self.showing
        shown = [clip for fault, clip in self._faults.values() if fault.kind in PICTURE_FAULTS and clip is not None]
        self.showing = shown[-1] if shown else self.clip
        self.wire = Wire.under(self.faults)
        clock = self._faults.get(FaultKind.CLOCK)
        self.clock_ns = round((clock[0].amount or 0.0) * SECOND_NS) if clock else 0
        if self.showing.codec != before.codec:
            # A session description names its codec, so a camera that changes it ends its sessions.
            self._disconnect()

    def _disconnect(self) -> None:
        for watcher in list(self.watchers):
            watcher.abort()
