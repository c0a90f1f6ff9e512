"""The bounded hall between the cameras' threads and the one inference loop."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict

from streams.frame import Frame


class FrameQueue:
    """Holds the newest frame of each camera; the camera that waits longest is served first.

    `put` never blocks: a frame that finds its camera's place taken replaces it, and the replaced one is counted.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Frame] = OrderedDict()
        self._condition = threading.Condition()
        self._replaced: Counter[str] = Counter()

    def put(self, frame: Frame) -> None:
        """Offer a frame; keeps the camera's place in the line."""
        with self._condition:
            if frame.camera_id in self._waiting:
                self._replaced[frame.camera_id] += 1
            self._waiting[frame.camera_id] = frame
            self._condition.notify()

    def take(self, limit: int, timeout_seconds: float) -> list[Frame]:
        """Up to `limit` frames of different cameras, oldest place first; empty when none comes in time."""
        with self._condition:
            if not self._waiting:
                self._condition.wait(timeout_seconds)
            count = min(limit, len(self._waiting))
            return [self._waiting.popitem(last=False)[1] for _ in range(count)]

    def forget(self, camera_id: str) -> None:
        """Drop what waits of a camera that is no longer watched."""
        with self._condition:
            self._waiting.pop(camera_id, None)
            self._replaced.pop(camera_id, None)

    def replaced(self, camera_id: str) -> int:
        """How many frames of this camera were replaced by a newer one before anybody looked at them."""
        with self._condition:
            return self._replaced[camera_id]
