"""The worker's care for itself: once a second it looks after the recorder, the lanes and the canary."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0

Duty = Callable[[], object]


class Care:
    """A thread that does its duties in turn, once a second; a duty that fails is logged and done again."""

    def __init__(self, duties: Sequence[Duty]) -> None:
        self._duties = tuple(duties)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="care", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            for duty in self._duties:
                try:
                    duty()
                except Exception:
                    logger.exception("a duty of the worker's care failed; it is tried again")
