"""Starting the product's own commands as processes of their own, and measuring them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.errors import BenchmarkError
from streetwarden.processes import spawn

Process = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Product:
    """The product with its data below `folder`; what its processes say goes to `folder/log`."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def spawn(self, *verb: str | Path, stdout: int | None = None, **environment: str) -> Process:
        """Start a verb of the command line; it ends with this process."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("STREETWARDEN_")}
        everything = {**clean, "STREETWARDEN_DATA_DIR": str(self.folder), **environment}
        command = [sys.executable, "-m", "streetwarden", *map(str, verb)]
        return spawn(command, log=self.log, environment=everything, stdout=stdout)

    def run(self, *verb: str | Path) -> str:
        """Run a verb to its end and give what it printed. Raises BenchmarkError when it fails."""
        process = self.spawn(*verb, stdout=subprocess.PIPE)
        text, _ = process.communicate()
        if process.returncode:
            raise BenchmarkError(f"streetwarden {verb[0]} ended with {process.returncode}: {self.last_words()}")
        return text

    def last_words(self) -> str:
        """The last line of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "no word from it"


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running camera simulator. `started_ns`: the UTC moment at which its first camera's clip began; `offsets_s`: how
    far each camera was into its clip then.
    """

    process: Process
    urls: tuple[str, ...]
    started_ns: int
    offsets_s: tuple[float, ...]


def simulate(
    product: Product,
    clips: Sequence[Path],
    cameras: int,
    port: int = 0,
    *,
    stagger_s: float = 0.0,
    faults: Sequence[str] = (),
) -> Simulated:
    """Start `streetwarden simulate` and wait until it serves. Raises BenchmarkError when it does not."""
    numbers = ("--cameras", str(cameras), "--port", str(port), "--stagger", f"{stagger_s:g}")
    wrong = [word for fault in faults for word in ("--fault", fault)]
    process = product.spawn("simulate", *clips, *numbers, *wrong, "--json", stdout=subprocess.PIPE)
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        process.wait()
        raise BenchmarkError(f"the camera simulator did not start: {product.last_words()}")
    said = json.loads(line)
    offsets_s = tuple(float(camera["offset_s"]) for camera in said["cameras"])
    return Simulated(process, tuple(said["urls"]), int(said["started_at_ns"]), offsets_s)


def free_port() -> int:
    """A TCP port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes used: CPU seconds since their start; memory, threads and open files now."""

    at_s: float
    cpu_s: float
    memory_mb: float
    threads: int
    files: int


def usage_of(processes: Iterable[int]) -> Usage:
    """Processes (by id) and their children together. A process that is gone counts nothing."""
    cpu_s = memory_mb = 0.0
    threads = files = 0
    for process in _families(processes):
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            memory_mb += process.memory_info().rss / 1e6
            threads += process.num_threads()
            files += process.num_fds()
        except psutil.NoSuchProcess:
            continue
    return Usage(time.monotonic(), cpu_s, memory_mb, threads, files)


def _families(processes: Iterable[int]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for number in processes:
        try:
            process = psutil.Process(number)
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def cores_between(first: Usage, last: Usage) -> float:
    """CPU seconds a second between two measurements."""
    return (last.cpu_s - first.cpu_s) / max(1e-9, last.at_s - first.at_s)
