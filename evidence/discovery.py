"""What is new in folders that may hold a hundred thousand things: each is listed once, then only changes are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evidence.index import Indexed
from evidence.layout import Layout
from streams.clock import Clock

_SETTLED_NS: Final = 2_000_000_000
_RESCAN_NS: Final = 600_000_000_000


class NewFiles:
    """The entries of a folder that were not there before; it is listed only when its modification time moved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()
        self._listed_at_ns = 0

    def take(self) -> list[Path]:
        """What came since the last time."""
        now_ns = time.time_ns()
        # File systems write times in coarse steps: only a time that lies well before the listing proves anything.
        if self._folder.stat().st_mtime_ns + _SETTLED_NS < self._listed_at_ns:
            return []
        with os.scandir(self._folder) as entries:
            names = {entry.name for entry in entries}
        fresh = names - self._known
        self._known, self._listed_at_ns = names, now_ns
        return [self._folder / name for name in sorted(fresh)]

    def forget(self, name: str) -> None:
        """Give this entry once more when it is there."""
        self._known.discard(name)
        self._listed_at_ns = 0


class NewPackages:
    """The packages that were sealed since the last time: from the end of the store's index.

    The folder itself is listed at the first time, when the index was written anew, and now and then to be safe.
    """

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._listing = NewFiles(layout.packages)
        self._index: int | None = None
        self._offset = 0
        self._rescan_at_ns = 0

    def take(self) -> list[Path]:
        """The folders of new packages."""
        now_ns = self._clock.monotonic_ns()
        try:
            status = self._layout.index.stat()
        except FileNotFoundError:
            return self._listing.take()
        if status.st_ino == self._index and status.st_size >= self._offset and now_ns < self._rescan_at_ns:
            return list(self._tail()) if status.st_size > self._offset else []
        # The offset first: what is sealed during the listing is then found in the tail, at worst a second time.
        self._index, self._offset, self._rescan_at_ns = status.st_ino, status.st_size, now_ns + _RESCAN_NS
        return self._listing.take()

    def _tail(self) -> Iterator[Path]:
        with self._layout.index.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                yield self._layout.package(Indexed.from_line(line).link.package_id)
            except (ValueError, TypeError):
                self._rescan_at_ns = 0
