"""How long frames stay away after a camera came back: its simulator is killed and started again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.material import Clip
from benchmarks.product import Product, Simulated, free_port, simulate
from benchmarks.report import Sample, say
from streams.clock import SystemClock
from streams.frame import Frame
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.sampler import SamplingPolicy
from streams.source import CameraSource
from streetwarden.processes import stop

TIMEOUT_S = 30.0


@dataclass(slots=True)
class Arrivals:
    """When each camera's newest frame came, seconds of the monotonic clock."""

    latest_s: dict[str, float] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, frame: Frame) -> None:
        """Take a frame, from any camera's thread."""
        with self.changed:
            self.latest_s[frame.camera_id] = time.monotonic()
            self.changed.notify_all()

    def first_after(self, moment_s: float, cameras: Sequence[str]) -> dict[str, float | None]:
        """Seconds from the moment to each camera's first frame after it; None when none came in time."""
        first: dict[str, float | None] = dict.fromkeys(cameras)
        with self.changed:
            while None in first.values() and time.monotonic() < moment_s + TIMEOUT_S:
                for camera, latest_s in self.latest_s.items():
                    if latest_s > moment_s and first[camera] is None:
                        first[camera] = latest_s - moment_s
                self.changed.wait(0.1)
        return first


def run_reconnects(clips: Sequence[Clip], cameras: int, repetitions: int, seed: int, folder: Path) -> list[Sample]:
    """Kill the simulator `repetitions` times; a sample for each camera of each. Raises BenchmarkError."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, guards nothing
    product, port, paths = Product(folder), free_port(), [clip.path for clip in clips]
    simulated = simulate(product, paths, cameras, port)
    samples: list[Sample] = []
    try:
        with _streams(simulated.urls) as (names, arrivals):
            if None in arrivals.first_after(time.monotonic() - TIMEOUT_S / 2, names).values():
                raise BenchmarkError("no frames of a simulated camera, before anything was killed")
            for number in range(1, repetitions + 1):
                down_s = chance.uniform(0.3, 4.0)
                say(f"recovery: simulator away for {down_s:.1f} s, {number} of {repetitions}")
                simulated = _away(simulated, down_s, lambda: simulate(product, paths, cameras, port))
                first = arrivals.first_after(time.monotonic(), names)
                samples += [
                    {"repetition": number, "camera": name, "down_s": round(down_s, 3), "frames_again_s": seconds}
                    for name, seconds in first.items()
                ]
    finally:
        stop(simulated.process, timeout_seconds=5)
    return samples


def _away(simulated: Simulated, down_s: float, start: Callable[[], Simulated]) -> Simulated:
    simulated.process.kill()
    stop(simulated.process, timeout_seconds=5)
    time.sleep(down_s)
    return start()


@contextmanager
def _streams(urls: Sequence[str]) -> Iterator[tuple[list[str], Arrivals]]:
    """The product's own camera streams, looking once a second."""
    arrivals = Arrivals()
    streams = {f"cam-{number}": url for number, url in enumerate(urls, start=1)}
    running = [
        CameraStream(CameraSource(name, url), PacketRing(name, 5.0), SamplingPolicy(1.0), SystemClock(), arrivals.note)
        for name, url in streams.items()
    ]
    for stream in running:
        stream.start()
    try:
        yield list(streams), arrivals
    finally:
        for stream in running:
            stream.stop(timeout_s=0)
        for stream in running:
            stream.stop()
