"""How long looks at a camera stay away after something went wrong with it: every fault of the simulator, many times."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.material import Clip, many_cameras
from benchmarks.report import Sample, say
from detector.incident import Incident
from evidence.package import SealedPackage
from streams.clock import SystemClock
from streams.simulator import Fault, FaultKind, SimulatedCamera, Simulator
from streetwarden.crew import Crew, working
from streetwarden.settings import Settings

TIMEOUT_S = 30.0
START_TIMEOUT_S = 60.0
LOOK_EVERY_S = 1.0
AWAY = "away"
"""The whole server is gone: its port refuses. The only one that is no fault of a single camera."""
LATE_S = 1.0
"""Cameras do not all come back in the same instant."""
Row = dict[str, Any]


def _picture(state: str) -> Callable[[Row, Row], bool]:
    return lambda _, now: bool(now["picture"]["state"] == state)


def _state(*states: str) -> Callable[[Row, Row], bool]:
    return lambda _, now: bool(now["state"] in states)


def _lost(before: Row, now: Row) -> bool:
    """At rest nothing is decoded between key frames, so what is missing there shows in the rate alone."""
    counted = sum(now["drops"].values()) > sum(before["drops"].values())
    return counted or bool(now["picture"]["state"] == "smeared" or now["fps_read"] < 0.9 * before["fps_read"])


@dataclass(frozen=True, slots=True)
class Naming:
    """How the worker's health names a fault, and how many seconds it is given for that."""

    names: Callable[[Row, Row], bool]
    within_s: float = 15.0


NAMING: dict[str, Naming] = {
    AWAY: Naming(_state("reconnecting", "failed")),
    FaultKind.CUT: Naming(_state("reconnecting", "failed")),
    FaultKind.HALF_OPEN: Naming(_state("reconnecting", "failed"), 20.0),
    FaultKind.AUTH: Naming(_state("failed")),
    FaultKind.FREEZE: Naming(_picture("frozen"), 150.0),
    FaultKind.BLACK: Naming(_picture("black")),
    FaultKind.COVERED: Naming(_picture("covered")),
    FaultKind.OVEREXPOSED: Naming(_picture("overexposed")),
    FaultKind.MOVED: Naming(_picture("moved"), 75.0),
    FaultKind.SMEAR: Naming(_lost),
    FaultKind.SMEAR_ENCODED: Naming(_lost),
    FaultKind.LOSS: Naming(_lost),
    FaultKind.RESOLUTION: Naming(lambda before, now: bool(now["width"] != before["width"])),
    FaultKind.CODEC: Naming(lambda before, now: bool(now["codec"] != before["codec"])),
    FaultKind.CLOCK: Naming(lambda _, now: abs(now["clock_offset_s"] or 0.0) > 2.0),
    FaultKind.SLOW: Naming(lambda before, now: bool(now["fps_read"] < 0.7 * before["fps_read"])),
}
"""What is not in it (jitter, missing key frames) is to be lived with: looks go on."""
AMOUNTS = {FaultKind.LOSS: 0.2}
"""Stronger than usual, so that every camera is hit within seconds."""
EVERY = (AWAY, *(kind.value for kind in FaultKind))


@dataclass(slots=True)
class Looks:
    """Follows the worker's own list of looks: when each camera had its newest, and its newest fit one, UTC seconds."""

    path: Path
    newest_s: dict[str, float] = field(default_factory=dict)
    fit_s: dict[str, float] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    _read: int = 0

    def follow(self) -> None:
        """Take in what was written since."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            row = json.loads(line)
            camera, at_s = row["camera_id"], row["looked_at_s"]
            self.newest_s[camera], self.count[camera] = at_s, self.count.get(camera, 0) + 1
            if row["picture"] == "fit":
                self.fit_s.setdefault(camera, at_s)

    def first_fit_after(self, cleared_s: dict[str, float], timeout_s: float = TIMEOUT_S) -> dict[str, float | None]:
        """Seconds from each camera's moment to its first fit look that was over after it; None: none in time."""
        first: dict[str, float | None] = dict.fromkeys(cleared_s)
        deadline_s = time.time() + timeout_s
        while None in first.values() and time.time() < deadline_s:
            self.fit_s.clear()
            self.follow()
            for camera, at_s in self.fit_s.items():
                if camera in first and first[camera] is None and at_s > cleared_s[camera]:
                    first[camera] = at_s - cleared_s[camera]
            time.sleep(0.02)
        return first


@dataclass(frozen=True, slots=True)
class Scene:
    """Simulated cameras and a worker's crew that watches them, all in this process."""

    simulator: Simulator
    crew: Crew
    looks: Looks
    chance: random.Random

    def rows(self) -> dict[str, Row]:
        """The worker's health, by camera."""
        return {row["camera_id"]: row for row in self.crew.fleet.health()}


