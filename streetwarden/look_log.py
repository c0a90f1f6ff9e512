"""A line for every look: which camera, of when, how late; for tuning a site, and off unless asked for."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from streams.clock import Clock
from streams.frame import Frame
from streetwarden.errors import UsageError


class LookLog:
    """Appends to a file, from any thread: `camera_id, pts_s, captured_at_s, looked_at_s, picture`, UTC seconds."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._file = _opened(path)
        self._clock = clock
        self._lock = threading.Lock()

    def write(self, frame: Frame) -> None:
        """One look is done."""
        line = {
            "camera_id": frame.camera_id,
            "pts_s": round(frame.pts_ns / 1e9, 3),
            "captured_at_s": round(frame.captured_at_ns / 1e9, 3),
            "looked_at_s": round(self._clock.wall_ns() / 1e9, 3),
            "picture": frame.fitness.state.value,
        }
        with self._lock:
            self._file.write(json.dumps(line) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise UsageError(f"--looks {path}: {error.strerror}") from None
