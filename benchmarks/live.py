"""A live run: simulated cameras in one process, the worker in another, measured from outside."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.material import Clip, Placed, many_cameras, write_cameras_file
from benchmarks.product import Process, Product, Simulated, Usage, cores_between, simulate, usage_of
from benchmarks.scoring import Found, Planted
from streams.simulator.truth import occurrences
from streetwarden.processes import stop

LOOK_S = 0.5
START_TIMEOUT_S = 60.0
SETTLE_TIMEOUT_S = 20.0
STREAMING = ": streaming from "
"""What the worker logs of each camera when its first picture is there."""
FLUSH_TIMEOUT_S = 60.0
GRACE_S = 12.0
"""A violation whose limit passed less than this before the end of the run may still be on its way."""
LONGER_S = 3.0
"""A stay this much longer than its limit must be found; a shorter one may fall between two looks."""


@dataclass(frozen=True, slots=True)
class LivePlan:
    """How many cameras for how long.

    `interval_s`: a look at each camera at least so often; None: as its rules ask. `stagger_s`: each camera is so much
    further into its clip than the one before, so that not all see a car park at once.
    """

    clips: Sequence[Clip]
    cameras: int
    seconds: float
    interval_s: float | None = None
    model: str | None = None
    stagger_s: float = 0.0
    looks: Path | None = None


@dataclass(frozen=True, slots=True)
class LiveRun:
    """What a run left behind. Usage is of the measured stretch, after every camera streamed; times are UTC ns."""

    plan: LivePlan
    placed: tuple[Placed, ...]
    simulated: Simulated
    began_ns: int
    ended_ns: int
    health: dict[str, Any]
    incidents: tuple[dict[str, Any], ...]
    worker: tuple[Usage, ...]
    simulator: tuple[Usage, ...]

    @property
    def worker_cores(self) -> float:
        return cores_between(self.worker[0], self.worker[-1])

    @property
    def simulator_cores(self) -> float:
        return cores_between(self.simulator[0], self.simulator[-1])

    @property
    def worker_memory_mb(self) -> float:
        """The most that the worker held."""
        return max(usage.memory_mb for usage in self.worker)

    @property
    def drops(self) -> dict[str, int]:
        """Losses of all cameras, by reason."""
        total: Counter[str] = Counter()
        for camera in self.health["cameras"]:
            total.update(camera["drops"])
        return {reason: count for reason, count in sorted(total.items()) if count}

    def analysed_per_s(self, camera: dict[str, Any]) -> float:
        """Looks a second at one camera of the health report."""
        return float(camera["frames_analysed"]) / max(1e-9, (self.ended_ns - self.began_ns) / 1e9)


def run_live(plan: LivePlan, folder: Path) -> LiveRun:
    """Run the simulator and the worker. Raises BenchmarkError when either does not start or dies."""
    product = Product(folder)
    simulated = simulate(product, [clip.path for clip in plan.clips], plan.cameras, stagger_s=plan.stagger_s)
    try:
        return _watch(plan, product, simulated)
    finally:
        stop(simulated.process, timeout_seconds=10)


def _watch(plan: LivePlan, product: Product, simulated: Simulated) -> LiveRun:
    placed = many_cameras(plan.clips, simulated.urls, simulated.offsets_s)
    cameras = write_cameras_file(product.folder / "cameras.yaml", [one.camera for one in placed])
    out = product.folder / "out"
    worker = product.spawn("worker", "--cameras", cameras, "--out", out, *_options(plan))
    try:
        _wait_until_working(worker, plan.cameras, product)
        began_ns = time.time_ns()
        usages = _measure(worker, simulated.process, plan.seconds, product)
        ended_ns = time.time_ns()
    finally:
        stop(worker, timeout_seconds=FLUSH_TIMEOUT_S)
    if not (out / "health.json").exists():
        raise BenchmarkError(f"the worker left no health report: {product.last_words()}")
    return LiveRun(
        plan=plan,
        placed=tuple(placed),
        simulated=simulated,
        began_ns=began_ns,
        ended_ns=ended_ns,
        health=json.loads((out / "health.json").read_text(encoding="utf-8")),
        incidents=_latest_lines(out / "incidents.jsonl"),
        worker=tuple(usage for usage, _ in usages),
        simulator=tuple(usage for _, usage in usages),
    )


def _options(plan: LivePlan) -> list[str | Path]:
    said = {"--interval": plan.interval_s, "--model": plan.model, "--looks": plan.looks}
    return [str(word) for name, value in said.items() if value is not None for word in (name, value)]


def _wait_until_working(worker: Process, cameras: int, product: Product) -> None:
    """Until every camera streams; those that do not within some seconds of the first are what the run is to show."""
    deadline = time.monotonic() + START_TIMEOUT_S
    streaming = 0
    while streaming < cameras and time.monotonic() < deadline:
        _check_alive(worker, product)
        time.sleep(0.1)
        seen = product.log.read_text(encoding="utf-8", errors="replace").count(STREAMING)
        if seen and not streaming:
            deadline = time.monotonic() + SETTLE_TIMEOUT_S
        streaming = seen
    if not streaming:
        raise BenchmarkError(f"the worker saw no camera in {START_TIMEOUT_S:.0f} s: {product.last_words()}")


def _measure(worker: Process, simulator: Process, seconds: float, product: Product) -> list[tuple[Usage, Usage]]:
    usages = [(usage_of([worker.pid]), usage_of([simulator.pid]))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(LOOK_S, max(0.0, end - time.monotonic())))
        _check_alive(worker, product)
        usages.append((usage_of([worker.pid]), usage_of([simulator.pid])))
    return usages


def _check_alive(worker: Process, product: Product) -> None:
    if worker.poll() is not None:
        raise BenchmarkError(f"the worker ended with {worker.returncode}: {product.last_words()}")


def _latest_lines(path: Path) -> tuple[dict[str, Any], ...]:
    """The latest state of each incident in an `incidents.jsonl`."""
    latest: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        latest[value["incident_id"]] = value
    return tuple(latest.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """A run's incidents in seconds since its clips began.

    `origins`: when each camera's own timeline began, where a package tells. `unsealed`: incidents without a package.
    """

    found: tuple[Found, ...]
    origins: dict[str, float]
    unsealed: int


def read_incidents(run: LiveRun) -> Reading:
    """Read what the worker wrote: its lines are on the camera's timeline, and packages tie that to UTC."""
    origins: dict[str, float] = {}
    sealed = [line for line in run.incidents if line["evidence"] is not None]
    for line in sealed:
        manifest = json.loads((Path(line["evidence"]) / "manifest.json").read_bytes())
        confirmed = manifest["times"]["confirmed"]
        origin_ns = int(confirmed["at_ns"]) - int(confirmed["pts_ns"])
        origins.setdefault(line["camera_id"], (origin_ns - run.simulated.started_ns) / 1e9)
    found = tuple(_found(line, origins[line["camera_id"]]) for line in sealed)
    return Reading(found, origins, len(run.incidents) - len(sealed))


