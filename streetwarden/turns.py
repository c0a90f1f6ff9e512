"""Turns: several lanes work on one camera's pictures at once, and finish them in the order in which they were taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Tickets of one camera. Every drawn ticket must be used with `turn` or given up with `void`."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._drawn = 0
        self._next = 0
        self._void: set[int] = set()

    def draw(self) -> int:
        """The next ticket."""
        with self._condition:
            self._drawn += 1
            return self._drawn - 1

    @contextmanager
    def turn(self, ticket: int) -> Iterator[bool]:
        """Wait until all earlier tickets are done. Gives False for a ticket that was voided: its work is not wanted."""
        with self._condition:
            self._condition.wait_for(lambda: self._next >= ticket or ticket in self._void)
            mine = ticket == self._next and ticket not in self._void
        try:
            yield mine
        finally:
            if mine:
                self._finish(ticket)

    def void(self, ticket: int) -> None:
        """Whoever holds this ticket is lost: the others need not wait for it."""
        with self._condition:
            self._void.add(ticket)
            self._skip_void()

    def _finish(self, ticket: int) -> None:
        with self._condition:
            self._next = max(self._next, ticket + 1)
            self._skip_void()

    def _skip_void(self) -> None:
        while self._next in self._void:
            self._void.discard(self._next)
            self._next += 1
        self._void = {ticket for ticket in self._void if ticket >= self._next}
        self._condition.notify_all()
