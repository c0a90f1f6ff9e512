"""`cameras`: N live cameras with planted violations: what is found, how late, and what it costs."""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.encode import add_live_options, live_clips
from benchmarks.live import LivePlan, LiveRun, Reading, planted_in, read_incidents, run_live
from benchmarks.material import with_dwell
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, quantiles, say
from benchmarks.scoring import Score, score

LEAST_RATE_SHARE = 0.95
STEP = 1.25
MOST_LATE_S = 2.5
"""Looks that come later than this on average: the machine has too many cameras."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--cameras", type=int, default=100, metavar="N", help="live cameras (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=120, metavar="S", help="length of a run (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--find", action="store_true", help="then add a quarter until the machine holds them no more")
    add_live_options(parser)
    parser.add_argument("--dwell", type=float, metavar="S", help="limit of every zone (default: the cameras file's)")


def run(options: argparse.Namespace) -> Outcome:
    """Repeat the run; figures are medians, but for counts of errors, which are added up."""
    with tempfile.TemporaryDirectory(prefix="streetwarden-clips-") as folder:
        clips = live_clips(options, Path(folder))
        if options.dwell:
            clips = tuple(with_dwell(clip, options.dwell) for clip in clips)
        plan = LivePlan(
            clips, options.cameras, options.seconds, options.interval, options.model, stagger_s=options.stagger
        )
        samples = [_sample(plan, number, options.runs) for number in range(1, options.runs + 1)]
        figures = summarise(samples)
        if options.find:
            figures["largest_held"], more = _largest(plan, held=bool(figures["held"]))
            samples += more
    return Outcome(figures, samples)


def _sample(plan: LivePlan, number: int, of: int) -> Sample:
    say(f"cameras: {plan.cameras} cameras, run {number} of {of}")
    with tempfile.TemporaryDirectory(prefix="streetwarden-cameras-") as folder:
        figures, cameras, delays = look(run_live(plan, Path(folder)))
    return {"run": number, **figures, "confirm_delays_s": delays, "cameras": cameras}


def _largest(plan: LivePlan, *, held: bool) -> tuple[int | None, list[Sample]]:
    """The largest number that held, a quarter more each time, one run each; None when the first did not."""
    largest, samples = plan.cameras if held else None, []
    while held:
        more = replace(plan, cameras=math.ceil(plan.cameras * STEP))
        samples.append(_sample(more, 1, 1))
        held = _is_whole(samples[-1])
        largest, plan = (more.cameras if held else largest), more
    return largest, samples


def _is_whole(sample: Sample) -> bool:
    return bool(sample["held"]) and sample["recall"] == 1 and not sample["false_alarms"]


def look(done: LiveRun) -> tuple[Figures, list[Sample], list[float]]:
    """The figures of one run, a row for each camera, and the delays from limit to confirmation, seconds."""
    reading = read_incidents(done)
    result = score(reading.found, planted_in(done, reading.origins))
    rows = [_camera_row(done, camera) for camera in done.health["cameras"]]
    delays = [pair.confirm_delay_s for pair in result.pairs if pair.confirm_delay_s is not None]
    figures = {
        "held": all(row["held"] for row in rows) and not done.health["errors"] and done.health["late_s"] <= MOST_LATE_S,
        "late_s": done.health["late_s"],
        **_what_was_found(result, reading),
        "cores": round(done.worker_cores + done.simulator_cores, 3),
        "cores_worker": round(done.worker_cores, 3),
        "cores_simulator": round(done.simulator_cores, 3),
        "memory_mb": round(done.worker_memory_mb, 1),
        "memory_mb_per_camera": round(done.worker_memory_mb / len(rows), 2),
        "analysed_per_s": round(sum(row["analysed_per_s"] for row in rows), 2),
        "drops": done.drops,
        "worker_errors": done.health["errors"],
        "wrong": {
            "missed": [asdict(planted) for planted in result.missed],
            "false": [asdict(pair.found) for pair in result.pairs if pair.truth is None],
        },
    }
    return figures, rows, [round(delay, 3) for delay in delays]


def _what_was_found(result: Score, reading: Reading) -> Figures:
    return {
        "expected": result.expected,
        "found": len(result.pairs),
        "missed": len(result.missed),
        "recall": result.recall,
        # Without a package nobody can say when it was, so it cannot be shown to be true.
        "false_alarms": result.false_alarms + reading.unsealed,
    }


def _camera_row(done: LiveRun, camera: dict[str, Any]) -> Sample:
    """A camera holds when it streams to the end at its full rate, and what is wanted of it was looked at."""
    clip = next(placed.clip for placed in done.placed if placed.camera.id == camera["camera_id"])
    reads_all = camera["fps_read"] >= LEAST_RATE_SHARE * clip.fps
    looked = camera["frames_analysed"] > 0 or not camera["wanted"]
    return {
        "camera": camera["camera_id"],
        "clip": clip.name,
        "held": camera["state"] == "streaming" and reads_all and looked and camera["reconnects"] == 0,
        "state": camera["state"],
        "fps_read": camera["fps_read"],
        "analysed_per_s": round(done.analysed_per_s(camera), 3),
        "reconnects": camera["reconnects"],
        "drops": camera["drops"],
    }


def summarise(samples: list[Sample]) -> Figures:
    """Medians over the runs; errors are added up, and all runs must hold."""
    rows: list[Figures] = samples
    delays = [delay for sample in samples for delay in sample["confirm_delays_s"]]
    expected = sum(row["expected"] for row in rows)
    late = quantiles(delays)
    costs = (
        "late_s",
        "cores",
        "cores_worker",
        "cores_simulator",
        "memory_mb",
        "memory_mb_per_camera",
        "analysed_per_s",
    )
    return {
        "cameras": len(samples[0]["cameras"]),
        "held": all(row["held"] for row in rows),
        "recall": round(1 - sum(row["missed"] for row in rows) / expected, 4) if expected else None,
        "false_alarms": sum(row["false_alarms"] for row in rows),
        "expected": expected,
        "confirm_delay_s_p50": late["p50"] if late else None,
        "confirm_delay_s_p95": late["p95"] if late else None,
        **{name: median([row[name] for row in rows]) for name in costs},
        "drops": _added([row["drops"] for row in rows]),
    }


def _added(counts: list[dict[str, int]]) -> dict[str, int]:
    reasons = sorted({reason for count in counts for reason in count})
    return {reason: sum(count.get(reason, 0) for count in counts) for reason in reasons}


BENCHMARK = Benchmark(
    name="cameras",
    about="live cameras with planted violations: recall, false alarms, delay, cores and memory",
    run=run,
    add_options=add_options,
    smoke={"cameras": 2, "seconds": 6.0, "runs": 1, "dwell": 2.0, "native": True},
    gates=(
        Gate("held", least=1, timed=True),
        Gate("recall", least=1, timed=True),
        Gate("false_alarms", most=0, timed=True),
        Gate("confirm_delay_s_p95", most=12, timed=True),
        Gate("memory_mb_per_camera", most=20, timed=True),
    ),
)
