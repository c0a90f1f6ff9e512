"""The few file operations that sealing is made of: durable one by one, and in one place so that each can fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Disk:
    """Durable file operations; every one raises OSError when it fails."""

    def make_folder(self, path: Path) -> None:
        """Make a folder, with its parents."""
        path.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write a new file and wait until it is on the disk; FileExistsError when there is one."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)

    def append(self, path: Path, data: bytes) -> None:
        """Add to a file that can be made anew, without waiting for the disk."""
        with path.open("ab") as file:
            file.write(data)

    def sync_folder(self, path: Path) -> None:
        """Wait until a folder's entries are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or folder its final name; an existing file is replaced, an existing folder is an error."""
        source.rename(target)

    def remove(self, path: Path) -> None:
        """Remove a file or a folder with all in it; nothing there is no error."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def replace_file(disk: Disk, path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` in the place of whatever `path` holds: readers and crashes see the old bytes or the new ones."""
    disk.make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    disk.remove(temporary)
    try:
        disk.write(temporary, data, mode)
        disk.rename(temporary, path)
    except OSError:
        disk.remove(temporary)
        raise
    disk.sync_folder(path.parent)
