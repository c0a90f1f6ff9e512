"""Clocks: every part that asks for the time or waits is handed one, so that a clip replays on a simulated clock."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, monotonic time and waiting, all in nanoseconds but for the wait."""

    def wall_ns(self) -> int:
        """UTC now, nanoseconds since the Unix epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds on a clock that never steps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def wall_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class SimulatedClock:
    """A clock that moves only when told to, or when somebody sleeps on it."""

    def __init__(self, wall_ns: int = 0) -> None:
        self._lock = threading.Lock()
        self._wall_ns = wall_ns
        self._monotonic_ns = 0

    def wall_ns(self) -> int:
        with self._lock:
            return self._wall_ns

    def monotonic_ns(self) -> int:
        with self._lock:
            return self._monotonic_ns

    def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        with self._lock:
            step_ns = round(seconds * 1e9)
            self._wall_ns += step_ns
            self._monotonic_ns += step_ns

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock alone, as an NTP correction does."""
        with self._lock:
            self._wall_ns += round(seconds * 1e9)
