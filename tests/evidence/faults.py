"""A disk on which one chosen operation goes wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from evidence.disk import Disk


class PowerCut(BaseException):
    """The process is gone: nothing catches this."""


class FaultyDisk(Disk):
    """Counts its operations and lets the one numbered `fail_at` fail; a write first puts half of its bytes there."""

    def __init__(self, fail_at: int | None, failure: Callable[[], BaseException], *, lasting: bool = False) -> None:
        self._fail_at = fail_at
        self._failure = failure
        self._lasting = lasting
        self.operations = 0

    def _fails(self) -> bool:
        self.operations += 1
        if self._fail_at is None:
            return False
        return self.operations >= self._fail_at if self._lasting else self.operations == self._fail_at

    def _step(self) -> None:
        if self._fails():
            raise self._failure()

    def make_folder(self, path: Path) -> None:
        self._step()
        super().make_folder(path)

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        if self._fails():
            path.write_bytes(data[: len(data) // 2])
            raise self._failure()
        super().write(path, data, mode)

    def append(self, path: Path, data: bytes) -> None:
        if self._fails():
            super().append(path, data[: len(data) // 2])
            raise self._failure()
        super().append(path, data)

    def sync_folder(self, path: Path) -> None:
        self._step()
        super().sync_folder(path)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


def disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
