"""The folder of packages: what arrives, what holds, and what does not.

    incoming/<random>/     one upload: the archive, then the unpacked bag, then only the note of what it became
    packages/ab/abcd.../   a verified bag; it is here, and on the disk, before its row is written
    tombstones/ab/abcd....json   what stands for a package that retention deleted
    derivatives/ab/abcd.../KIND/   what was made of it, with signed statements
    quarantine/<random>/   a bag that did not verify

A process that dies between the rename and the row leaves its note in `incoming`; `abandoned` finds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.files import SharedFlush, sync_folder, sync_tree, write_durably

NOTE = "note.json"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One upload's own folder, locked as long as its process lives."""

    folder: Path
    lock: int

    @property
    def upload(self) -> Path:
        """The archive as it came."""
        return self.folder / "upload.zip"

    @property
    def bag(self) -> Path:
        """Where the archive is unpacked to."""
        return self.folder / "bag"

    def clear(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """The same, and let go of it."""
        self.clear()
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class Note:
    """What an upload was about to become, and who sent it."""

    package_id: str
    sent_by: str


class PackageStore:
    """All packages below `data_dir`. Raises OSError when the disk refuses."""

    def __init__(self, data_dir: Path) -> None:
        self.incoming = data_dir / "incoming"
        self.packages = data_dir / "packages"
        self.quarantine = data_dir / "quarantine"
        self.tombstones = data_dir / "tombstones"
        self.derived = data_dir / "derivatives"
        for folder in (self.incoming, self.packages, self.quarantine, self.tombstones, self.derived):
            folder.mkdir(parents=True, exist_ok=True)
        self._flush = SharedFlush(data_dir)

    def path(self, package_id: str) -> Path:
        """Where a package lies, or would lie; spread over subfolders so that no folder grows endless."""
        return self.packages / package_id[:2] / package_id

    def tombstone(self, package_id: str) -> Path:
        """Where the tombstone of a deleted package lies."""
        return self.tombstones / package_id[:2] / f"{package_id}.json"

    def derivatives(self, package_id: str) -> Path:
        """Where the derivatives of a package lie, a folder for each kind."""
        return self.derived / package_id[:2] / package_id

    @contextmanager
    def receiving(self) -> Iterator[Arrival]:
        """A folder for one upload, removed at the end."""
        folder = self.incoming / uuid.uuid4().hex
        folder.mkdir()
        arrival = Arrival(folder, _lock(folder / LOCK))
        try:
            yield arrival
        finally:
            arrival.close()

    @contextmanager
    def holding(self, package_id: str) -> Iterator[None]:
        """One process and thread at a time settles what lies at a package's place."""
        shard = self.path(package_id).parent
        shard.mkdir(exist_ok=True)
        descriptor = _lock(shard / ".lock", wait=True)
        try:
            yield
        finally:
            os.close(descriptor)

    def publish(self, arrival: Arrival, note: Note) -> None:
        """Move a verified bag to its place, whole and on the disk; the caller holds the package.

        The note is for a process that dies, not for a power cut: after that the sender, who had no answer, sends again.
        Nothing is acknowledged before all of it is on the disk, so it may get there in any order: what a power cut
        leaves in a package's place is verified before it counts.
        """
        content = {"package_id": note.package_id, "sent_by": note.sent_by}
        (arrival.folder / NOTE).write_text(json.dumps(content), encoding="utf-8")
        target = self.path(note.package_id)
        arrival.bag.rename(target)
        if self._flush.possible:
            self._flush.wait()
            return
        sync_tree(target)
        sync_folder(target.parent)
        sync_folder(self.packages)

    def keep_tombstone(self, package_id: str, content: bytes) -> bytes:
        """Put a tombstone in its place, whole and on the disk; the one that stands there stays. Gives that one."""
        target = self.tombstone(package_id)
        if target.exists():
            return target.read_bytes()
        target.parent.mkdir(exist_ok=True)
        with self.receiving() as arrival:
            write_durably(arrival.bag, content)
            arrival.bag.rename(target)
        sync_folder(target.parent)
        sync_folder(self.tombstones)
        return content

    def bury(self, package_id: str) -> None:
        """Take a package away in one step, then its files and what was made of it; the caller holds the package."""
        shutil.rmtree(self.derivatives(package_id), ignore_errors=True)
        place = self.path(package_id)
        with self.receiving() as arrival:
            if place.exists():
                place.rename(arrival.bag)
                sync_folder(place.parent)

    def set_aside(self, bag: Path) -> str:
        """Move a bag (or an archive that is none) to quarantine; give the folder's name."""
        name = uuid.uuid4().hex
        bag.rename(self.quarantine / name)
        sync_folder(self.quarantine)
        return name

    def abandoned(self) -> Iterator[tuple[Arrival, Note | None]]:
        """What dead processes left in `incoming`, each closed after use; live uploads are passed over."""
        for folder in sorted(self.incoming.iterdir()):
            try:
                lock = _lock(folder / LOCK, wait=False)
            except OSError:
                continue
            arrival = Arrival(folder, lock)
            try:
                yield arrival, _read_note(folder / NOTE)
            finally:
                arrival.close()


def _lock(path: Path, *, wait: bool = True) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _read_note(path: Path) -> Note | None:
    try:
        content = json.loads(path.read_bytes())
        return Note(content["package_id"], content["sent_by"])
    except (OSError, ValueError, KeyError):
        # Written half or not at all: nothing had been moved yet.
        return None
