"""Input buffers that wait between calls: as many callers as there are, and no page of memory asked for anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from detector.letterbox import InputBuffer

BufferKey = tuple[int, tuple[int, int]]
"""Pictures in the batch, and height and width of the input."""

DEFAULT_KEPT_BYTES = 64 * 1024 * 1024
"""Twenty buffers of one 384x640 float picture: several lanes, and the few aspect ratios of one city's cameras."""


class BufferPool:
    """Buffers at rest, the one used last at the end. A caller has a buffer for itself while it is lent.

    At most `kept_bytes` are kept at rest, the newest buffer always; those at work are as many as the callers.
    """

    def __init__(self, make: Callable[[BufferKey], InputBuffer], kept_bytes: int = DEFAULT_KEPT_BYTES) -> None:
        self._make = make
        self._kept_bytes = kept_bytes
        self._resting: list[tuple[BufferKey, InputBuffer]] = []
        self._lock = threading.Lock()

    @property
    def resting_bytes(self) -> int:
        """Memory of the buffers at rest."""
        with self._lock:
            return self._bytes()

    @contextmanager
    def lend(self, key: BufferKey) -> Iterator[InputBuffer]:
        """A buffer for the length of the block: one that rests, or else a new one."""
        buffer = self._take(key) or self._make(key)
        try:
            yield buffer
        finally:
            self._give_back(key, buffer)

    def _take(self, key: BufferKey) -> InputBuffer | None:
        with self._lock:
            # The newest first: its memory is still in the processor's cache.
            for index in range(len(self._resting) - 1, -1, -1):
                if self._resting[index][0] == key:
                    return self._resting.pop(index)[1]
        return None

    def _give_back(self, key: BufferKey, buffer: InputBuffer) -> None:
        with self._lock:
            self._resting.append((key, buffer))
            while len(self._resting) > 1 and self._bytes() > self._kept_bytes:
                self._resting.pop(0)

    def _bytes(self) -> int:
        return sum(buffer.array.nbytes for _, buffer in self._resting)
