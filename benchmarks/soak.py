"""`soak`: cameras come, go and go wrong in every way for hours; memory, threads and open files must not grow."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.material import add_clip_options, load_clips, many_cameras
from benchmarks.product import Product, Usage, simulate, usage_of
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, say
from benchmarks.scaling import line_through
from detector.incident import Incident
from evidence.package import SealedPackage
from streams.clock import SystemClock
from streams.simulator import FaultKind
from streetwarden.cameras_file import CameraConfig
from streetwarden.crew import Crew, working
from streetwarden.processes import stop
from streetwarden.settings import Settings

SAY_EVERY = 20
SHORTEST_EVERY_S = 40


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--cameras", type=int, default=8, metavar="N", help="cameras at most (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=30, metavar="M", help="length (default: %(default)s)")
    parser.add_argument("--hours", type=float, metavar="H", help="the same in hours")
    parser.add_argument("--faults", default=",".join(FaultKind), metavar="KIND,...", help="which come (default: all)")
    parser.add_argument(
        "--turn", type=float, default=15, metavar="S", help="seconds all watch, then half go and return"
    )
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Run the worker's crew in this process; every turn all cameras, then every other one, watch for half a turn."""
    clips = load_clips(options.clips)
    with tempfile.TemporaryDirectory(prefix="streetwarden-soak-") as folder:
        root = Path(folder)
        faults = fault_plans(options.faults)
        simulated = simulate(
            Product(root), [clip.path for clip in clips], options.cameras, stagger_s=5.3, faults=faults
        )
        try:
            cameras = [placed.camera for placed in many_cameras(clips, simulated.urls)]
            settings = Settings(data_dir=root)
            with working(settings, root, SystemClock(), _ignore_incident, _ignore_package) as crew:
                seconds = 60 * (options.minutes if options.hours is None else 60 * options.hours)
                samples = _turns(crew, cameras, seconds, options.turn)
                errors = crew.report()["errors"]
        finally:
            stop(simulated.process, timeout_seconds=10)
    return Outcome({**figures_of(samples), "errors": errors}, samples)


def fault_plans(kinds: str) -> list[str]:
    """Each kind comes to every camera in turn, at periods that no other has, so that all mixtures are met."""
    return [
        f"{kind}:every={SHORTEST_EVERY_S + 6 * number + number % 5}s,for={4 + number % 9}s"
        for number, kind in enumerate(filter(None, kinds.split(",")))
    ]


def _ignore_incident(_: Incident) -> None:
    """Nobody asks for it here."""


def _ignore_package(_: SealedPackage) -> None:
    """Nobody asks for it here."""


def _turns(crew: Crew, cameras: Sequence[CameraConfig], seconds: float, turn_s: float) -> list[Sample]:
    """A sample at the end of each turn's first half, when all cameras have watched for a while."""
    samples: list[Sample] = []
    began_s = time.monotonic()
    while not samples or time.monotonic() - began_s < seconds:
        crew.fleet.apply(cameras)
        time.sleep(turn_s / 2)
        samples.append(_sample(usage_of([os.getpid()]), began_s, crew))
        crew.fleet.apply(cameras[::2])
        time.sleep(turn_s / 2)
        if len(samples) % SAY_EVERY == 0:
            say(f"soak: {samples[-1]}")
    return samples


def _sample(usage: Usage, began_s: float, crew: Crew) -> Sample:
    return {
        "at_s": round(usage.at_s - began_s, 1),
        "memory_mb": round(usage.memory_mb, 1),
        "threads": usage.threads,
        "files": usage.files,
        "frames_analysed": crew.pipeline.frames_analysed,
        "reconnects": sum(row["reconnects"] for row in crew.fleet.health()),
    }


def figures_of(samples: Sequence[Sample]) -> Figures:
    """The last quarter against the second: the first is for caches to fill. None when there are too few turns."""
    figures: Figures = {
        "turns": len(samples),
        "minutes": round(samples[-1]["at_s"] / 60, 2),
        "memory_mb": samples[-1]["memory_mb"],
        "frames_analysed": samples[-1]["frames_analysed"],
        "memory_mb_per_hour": None,
        "memory_growth_percent": None,
        "threads_grown": None,
        "files_grown": None,
    }
    quarter = len(samples) // 4
    if quarter:
        second, last = samples[quarter : 2 * quarter], samples[-quarter:]
        before, after = (median([row["memory_mb"] for row in rows]) or 0.0 for rows in (second, last))
        figures["memory_growth_percent"] = round(100 * (after - before) / before, 2)
        later = samples[quarter:]
        _, slope = line_through([(row["at_s"] / 3600, row["memory_mb"]) for row in later])
        figures["memory_mb_per_hour"] = round(slope, 2)
        for name in ("threads", "files"):
            figures[f"{name}_grown"] = min(row[name] for row in last) - max(row[name] for row in second)
    return figures


BENCHMARK = Benchmark(
    name="soak",
    about="cameras come, go and go wrong: memory, threads and open files stay what they were",
    run=run,
    add_options=add_options,
    smoke={"cameras": 2, "minutes": 0.05, "turn": 1.0, "faults": "cut,loss,half-open"},
    gates=(
        Gate("memory_growth_percent", most=3, timed=True),
        Gate("threads_grown", most=0, timed=True),
        Gate("files_grown", most=0, timed=True),
    ),
)
