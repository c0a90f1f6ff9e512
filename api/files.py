"""Writes that survive a power cut."""

from __future__ import annotations

import ctypes
import os
import threading
from concurrent.futures import Future
from pathlib import Path


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file and push it to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Push a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Push a folder's own entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(root: Path) -> None:
    """Push every file and folder below `root`, and `root` itself, to the disk."""
    for folder, _folders, names in os.walk(root, topdown=False):
        for name in names:
            sync_file(Path(folder) / name)
        sync_folder(Path(folder))


class SharedFlush:
    """Pushes the whole file system of a folder to the disk, once for all threads that wait meanwhile.

    A package is twenty files and folders: pushing each by itself waits for the disk twenty times, and every other
    package does so again. Where the system cannot do it (`syncfs`, Linux), `possible` is False.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._next: Future[None] | None = None

    @property
    def possible(self) -> bool:
        """Whether this system can."""
        return self._syncfs is not None

    def wait(self) -> None:
        """Return when all that was written before this call is on the disk; OSError when the disk refuses."""
        with self._lock:
            leads = self._next is None
            flush = self._next = self._next or Future()
        if leads:
            # While the one before is under way, others come and join.
            with self._flushing:
                with self._lock:
                    self._next = None
                self._settle(flush)
        flush.result()

    def _settle(self, flush: Future[None]) -> None:
        try:
            self._push()
        except OSError as error:
            flush.set_exception(error)
        else:
            flush.set_result(None)

    def _push(self) -> None:
        assert self._syncfs is not None  # noqa: S101 - see `possible`
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if self._syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(self._folder))
        finally:
            os.close(descriptor)
