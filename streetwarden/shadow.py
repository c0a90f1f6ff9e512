"""Shadow mode at run time: a candidate model looks at some of the live model's pictures; both answers are written down.

Nothing else comes of it: no rule sees the candidate's boxes, so it files no case. Boxes alone are kept, no picture, in
a file that is bounded; `streetwarden models shadow-report` compares them.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from detector.detections import Detections
from detector.engine import Engine
from streams.clock import Clock
from streams.frame import Frame
from streetwarden.errors import UsageError

logger = logging.getLogger(__name__)

SHADOW = "shadow"
"""Name of the folder of answers in the folder of a worker."""
LOOKS = "looks.jsonl"
OLD_LOOKS = "looks.old.jsonl"
MAX_BYTES = 64 << 20
BUSY_SHARE = 0.25
"""Of one core's time, what the candidate may take."""
MIN_SCORE = 0.25
"""Below it no rule starts anything, and what differs tells nothing."""


@dataclass(frozen=True, slots=True)
class ShadowPlan:
    """What the candidate may cost: a share of one thread's time, and bytes on disk (two files of half of it)."""

    busy_share: float = BUSY_SHARE
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        if not 0 < self.busy_share <= 1 or self.max_bytes < 1:
            raise ValueError(f"ShadowPlan: expected a share in 0..1 and 1 byte or more, got {self}")

    def rest_s(self, took_s: float) -> float:
        """Seconds to rest after a look that took `took_s`."""
        return took_s * (1 / self.busy_share - 1)


@dataclass(frozen=True, slots=True)
class NamedEngine:
    """An engine and what its model is called in the settings."""

    name: str
    engine: Engine

    def as_json(self) -> dict[str, Any]:
        """Name and classes, in the order of the boxes' class numbers."""
        return {"name": self.name, "classes": list(self.engine.class_names)}


class ShadowLooks:
    """Offered every picture that the live model judged; takes one when the candidate has rested, and never waits.

    `offer` may be called from several lanes. The candidate runs on a thread of its own and rests after each look, so
    that it computes for `busy_share` of the time at most, whatever the number of cameras.
    """

    def __init__(
        self, live: NamedEngine, candidate: NamedEngine, folder: Path, clock: Clock, plan: ShadowPlan | None = None
    ) -> None:
        """Raises UsageError when the folder cannot be written."""
        self._candidate = candidate.engine
        self._header = {"live": live.as_json(), "candidate": candidate.as_json()}
        self._folder = folder
        self._clock = clock
        self._plan = plan or ShadowPlan()
        self._waiting: tuple[Frame, Detections] | None = None
        self._hungry = False
        self._change = threading.Condition()
        self._stopping = threading.Event()
        self._counts = {"looks": 0, "failed": 0}
        self._file = self._open()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def offer(self, frame: Frame, live: Detections) -> None:
        """A picture and what the live model saw in it; dropped when the candidate is busy or rests."""
        if not self._hungry or not frame.fitness.is_fit:
            return
        with self._change:
            self._waiting, self._hungry = (frame, live), False
            self._change.notify()

    def describe(self) -> dict[str, Any]:
        """The candidate, its looks so far, and those that failed."""
        return {**self._candidate.describe(), **self._counts}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._change:
            self._stopping.set()
            self._change.notify()
        self._thread.join(10)
        self._file.close()

    def _run(self) -> None:
        while (pair := self._next()) is not None:
            began_ns = self._clock.monotonic_ns()
            try:
                self._write(*pair, self._look(pair[0]))
                self._counts["looks"] += 1
            except Exception:  # a candidate is on trial: whatever it does, the live model goes on
                self._counts["failed"] += 1
                logger.exception("the candidate model failed on a picture")
            took_s = (self._clock.monotonic_ns() - began_ns) / 1e9
            self._stopping.wait(self._plan.rest_s(took_s))

    def _next(self) -> tuple[Frame, Detections] | None:
        with self._change:
            self._hungry = True
            while self._waiting is None and not self._stopping.is_set():
                self._change.wait()
            pair, self._waiting, self._hungry = self._waiting, None, False
            return None if self._stopping.is_set() else pair

    def _look(self, frame: Frame) -> tuple[Detections, float]:
        began_ns = self._clock.monotonic_ns()
        (seen,) = self._candidate.detect([frame.image])
        return seen, (self._clock.monotonic_ns() - began_ns) / 1e6

    def _write(self, frame: Frame, live: Detections, candidate: tuple[Detections, float]) -> None:
        seen, took_ms = candidate
        line = {
            "camera_id": frame.camera_id,
            "at_ns": frame.captured_at_ns,
            "live": _rows(live),
            "candidate": _rows(seen),
            "took_ms": round(took_ms, 1),
        }
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        if self._file.tell() > self._plan.max_bytes // 2:
            self._turn_over()

    def _turn_over(self) -> None:
        """Begin a new file; the one before the last goes."""
        self._file.close()
        (self._folder / LOOKS).replace(self._folder / OLD_LOOKS)
        self._file = self._open()

    def _open(self) -> TextIO:
        path = self._folder / LOOKS
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        # Also when the file goes on: the worker before may have run other models.
        file.write(json.dumps(self._header) + "\n")
        return file


def _rows(detections: Detections) -> list[list[float]]:
    """Left, top, right, bottom in pixels, score, class."""
    return [
        [*(round(float(edge), 1) for edge in box), round(float(score), 3), int(name)]
        for box, score, name in zip(detections.xyxy, detections.score, detections.class_id, strict=True)
        if score >= MIN_SCORE
    ]
