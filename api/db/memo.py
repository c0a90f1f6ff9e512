"""What was made from the database once, kept for as long as it is of the newest version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class Memo:
    """One value a name, with the version that it was made of. Threads may use it together."""

    def __init__(self) -> None:
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
                self._known[name] = known
            return cast("Value", known[1])

    def _making_lock(self, name: str) -> threading.Lock:
        with self._lock:
            return self._making.setdefault(name, threading.Lock())
