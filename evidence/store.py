"""The folder of sealed packages and the heads of their chains: a package is there whole, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import uuid4

from evidence import index
from evidence.chain import Head, Link, link_of
from evidence.disk import Disk, replace_file
from evidence.errors import StoreError
from evidence.index import Indexed
from evidence.layout import Layout
from evidence.manifest import MANIFEST_FILE, Manifest

log = logging.getLogger(__name__)


class PackageStore:
    """Packages below `root`, written by one process at a time; not thread-safe, the recorder holds a lock around it.

    The commit point of a package is the rename of its synced folder to `packages/ID`. The index and the head files
    only follow: opening the store removes what was left half-made and brings both up to the packages on disk.

    Raises StoreError when another process has the folder or two sealed packages claim one place in a chain.
    """

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.layout = Layout(root)
        self._disk = disk or Disk()
        self._heads: dict[str, Head] = {}
        for folder in (root, self.layout.packages, self.layout.building, self.layout.chain):
            self._disk.make_folder(folder)
        self._lock = _take_lock(self.layout.lock)
        try:
            self._recover()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def head(self, camera_id: str) -> Head | None:
        """The latest sealed package of the camera, None before the first."""
        if camera_id not in self._heads:
            head = self._read_head(camera_id)
            if head is None:
                return None
            self._heads[camera_id] = head
        return self._heads[camera_id]

    def knows(self, package_id: str) -> bool:
        """Whether this package was sealed: it lies here, was deleted by retention, or the outbox knows of it."""
        traces = (self.layout.tombstone(package_id), *self.layout.package_receipts(package_id))
        return self.layout.package(package_id).exists() or any(path.exists() for path in traces)

    def commit(self, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
        """Put a package's files on the disk and make it the head of its chain; its folder.

        Raises OSError, with nothing left behind, when it could not be sealed. Once the package has its name it is
        sealed, and a head file that cannot be written is only logged: the next start mends it.
        """
        temporary = self.layout.building / f"{manifest.package_id}.{uuid4().hex[:8]}"
        target = self.layout.package(manifest.package_id)
        try:
            self._write_bag(temporary, files)
            self._disk.rename(temporary, target)
        except OSError:
            self._discard(temporary)
            raise
        digest = hashlib.sha256(files[MANIFEST_FILE]).hexdigest()
        self._heads[manifest.camera.id] = Head(manifest.chain.sequence, digest)
        try:
            self._disk.sync_folder(self.layout.packages)
            entry = Indexed(link_of(manifest, digest), manifest.sealed_at_ns)
            self._disk.append(self.layout.index, entry.to_line())
            self._write_head(manifest.camera.id)
        except OSError as error:
            log.warning("%s: sealed, but not noted in index or chain head yet: %s", target, error)
        return target

    def _write_bag(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self._disk.make_folder(folder)
        folders = {folder}
        for name, data in files.items():
            path = folder / name
            if path.parent not in folders:
                self._disk.make_folder(path.parent)
                folders |= {path.parent, path.parent.parent}
            self._disk.write(path, data)
        for path in sorted(folders, reverse=True):
            self._disk.sync_folder(path)

    def _discard(self, folder: Path) -> None:
        try:
            self._disk.remove(folder)
        except OSError as error:
            log.warning("%s: cannot be removed now, the next start will: %s", folder, error)

    def _recover(self) -> None:
        for leftover in self.layout.building.iterdir():
            self._disk.remove(leftover)
        entries = index.refreshed(self.layout.index, self.layout.packages, self._disk)
        latest = _latest(self.layout, (entry.link for entry in entries.values()))
        for link in latest.values():
            self._reconcile(link)

    def _reconcile(self, link: Link) -> None:
        """The head is the later of the head file and the packages: packages may have been cleared away since."""
        recorded = self._read_head(link.camera_id)
        sealed = Head(link.place.sequence, link.manifest_sha256)
        if recorded is not None and recorded.sequence == sealed.sequence and recorded != sealed:
            raise StoreError(f"{self.layout.head(link.camera_id)}: is not the head that {link.where} makes")
        if recorded is None or recorded.sequence < sealed.sequence:
            self._heads[link.camera_id] = sealed
            self._write_head(link.camera_id)
        else:
            self._heads[link.camera_id] = recorded

    def _read_head(self, camera_id: str) -> Head | None:
        path = self.layout.head(camera_id)
        try:
            value = json.loads(path.read_bytes())
            return Head(int(value["sequence"]), str(value["manifest_sha256"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            log.error("%s: unreadable chain head, taken from the packages instead: %s", path, error)  # noqa: TRY400
            return None

    def _write_head(self, camera_id: str) -> None:
        head = self._heads[camera_id]
        value = {"camera_id": camera_id, "sequence": head.sequence, "manifest_sha256": head.manifest_sha256}
        replace_file(self._disk, self.layout.head(camera_id), json.dumps(value).encode() + b"\n")


def _latest(layout: Layout, links: Iterable[Link]) -> dict[str, Link]:
    """The last package of each camera; StoreError when two claim one place."""
    places: dict[tuple[str, int], Link] = {}
    latest: dict[str, Link] = {}
    for link in links:
        other = places.setdefault((link.camera_id, link.place.sequence), link)
        if other is not link:
            raise StoreError(f"{layout.packages}: {other.where} and {link.where} claim one place in the chain")
        if link.place.sequence >= latest.setdefault(link.camera_id, link).place.sequence:
            latest[link.camera_id] = link
    return latest


def _take_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(f"{path.parent}: another process seals packages here: stop it first") from error
    return descriptor
