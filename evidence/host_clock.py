"""The host's clock against UTC: asked of time servers, or of the program that keeps it, from a thread of its own."""

from __future__ import annotations

import logging
import math
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from evidence import sntp
from evidence.clock_reading import ClockSample, SampleHistory
from evidence.errors import ClockError
from evidence.manifest import HostClock
from streams.clock import Clock

log = logging.getLogger(__name__)

Measure = Callable[[Clock], ClockSample]
_SECOND_NS: Final = 1_000_000_000
_LONGEST_METHOD: Final = 300
_PROGRAM_TIMEOUT_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class HostClockSettings:
    """Time servers (`HOST` or `HOST:PORT`), tried in order; without any, chrony on this machine is asked.

    A sample older than `stale_s` is no longer told as an offset.
    """

    servers: tuple[str, ...] = ()
    every_s: float = 64.0
    timeout_s: float = 2.0
    stale_s: float = 3600.0


class HostClockWatch:
    """Measures the host's clock every so often; `state` never blocks and says `unknown` in words while it is.

    `state` may be called from any thread.
    """

    def __init__(self, clock: Clock, settings: HostClockSettings | None = None) -> None:
        self._clock = clock
        self._settings = settings or HostClockSettings()
        self._history = SampleHistory()
        self._lock = threading.Lock()
        self._why_unknown = "not measured yet"
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> HostClock:
        """What is known now; the offset is None and `method` says why when nothing is."""
        with self._lock:
            latest, drift, why = self._history.latest, self._history.drift_ppm, self._why_unknown
        if latest is None:
            return _unknown(why)
        age_ns = self._clock.wall_ns() - latest.measured_at_ns
        if abs(age_ns) > self._settings.stale_s * _SECOND_NS:
            return _unknown(f"the last measurement is {abs(age_ns) // _SECOND_NS} s old; {why}")
        return HostClock(
            offset_ns=latest.offset_ns,
            uncertainty_ns=latest.uncertainty_ns,
            drift_ppm=drift,
            method=latest.method,
            measured_at_ns=latest.measured_at_ns,
        )

    def measure(self) -> None:
        """Measure once; blocks for at most a few seconds and never raises."""
        reasons = []
        for ask in self._sources():
            try:
                sample = ask(self._clock)
            except ClockError as error:
                reasons.append(str(error))
                continue
            with self._lock:
                self._history.add(sample)
                self._why_unknown = ""
            return
        with self._lock:
            told, self._why_unknown = self._why_unknown, "; ".join(reasons)
        if told != self._why_unknown:
            log.warning("the host's clock cannot be checked: %s", self._why_unknown)

    def start(self) -> None:
        """Measure from a thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="host-clock", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.measure()
            self._stopping.wait(self._settings.every_s)

    def _sources(self) -> Sequence[Measure]:
        if not self._settings.servers:
            return (ask_chrony,)
        timeout_s = self._settings.timeout_s
        return [
            lambda clock, server=server: sntp.query(server, clock, timeout_s)  # type: ignore[misc]
            for server in self._settings.servers
        ]


def ask_chrony(clock: Clock, program: Sequence[str] = ("chronyc", "-c", "tracking")) -> ClockSample:
    """What chrony on this machine knows of the system clock. Raises ClockError when it is not there or has no time."""
    try:
        done = subprocess.run(program, capture_output=True, text=True, timeout=_PROGRAM_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClockError("no time server is configured, and chrony does not answer") from error
    if done.returncode != 0:
        raise ClockError("no time server is configured, and chrony does not answer")
    return read_tracking(done.stdout, clock.wall_ns())


def read_tracking(line: str, now_ns: int) -> ClockSample:
    """Read a line of `chronyc -c tracking`; ClockError when chrony follows nobody.

    Its fields: reference, name, stratum, time, correction, two offsets, three frequencies, root delay, root
    dispersion, interval, leap. The correction says how many seconds the system clock is slow of UTC.
    """
    fields = line.strip().split(",")
    if len(fields) < 14 or fields[-1] == "Not synchronised":
        raise ClockError("chrony on this machine follows no time server")
    try:
        offset_s, delay_s, dispersion_s = float(fields[4]), float(fields[10]), float(fields[11])
    except ValueError as error:
        raise ClockError(f"chrony said something else than numbers: {line.strip()[:80]}") from error
    if not all(map(math.isfinite, (offset_s, delay_s, dispersion_s))):
        raise ClockError("chrony said something else than numbers")
    offset_ns, uncertainty_ns = round(-offset_s * 1e9), round((delay_s / 2 + dispersion_s) * 1e9)
    return ClockSample(
        offset_ns, uncertainty_ns, f"chrony, following {fields[1] or fields[0]}"[:80], now_ns - offset_ns
    )


def _unknown(why: str) -> HostClock:
    method = f"unknown: {why}"[:_LONGEST_METHOD]
    return HostClock(offset_ns=None, uncertainty_ns=None, drift_ppm=None, method=method, measured_at_ns=None)
