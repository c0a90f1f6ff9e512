"""What was made from the database once, kept for as long as it is of the newest version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class Memo:
    """One value a name, with the version that it was made of. Threads may use it together.

    `most`: so many names are kept, the oldest goes first.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._known: dict[str, tuple[Hashable, Any]] = {}
        self._making: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str, version: Hashable, make: Callable[[], Value]) -> Value:
        """The value of this version: the one that is kept, or a new one that takes its place.

        Of several threads that miss it at once, one makes it and the others wait.
        """
        with self._making_lock(name):
            known = self._known.get(name)
            if known is None or known[0] != version:
                known = version, make()
                self._keep(name, known)
            return cast("Value", known[1])

    def _keep(self, name: str, known: tuple[Hashable, Any]) -> None:
        with self._lock:
            self._known.pop(name, None)
            self._known[name] = known
            while len(self._known) > self._most:
                oldest = next(iter(self._known))
                # Who waits for the lock of a name that goes makes its value once more.
                del self._known[oldest]
                self._making.pop(oldest, None)

    def _making_lock(self, name: str) -> threading.Lock:
        with self._lock:
            return self._making.setdefault(name, threading.Lock())
