"""How often somebody may ask for something that reaches out into the net."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus

from api.errors import ApiError


class TooOftenError(ApiError):
    """More than this one may ask in a minute."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class Quota:
    """`most` in `span` for each name, and `at_once` of all together. To be used on one thread."""

    def __init__(self, most: int, span: timedelta, at_once: int) -> None:
        self._most, self._span, self._at_once = most, span, at_once
        self._times: dict[str, deque[datetime]] = {}
        self._running = 0

    @contextmanager
    def taking(self, name: str, now: datetime) -> Iterator[None]:
        """One of them, for the length of the block. Raises TooOftenError, with Retry-After."""
        self._forget(now)
        times = self._times.setdefault(name, deque())
        if len(times) >= self._most:
            wait_s = max(1, round((times[0] + self._span - now).total_seconds()))
            text = f"At most {self._most} in {self._span.total_seconds():g} s: try again in {wait_s} s."
            raise TooOftenError(text, headers={"Retry-After": str(wait_s)})
        if self._running >= self._at_once:
            raise TooOftenError("Others are testing cameras now: try again.", headers={"Retry-After": "5"})
        times.append(now)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _forget(self, now: datetime) -> None:
        for name, times in list(self._times.items()):
            while times and times[0] + self._span <= now:
                times.popleft()
            if not times:
                del self._times[name]
