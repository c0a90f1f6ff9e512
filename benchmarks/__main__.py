"""`python -m benchmarks NAME`: run a benchmark, or all of them, or write the table of their results."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from api.errors import SetupError
from benchmarks.errors import BenchmarkError
from benchmarks.page import read_reports, write_tables
from benchmarks.report import Benchmark, measure, print_report, say, write_json
from benchmarks.table import BENCHMARKS
from detector.errors import ModelError
from models.errors import ModelsError
from streams.errors import StreamError
from streetwarden.errors import UsageError

REFUSALS = (BenchmarkError, UsageError, SetupError, ModelError, ModelsError, StreamError)
GATE_MISSED, BAD_INPUT = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 measured and every gate held, 1 a gate was missed, 2 the benchmark could not run."""
    options = build_parser(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_target(getattr(options, "json", None))
        return int(options.run(options))
    except REFUSALS as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130


def build_parser(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line, parsed: `--smoke` changes the defaults, what is written out counts all the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = parser.add_subparsers(title="benchmarks", metavar="NAME", dest="name", required=True)
    for benchmark in BENCHMARKS.values():
        one = names.add_parser(benchmark.name, help=benchmark.about, description=benchmark.about)
        _add_common_options(one)
        benchmark.add_options(one)
        one.set_defaults(run=run_one, benchmark=benchmark)
        if "--smoke" in arguments:
            one.set_defaults(**benchmark.smoke)
    everything = names.add_parser("all", help="every benchmark, each in a process of its own")
    _add_common_options(everything)
    everything.set_defaults(run=run_all)
    tables = names.add_parser("table", help="the tables of docs/performance.md from JSON reports")
    tables.add_argument("reports", nargs="+", type=Path, metavar="JSON", help="what --json wrote")
    tables.add_argument("--into", type=Path, metavar="PAGE", help="replace the tables of this page (default: print)")
    tables.set_defaults(run=lambda options: write_tables(read_reports(options.reports), options.into))
    return parser.parse_args(arguments)


def _check_target(path: Path | None) -> None:
    """Find out before a long run, not after it, that its report cannot be written."""
    if path is not None and not path.resolve().parent.is_dir():
        raise BenchmarkError(f"--json {path}: no such folder")


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--smoke", action="store_true", help="a few seconds: shows that it runs, measures nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and raw samples here")


def run_one(options: argparse.Namespace) -> int:
    """Run one benchmark in this process."""
    benchmark: Benchmark = options.benchmark
    del options.run
    report = measure(benchmark, options)
    if options.json:
        write_json(report.as_dict(), options.json)
    print_report(report)
    return 0 if report.ok else GATE_MISSED


def run_all(options: argparse.Namespace) -> int:
    """Run every benchmark; the worst exit code counts."""
    codes, reports = [], []
    with tempfile.TemporaryDirectory(prefix="streetwarden-benchmarks-") as folder:
        for name in BENCHMARKS:
            result = Path(folder) / f"{name}.json"
            say(f"benchmarks: {name}")
            command = [sys.executable, "-m", "benchmarks", name, "--json", str(result)]
            code = subprocess.run([*command, *(["--smoke"] if options.smoke else [])], check=False).returncode
            codes.append(code if code >= 0 else BAD_INPUT)  # below 0: ended by a signal
            if result.exists():
                reports.append(json.loads(result.read_text(encoding="utf-8")))
    if options.json:
        write_json(reports, options.json)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