def run_recoveries(
    clips: Sequence[Clip], cameras: int, repetitions: int, kinds: Sequence[str], seed: int, folder: Path
) -> list[Sample]:
    """Each fault on every camera, at least `repetitions` times in all; a sample for each. Raises BenchmarkError."""
    samples: list[Sample] = []
    with _scene(clips, cameras, kinds, seed, folder) as scene:
        first = scene.looks.first_fit_after(dict.fromkeys(scene.rows(), 0.0), START_TIMEOUT_S)
        if None in first.values():
            raise BenchmarkError("no look at a simulated camera, before anything was wrong")
        if FaultKind.MOVED in kinds:
            time.sleep(START_TIMEOUT_S + 5)  # the view is learnt from the first fit minute
        for kind in kinds:
            for number in range(1, -(-repetitions // cameras) + 1):
                rows = _go_wrong(scene, kind, number)
                samples += rows
                seconds = [row["frames_again_s"] for row in rows if row["frames_again_s"] is not None]
                worst = f"{max(seconds):.1f} s at most" if seconds else "never"
                named = sum(bool(row["named"]) for row in rows)
                say(f"recovery: {kind}, {number}: looks again after {worst}, {named} of {len(rows)} named")
    return samples


@contextmanager
def _scene(clips: Sequence[Clip], cameras: int, kinds: Sequence[str], seed: int, folder: Path) -> Iterator[Scene]:
    simulated = [
        SimulatedCamera(f"cam-{number}", clip.path, start_offset_s=3.7 * number)
        for number, clip in enumerate(islice(cycle(clips), cameras), start=1)
    ]
    settings = Settings(data_dir=folder, interval_seconds=LOOK_EVERY_S)
    looks = Looks(folder / "looks.jsonl")
    with Simulator(simulated) as simulator:
        for camera in simulated[: len(clips)]:
            simulator.prepare(camera.name, *(FaultKind(kind) for kind in kinds if kind != AWAY))
        placed = many_cameras(clips, [simulator.url(camera.name) for camera in simulated])
        with working(settings, folder, SystemClock(), _ignore_incident, _ignore_package, looks.path) as crew:
            crew.fleet.apply([one.camera for one in placed])
            yield Scene(simulator, crew, looks, random.Random(seed))  # noqa: S311 - repeatable, guards nothing


def _ignore_incident(_: Incident) -> None:
    """Nobody asks for it here."""


def _ignore_package(_: SealedPackage) -> None:
    """Nobody asks for it here."""


def _go_wrong(scene: Scene, kind: str, number: int) -> list[Sample]:
    """One fault on all cameras, until it is named and some seconds more; then back, one after another."""
    before = scene.rows()
    scene.looks.follow()
    counted = dict(scene.looks.count)
    began_s = time.time()
    _begin(scene, kind)
    named_s = _wait_until_named(scene, kind, before, began_s)
    time.sleep(scene.chance.uniform(0.3, 4.0))
    scene.looks.follow()
    meanwhile = {camera: scene.looks.count.get(camera, 0) - counted.get(camera, 0) for camera in before}
    cleared_s = _end(scene, kind)
    again = scene.looks.first_fit_after(cleared_s)
    return [
        {
            "fault": kind,
            "repetition": number,
            "camera": camera,
            "lasted_s": round(cleared_s[camera] - began_s, 3),
            "named": named_s.get(camera) is not None,
            "named_after_s": named_s.get(camera),
            "looks_meanwhile": meanwhile[camera],
            "frames_again_s": None if seconds is None else round(seconds, 3),
        }
        for camera, seconds in again.items()
    ]


def _begin(scene: Scene, kind: str) -> None:
    if kind == AWAY:
        scene.simulator.stop()
        return
    for camera in scene.rows():
        scene.simulator.inject(camera, Fault(FaultKind(kind), AMOUNTS.get(FaultKind(kind))))


def _end(scene: Scene, kind: str) -> dict[str, float]:
    """UTC seconds at which each camera was well again."""
    cameras = list(scene.rows())
    if kind == AWAY:
        scene.simulator.start()
        return dict.fromkeys(cameras, time.time())
    cleared_s = {}
    for camera in cameras:
        time.sleep(scene.chance.uniform(0.0, LATE_S / len(cameras)))
        scene.simulator.clear(camera, FaultKind(kind))
        cleared_s[camera] = time.time()
    return cleared_s


def _wait_until_named(scene: Scene, kind: str, before: dict[str, Row], began_s: float) -> dict[str, float]:
    """Seconds until the health of each camera named the fault."""
    naming, named_s = NAMING.get(kind), dict[str, float]()
    if naming is None:
        time.sleep(scene.chance.uniform(2.0, 5.0))
        return {}
    while len(named_s) < len(before) and time.time() - began_s < naming.within_s:
        for camera, row in scene.rows().items():
            if camera not in named_s and naming.names(before[camera], row):
                named_s[camera] = round(time.time() - began_s, 3)
        time.sleep(0.05)
    return named_s
