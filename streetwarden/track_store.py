"""Keeps what the judges saw, for days: written by a thread of its own, bounded in days, bytes and memory."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from detector.incident import Incident
from detector.replay import case_of
from detector.seen import Began, Seen
from streams.clock import Clock
from streetwarden.track_codec import CodecError, encode
from streetwarden.track_files import (
    BEGAN,
    FOUND,
    LOOKS,
    MAGIC,
    SUFFIX,
    began_bytes,
    block,
    compact,
    cut_torn_tail,
    found_bytes,
    hour_file,
    hour_of,
    hour_of_file,
)

logger = logging.getLogger(__name__)

QUEUE = 4096
"""Looks that may wait for the disk: seconds of a full machine."""
BLOCK_LOOKS = 256
BLOCK_S = 60.0
"""A crash loses at most so much; shorter blocks would cost bytes."""
TICK_S = 1.0
COMPLAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class _Told:
    """One look of one camera on its way to the disk; `began` with the first of a watch."""

    camera_id: str
    seen: Seen
    found: tuple[Incident, ...]
    began: Began | None


@dataclass(slots=True)
class _Book:
    """What is gathered of one camera. `written`: the hour file that this process has begun or gone on with."""

    began: Began
    hour: datetime
    since_ns: int
    looks: list[Seen] = field(default_factory=list)
    written: Path | None = None
    goes_on: bool = False


class TrackStore:
    """`put` looks from any thread; they are on the disk within `BLOCK_S`. A context manager: leaving it writes all.

    Files older than `days` go, and the oldest of all cameras while there are more than `max_bytes`.
    """

    def __init__(self, folder: Path, clock: Clock, *, days: float, max_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._days = days
        self._max_bytes = max_bytes
        self._queue: queue.Queue[_Told] = queue.Queue(QUEUE)
        self._books: dict[str, _Book] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracks", daemon=True)
        self._pruned: datetime | None = None
        self._complained_ns: int | None = None
        self._counting = threading.Lock()
        self.dropped = 0
        """Looks that could not be kept: the queue was full, or the disk refused."""
        self.written_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def put(self, camera_id: str, seen: Seen, found: Sequence[Incident], began: Began | None) -> bool:
        """Take a look to be stored, without waiting. False when it was dropped: tell `began` with the next one."""
        try:
            self._queue.put_nowait(_Told(camera_id, seen, tuple(found), began))
        except queue.Full:
            self._drop(1)
            return False
        return True

    def _drop(self, looks: int) -> None:
        with self._counting:
            self.dropped += looks

    def _run(self) -> None:
        while not (self._ending.is_set() and self._queue.empty()):
            try:
                told = self._queue.get(timeout=0.01 if self._ending.is_set() else TICK_S)
            except queue.Empty:
                told = None
            if told is not None:
                self._take(told)
            self._flush_old()
            self._prune()
        for camera_id, book in self._books.items():
            self._flush(camera_id, book)

    def _take(self, told: _Told) -> None:
        hour, now_ns = hour_of(told.seen.captured_at_ns), self._clock.monotonic_ns()
        book = self._books.get(told.camera_id)
        if book is not None and (told.began is not None or hour != book.hour or len(book.looks) >= BLOCK_LOOKS):
            self._flush(told.camera_id, book)
        if told.began is not None:
            book = self._books[told.camera_id] = _Book(told.began, hour, now_ns)
        if book is None:
            self._drop(1)
            return
        if hour != book.hour:
            self._finish(book)
            book.hour, book.written = hour, None
        if not book.looks:
            book.since_ns = now_ns
        book.looks.append(told.seen)
        cases = [case for incident in told.found if (case := case_of(incident)) is not None]
        if cases:
            blocks = b"".join(block(FOUND, found_bytes(case)) for case in cases)
            self._append(told.camera_id, book, blocks, looks=0)

    def _flush_old(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for camera_id, book in self._books.items():
            if book.looks and now_ns - book.since_ns >= BLOCK_S * 1e9:
                self._flush(camera_id, book)

    def _flush(self, camera_id: str, book: _Book) -> None:
        if book.looks:
            looks, book.looks = book.looks, []
            self._append(camera_id, book, block(LOOKS, encode(looks)), looks=len(looks))

    def _append(self, camera_id: str, book: _Book, data: bytes, *, looks: int) -> None:
        """Add to the hour's file; what the disk refuses is counted, and the watch goes on."""
        path = hour_file(self._folder, camera_id, book.hour)
        try:
            if book.written != path or not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                cut_torn_tail(path)
                data = block(BEGAN, began_bytes(book.began, goes_on=book.goes_on)) + data
                data = data if path.exists() else MAGIC + data
            with path.open("ab") as file:
                file.write(data)
        except OSError as error:
            book.written = None
            self._drop(looks)
            self._complain(path, error)
            return
        book.written, book.goes_on = path, True
        self.written_bytes += len(data)

    def _finish(self, book: _Book) -> None:
        """The hour is over: what was written minute by minute is put together."""
        if book.written is None:
            return
        try:
            compact(book.written)
        except (OSError, CodecError) as error:
            # Whole as it is, only larger.
            logger.warning("%s: cannot be made smaller: %s", book.written, error)

    def _complain(self, path: Path, error: OSError) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._complained_ns is None or now_ns - self._complained_ns >= COMPLAIN_S * 1e9:
            self._complained_ns = now_ns
            logger.error("%s: looks cannot be stored and are lost to replays: %s", path, error.strerror)

    def _prune(self) -> None:
        """Once an hour."""
        hour = hour_of(self._clock.wall_ns())
        if hour != self._pruned:
            self._pruned = hour
            try:
                prune(self._folder, hour - timedelta(days=self._days), self._max_bytes)
            except OSError as error:
                self._complain(self._folder, error)


def prune(folder: Path, oldest: datetime, max_bytes: int) -> None:
    """Remove the hours before `oldest`, and then the oldest hours of all cameras while there are too many bytes."""
    named = [(hour_of_file(path), path) for path in folder.glob(f"*/*{SUFFIX}")]
    hours = sorted((hour, path.stat().st_size, path) for hour, path in named if hour is not None)
    total = sum(size for _, size, _ in hours)
    for hour, size, path in hours:
        if hour >= oldest and total <= max_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
