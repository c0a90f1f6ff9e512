"""A camera stream whose frames are collected, for tests on real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from streams.clock import SystemClock
from streams.frame import Frame
from streams.health import StreamHealth
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.sampler import SamplingPolicy
from streams.source import CameraSource
from tests.streams.clips import number_of

PATIENCE_S = 20.0


class Watched:
    """Starts the stream, collects every frame, stops it at the end."""

    def __init__(self, source: CameraSource, policy: SamplingPolicy | None = None) -> None:
        self.ring = PacketRing(source.camera_id)
        self.frames: list[Frame] = []
        self.arrived_ns: list[int] = []
        self._changed = threading.Condition()
        policy = policy or SamplingPolicy(0.0, "all")
        self.stream = CameraStream(source, self.ring, policy, SystemClock(), self._take)

    def __enter__(self) -> Self:
        self.stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.stop(timeout_s=PATIENCE_S)

    @property
    def numbers(self) -> list[int]:
        return [number_of(frame.image) for frame in self.frames]

    @property
    def times_ns(self) -> list[int]:
        return [frame.pts_ns for frame in self.frames]

    def wait_for_frames(self, count: int) -> None:
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.frames) >= count, PATIENCE_S)
        assert enough, f"{len(self.frames)} of {count} frames; {self.stream.health()}"

    def wait_for(self, holds: Callable[[StreamHealth], bool]) -> StreamHealth:
        deadline = time.monotonic() + PATIENCE_S
        while not holds(health := self.stream.health()):
            assert time.monotonic() < deadline, f"never came: {health}"
            time.sleep(0.02)
        return health

    def _take(self, frame: Frame) -> None:
        with self._changed:
            self.frames.append(frame)
            self.arrived_ns.append(time.time_ns())
            self._changed.notify_all()