def _found(line: dict[str, Any], origin_s: float) -> Found:
    return Found(
        camera=line["camera_id"],
        zone=line["zone_id"],
        kind=line["kind"],
        started_s=origin_s + line["started_at_s"],
        confirmed_s=origin_s + line["confirmed_at_s"],
        ended_s=None if line["ended_at_s"] is None else origin_s + line["ended_at_s"],
        xyxy=tuple(line["box_xyxy"]),
    )


def planted_in(run: LiveRun, origins: dict[str, float]) -> list[Planted]:
    """What the run should have found: every round of every clip from a camera's first picture to the run's end."""
    began_s, ended_s = ((at_ns - run.simulated.started_ns) / 1e9 for at_ns in (run.began_ns, run.ended_ns))
    return [
        planted
        for placed in run.placed
        for planted in planted_on(placed, origins.get(placed.camera.id, began_s), ended_s)
    ]


def planted_on(placed: Placed, began_s: float, ended_s: float) -> list[Planted]:
    """The true incidents of one camera that is watched from `began_s` to `ended_s`, seconds since the simulator began.

    The camera's clip was `placed.offset_s` on at that moment.
    """
    clip, planted = placed.clip, []
    for each in occurrences(clip.incidents, clip.duration_s, began_s, ended_s, placed.offset_s):
        truth = each.incident
        dwell_s = clip.dwell_s(truth)
        if dwell_s is None:
            continue
        from_s, to_s = max(began_s, each.from_s), min(ended_s, each.to_s)
        due_s = from_s + dwell_s
        # What left the moment its limit passed, or whose limit passes as the run ends, may go either way.
        expected = due_s + LONGER_S <= each.to_s and due_s + GRACE_S <= ended_s
        planted.append(Planted(placed.camera.id, truth.zone, truth.kind, from_s, to_s, dwell_s, truth.xyxy, expected))
    return planted
