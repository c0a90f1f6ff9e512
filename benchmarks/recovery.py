"""`recovery`: `kill -9` of API and worker while cases are made, and cameras that go wrong and come back."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.drill import DrillPlan, run_drill
from benchmarks.errors import BenchmarkError
from benchmarks.material import add_clip_options, load_clips
from benchmarks.reconnect import EVERY, NAMING, TIMEOUT_S, run_recoveries
from benchmarks.report import Benchmark, Figures, Gate, Outcome, Sample, median, quantiles
from streams.simulator import FaultKind

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
    parser.add_argument("--repetitions", type=int, default=20, metavar="N", help="of each fault, over all cameras")
    parser.add_argument("--watched", type=int, default=10, metavar="N", help="live cameras that go wrong at once")
    parser.add_argument("--faults", default=",".join(EVERY), metavar="KIND,...", help="which (default: all)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="draws every moment (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the drill's data here (an empty folder)")
    add_clip_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Drill, then faults; either is left out by 0 kills or 0 repetitions."""
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
    if options.repetitions:
        kinds = _kinds(options.faults)
        with tempfile.TemporaryDirectory(prefix="streetwarden-recovery-") as folder:
            rows = run_recoveries(clips, options.watched, options.repetitions, kinds, options.seed, Path(folder))
        figures |= _figures(rows)
        samples += rows
    return Outcome(figures, samples)


BACK = ("api_back_s", "worker_back_s")


def _kept(folder: Path | None) -> Path | None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kinds(text: str) -> list[str]:
    kinds = [kind for kind in text.split(",") if kind]
    unknown = sorted(set(kinds) - set(EVERY))
    if unknown:
        raise BenchmarkError(f"--faults: unknown kind {unknown[0]!r}; any of {', '.join(EVERY)}")
    return kinds


def _figures(rows: list[Sample]) -> Figures:
    """A camera that did not come back in time counts with the whole time waited.

    One that refused the password is counted by itself: it is asked again seldom, lest it lock the account.
    """
    refused = [_seconds(row) for row in rows if row["fault"] == FaultKind.AUTH]
    others = [_seconds(row) for row in rows if row["fault"] != FaultKind.AUTH]
    middle = quantiles(others)
    kinds = list(dict.fromkeys(row["fault"] for row in rows))
    return {
        "recoveries": len(rows),
        "never_back": sum(row["frames_again_s"] is None for row in rows),
        "unnamed": sum(not row["named"] for row in rows if row["fault"] in NAMING),
        "frames_again_s": middle,
        "frames_again_s_median": middle["p50"] if middle else None,
        "frames_again_s_worst": round(max(others), 3) if others else None,
        "refused_again_s_worst": round(max(refused), 3) if refused else None,
        "by_fault": {kind: _of_fault([row for row in rows if row["fault"] == kind]) for kind in kinds},
    }


def _of_fault(rows: list[Sample]) -> Figures:
    seconds = [_seconds(row) for row in rows]
    named = [row["named_after_s"] for row in rows if row["named"]]
    return {
        "recoveries": len(rows),
        "frames_again_s_median": median(seconds),
        "frames_again_s_worst": round(max(seconds), 3),
        "never_back": sum(row["frames_again_s"] is None for row in rows),
        "named": sum(bool(row["named"]) for row in rows) if rows[0]["fault"] in NAMING else None,
        "named_after_s_median": median(named) if named else None,
        "looks_meanwhile": sum(row["looks_meanwhile"] for row in rows),
    }


def _seconds(row: Sample) -> float:
    return TIMEOUT_S if row["frames_again_s"] is None else float(row["frames_again_s"])


BENCHMARK = Benchmark(
    name="recovery",
    about="kill -9 of API and worker: every sealed package is one case; cameras that go wrong and come back",
    run=run,
    add_options=add_options,
    smoke={
        "kills": 2,
        "cameras": 2,
        "longest_life": 1.5,
        "longest_down": 0.3,
        "repetitions": 1,
        "watched": 1,
        "faults": "cut,black",
    },
    gates=(
        Gate("sealed", least=1),
        *(Gate(name, most=0) for name in (*NEVER, "bad_packages", "chain_problems", "never_back")),
        Gate("unnamed", most=0, timed=True),
        Gate("frames_again_s_median", most=2, timed=True),
        Gate("frames_again_s_worst", most=10, timed=True),
        Gate("refused_again_s_worst", most=30, timed=True),
    ),
)
