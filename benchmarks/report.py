"""What every benchmark is, and what it reports: figures, raw samples, gates, the machine and the versions."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("streetwarden", "onnxruntime", "av", "numpy", "opencv-python", "ultralytics", "torch")
OPTIONS_OF_THE_COMMAND = frozenset({"name", "json", "benchmark"})

Figures = dict[str, Any]
Sample = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a figure must keep. `timed` gates depend on the machine's speed and are not judged by `--smoke`.

    A figure that is None (nothing was there to be measured) keeps no gate and breaks none.
    """

    figure: str
    least: float | None = None
    most: float | None = None
    timed: bool = False

    def holds(self, figures: Mapping[str, Any]) -> bool:
        """Whether the figure keeps the bound."""
        value = figures.get(self.figure)
        if value is None:
            return True
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        bounds = [f"at least {self.least:g}"] if self.least is not None else []
        bounds += [f"at most {self.most:g}"] if self.most is not None else []
        return f"{self.figure} {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: figures by name, and the raw samples that they were made from."""

    figures: Figures
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One entry of the table. `smoke` are the option values that make a run of a few seconds."""

    name: str
    about: str
    run: Callable[[argparse.Namespace], Outcome]
    add_options: Callable[[argparse.ArgumentParser], None]
    smoke: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's JSON. `gates` lists each judged bound and whether it held."""

    name: str
    machine: dict[str, Any]
    versions: dict[str, str]
    options: dict[str, Any]
    figures: Figures
    samples: list[Sample]
    gates: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Every judged gate held."""
        return all(gate["held"] for gate in self.gates)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def measure(benchmark: Benchmark, options: argparse.Namespace) -> Report:
    """Run a benchmark and report it."""
    machine = describe_machine()
    outcome = benchmark.run(options)
    judged = [gate for gate in benchmark.gates if not (gate.timed and options.smoke)]
    return Report(
        name=benchmark.name,
        machine=machine,
        versions=describe_versions(),
        options=_plain_options(options),
        figures=outcome.figures,
        samples=outcome.samples,
        gates=[{"gate": str(gate), "held": gate.holds(outcome.figures)} for gate in judged],
    )


def describe_machine() -> dict[str, Any]:
    """The machine, and how busy it was with other work when the run began."""
    return {
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def describe_versions() -> dict[str, str]:
    """Versions of Python and of every package that a figure may depend on, and the commit."""
    versions = {"python": platform.python_version(), "commit": _commit()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    return versions


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _plain_options(options: argparse.Namespace) -> dict[str, Any]:
    values = {name: value for name, value in vars(options).items() if name not in OPTIONS_OF_THE_COMMAND}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def write_json(value: Any, path: Path) -> None:
    """Write JSON whole or not at all."""
    fresh = path.with_name(path.name + ".part")
    fresh.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)


def say(text: str) -> None:
    """One line of progress, aside from the results."""
    print(text, file=sys.stderr, flush=True)


def print_report(report: Report) -> None:
    """Figures and gates as lines."""
    print(f"{report.name}:")
    for name, value in report.figures.items():
        print(f"  {name}: {json.dumps(value, ensure_ascii=False)}")
    for gate in report.gates:
        print(f"  {'held' if gate['held'] else 'MISSED'}: {gate['gate']}")


def quantiles(values: Sequence[float], digits: int = 3) -> dict[str, float] | None:
    """p50, p95 and p99 (nearest rank), None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {f"p{share}": round(ordered[_rank(share, len(ordered))], digits) for share in (50, 95, 99)}


def _rank(percent: int, count: int) -> int:
    """Index of the nearest-rank percentile in `count` ordered values."""
    return max(0, -(-percent * count // 100) - 1)


def median(values: Sequence[float], digits: int = 3) -> float | None:
    """The middle value (mean of two), None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    value = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return round(value, digits)
