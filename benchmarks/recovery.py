"""`recovery`: `kill -9` of API and worker while cases are made, and cameras that go away and come back."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.drill import DrillPlan, run_drill
from benchmarks.material import add_clip_options, load_clips
from benchmarks.reconnect import TIMEOUT_S, run_reconnects
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, quantiles

NEVER = (
    "lost",
    "twice",
    "strangers",
    "vanished",
    "altered",
    "rejected",
    "quarantined",
    "left_waiting",
    "half_made",
    "died_alone",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told."""
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="kills of API and worker (default: 50)")
    parser.add_argument("--cameras", type=int, default=4, metavar="N", help="live cameras (default: %(default)s)")
    parser.add_argument("--longest-life", type=float, default=12.0, metavar="S", help="longest time between two kills")
    parser.add_argument("--longest-down", type=float, default=2.0, metavar="S", help="longest time before a restart")
    parser.add_argument("--reconnects", type=int, default=20, metavar="N", help="times that the cameras go away")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draws every moment (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the drill's data here (an empty folder)")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Drill, then reconnect; either is left out by 0 kills or 0 reconnects."""
    clips = load_clips(options.clips)
    figures: Figures = {}
    samples: list[Sample] = []
    if options.kills:
        plan = DrillPlan(
            clips, options.cameras, options.kills, options.seed, options.longest_life, options.longest_down
        )
        with tempfile.TemporaryDirectory(prefix="streetwarden-recovery-") as folder:
            figures, samples = run_drill(plan, _kept(options.keep) or Path(folder))
        figures |= {name: quantiles([row[name] for row in samples if name in row]) for name in BACK}
    if options.reconnects:
        with tempfile.TemporaryDirectory(prefix="streetwarden-recovery-") as folder:
            rows = run_reconnects(clips, options.cameras, options.reconnects, options.seed, Path(folder))
        figures |= _figures(rows)
        samples += rows
    return Outcome(figures, samples)


BACK = ("api_back_s", "worker_back_s")


def _kept(folder: Path | None) -> Path | None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _figures(rows: list[Sample]) -> Figures:
    """A camera that did not come back in time counts with the whole time waited."""
    seconds = [TIMEOUT_S if row["frames_again_s"] is None else row["frames_again_s"] for row in rows]
    middle = quantiles(seconds)
    return {
        "reconnects": len(rows),
        "never_back": sum(row["frames_again_s"] is None for row in rows),
        "frames_again_s": middle,
        "frames_again_s_median": middle["p50"] if middle else None,
        "frames_again_s_worst": round(max(seconds), 3),
    }


BENCHMARK = Benchmark(
    name="recovery",
    about="kill -9 of API and worker: every sealed package is one case; cameras that go away and come back",
    run=run,
    add_options=add_options,
    smoke={"kills": 3, "cameras": 2, "longest_life": 1.5, "longest_down": 0.3, "reconnects": 1},
    gates=(
        Gate("sealed", least=1),
        *(Gate(name, most=0) for name in (*NEVER, "bad_packages", "chain_problems", "never_back")),
        Gate("frames_again_s_median", most=2, timed=True),
        Gate("frames_again_s_worst", most=10, timed=True),
    ),
)
