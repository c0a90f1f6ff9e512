"""Logging that a broken camera cannot flood, and that shows no credentials."""

from __future__ import annotations

import logging

from streams.clock import Clock
from streams.redact import one_line
from streams.timeline import SECOND_NS


class LimitedLog:
    """Logs at most once a second; what was left out is counted in the next line."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._logged_ns: int | None = None
        self._left_out = 0

    def warning(self, message: str) -> None:
        """Log one redacted line, unless the last one was less than a second ago."""
        now_ns = self._clock.monotonic_ns()
        if self._logged_ns is not None and now_ns - self._logged_ns < SECOND_NS:
            self._left_out += 1
            return
        more = f" ({self._left_out} more since)" if self._left_out else ""
        self._log.warning("%s%s", one_line(message), more)
        self._logged_ns, self._left_out = now_ns, 0
