"""`scaling`: what a camera costs when there are more of them, and what a city would need on paper."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cameras import look
from benchmarks.encode import add_live_options, live_clips
from benchmarks.live import LivePlan, run_live
from benchmarks.material import Clip
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, say

CITY_SIZES = (10_000, 100_000)
HOURS_KEPT = 24 * 30
PACKAGES_PER_CAMERA_AND_DAY = 2.0
PACKAGE_MB = 6.0
CAMERA_MBIT_S = 2.0
FORMULA = (
    "cores = fixed_cores + cameras * cores_per_camera; memory_mb = fixed_memory_mb + cameras * memory_mb_per_camera "
    "(least squares over the measured sizes, worker alone); network_gbit_s = cameras * 2 Mbit/s; "
    "storage_tb_30_days = cameras * 2 packages a day * 6 MB * 30"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[1, 10, 25, 50, 100], metavar="N", help="numbers of cameras"
    )
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="length of a run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="repetitions of each (default: %(default)s)")
    add_live_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Run each size in turn, so that a busy moment of the machine does not fall on one size alone."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-clips-") as folder:
        clips = live_clips(options, Path(folder))
        samples = [_sample(clips, size, turn, options) for turn in range(1, options.runs + 1) for size in options.sizes]
    return Outcome(figures_of(samples), samples)


def _sample(clips: Sequence[Clip], size: int, turn: int, options: argparse.Namespace) -> Sample:
    say(f"scaling: {size} cameras, run {turn} of {options.runs}")
    plan = LivePlan(clips, size, options.seconds, options.interval, options.model, stagger_s=options.stagger)
    with tempfile.TemporaryDirectory(prefix="streetwarden-scaling-") as folder:
        figures, _, _ = look(run_live(plan, Path(folder)))
    return {"cameras": size, "run": turn, **figures}


def figures_of(samples: list[Sample]) -> Figures:
    """Medians of each size, the line through them, and the paper plan."""
    sizes = sorted({int(sample["cameras"]) for sample in samples})
    rows = {str(size): _row([sample for sample in samples if sample["cameras"] == size]) for size in sizes}
    cores = line_through([(size, rows[str(size)]["cores_worker"]) for size in sizes])
    memory = line_through([(size, rows[str(size)]["memory_mb"]) for size in sizes])
    first, last = rows[str(sizes[0])], rows[str(sizes[-1])]
    return {
        "by_cameras": rows,
        "cost_ratio_last_to_first": _ratio(last["cores_per_camera"], first["cores_per_camera"]),
        "fixed_cores": round(cores[0], 4),
        "cores_per_camera": round(cores[1], 4),
        "fixed_memory_mb": round(memory[0], 1),
        "memory_mb_per_camera": round(memory[1], 2),
        "formula": FORMULA,
        "on_paper": {str(size): on_paper(size, cores, memory) for size in CITY_SIZES} if len(sizes) > 1 else None,
    }


def _row(samples: list[Sample]) -> Figures:
    cores = median([sample["cores_worker"] for sample in samples]) or 0.0
    memory = median([sample["memory_mb"] for sample in samples]) or 0.0
    cameras = int(samples[0]["cameras"])
    return {
        "held": all(sample["held"] for sample in samples),
        "cores_worker": cores,
        "cores_simulator": median([sample["cores_simulator"] for sample in samples]),
        "cores_per_camera": round(cores / cameras, 4),
        "memory_mb": memory,
        "analysed_per_s": median([sample["analysed_per_s"] for sample in samples]),
    }


def _ratio(one: float, other: float) -> float | None:
    return round(one / other, 3) if other else None


def line_through(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Least squares: value at 0 and slope. One point gives a line through 0."""
    if len(points) == 1:
        size, value = points[0]
        return 0.0, value / size
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return mean_y - slope * mean_x, slope


def on_paper(cameras: int, cores: tuple[float, float], memory: tuple[float, float]) -> Figures:
    """What so many cameras would need by `FORMULA`: an extrapolation far beyond what was measured."""
    return {
        "cores": round(cores[0] + cameras * cores[1]),
        "memory_gb": round((memory[0] + cameras * memory[1]) / 1e3, 1),
        "network_gbit_s": round(cameras * CAMERA_MBIT_S / 1e3, 1),
        "storage_tb_30_days": round(cameras * PACKAGES_PER_CAMERA_AND_DAY * PACKAGE_MB * HOURS_KEPT / 24 / 1e6, 1),
    }


BENCHMARK = Benchmark(
    name="scaling",
    about="cost per camera at growing numbers of cameras, and the plan for a city on paper",
    run=run,
    add_options=add_options,
    smoke={"sizes": [1, 2], "seconds": 1.5, "runs": 1, "native": True},
    gates=(Gate("cost_ratio_last_to_first", most=1.1, timed=True),),
)
