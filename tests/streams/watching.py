"""A camera stream whose frames are collected, for tests on real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from streams.clock import SystemClock
from streams.demand import Demand
from streams.frame import Frame
from streams.health import StreamHealth
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.source import CameraSource
from tests.streams.clips import number_of

PATIENCE_S = 20.0


EVERY_PICTURE = Demand(0.001, 0.001)


class Watched:
    """Starts the stream, collects every frame that is wanted, stops it at the end."""

    def __init__(self, source: CameraSource, demand: Demand = EVERY_PICTURE) -> None:
        self.ring = PacketRing(source.camera_id)
        self.frames: list[Frame] = []
        self.arrived_ns: list[int] = []
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._lane = threading.Thread(target=self._read)
        self.stream = CameraStream(source, self.ring, SystemClock())
        self.stream.reader.set_demand(demand)

    def __enter__(self) -> Self:
        self.stream.start()
        self._lane.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.stop(timeout_s=PATIENCE_S)
        self._ended.set()
        self._lane.join()

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

    def _read(self) -> None:
        reader = self.stream.reader
        while not self._ended.wait(0.01):
            now_ns = time.monotonic_ns()
            due_ns = reader.due_at_ns(now_ns)
            if due_ns is not None and due_ns <= now_ns:
                self._take(reader.read(now_ns, 64))

    def _take(self, frames: list[Frame]) -> None:
        with self._changed:
            self.frames += frames
            self.arrived_ns += [time.time_ns()] * len(frames)
            self._changed.notify_all()
