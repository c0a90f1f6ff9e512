"""An index of the sealed packages, so that a start reads no manifest twice and nobody lists a large folder all day.

It is a cache: one JSON line for each package, appended after the sealing and never waited for. Whatever is missing or
broken in it is read from the packages again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence.chain import Link
from evidence.disk import Disk, replace_file
from evidence.manifest import MANIFEST_FILE, ChainPlace, DeclaredGap

log = logging.getLogger(__name__)

MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Indexed:
    """One sealed package: its place in the chain, and when it was sealed (UTC nanoseconds)."""

    link: Link
    sealed_at_ns: int

    def to_line(self) -> bytes:
        """The entry as one line of JSON."""
        place, gap = self.link.place, self.link.place.declared_gap
        told = None if gap is None else [gap.first, gap.last, gap.reason]
        where = [place.sequence, place.previous_manifest_sha256, told]
        fields = [self.link.package_id, self.link.camera_id, self.link.manifest_sha256, *where, self.sealed_at_ns]
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Indexed:
        """Read a line; ValueError or TypeError when it is none."""
        package_id, camera_id, digest, sequence, previous, gap, sealed_at_ns = json.loads(line)
        told = None if gap is None else DeclaredGap(first=gap[0], last=gap[1], reason=gap[2])
        # Written by this very class from what was validated at the sealing: not validated again at every start.
        place = ChainPlace.model_construct(sequence=sequence, previous_manifest_sha256=previous, declared_gap=told)
        return cls(Link(camera_id, package_id, digest, place), int(sealed_at_ns))


def load(path: Path) -> dict[str, Indexed]:
    """The entries by package id; lines that cannot be read are left out, a missing file has none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    entries: dict[str, Indexed] = {}
    for line in data.splitlines():
        try:
            entry = Indexed.from_line(line)
        except (ValueError, TypeError):
            continue
        entries[entry.link.package_id] = entry
    return entries


def refreshed(path: Path, packages: Path, disk: Disk) -> dict[str, Indexed]:
    """The index of the packages that lie in the folder now, mended on the disk when it was not."""
    known = load(path)
    names = set(os.listdir(packages))  # noqa: PTH208 - names alone, and there may be a hundred thousand
    entries = {name: entry for name, entry in known.items() if name in names}
    found = {entry.link.package_id: entry for entry in read_packages(packages / name for name in names - known.keys())}
    if found or len(entries) != len(known) or not path.exists():
        entries |= found
        replace_file(disk, path, b"".join(entry.to_line() for entry in entries.values()))
    return entries


def read_packages(folders: Iterable[Path]) -> Iterator[Indexed]:
    """The entries of packages of our own; one that can no longer be read is told and left out."""
    for folder in sorted(folders):
        try:
            with (folder / MANIFEST_FILE).open("rb") as file:
                yield entry_of(file.read(MAX_MANIFEST_BYTES))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("%s: this sealed package can no longer be read: %s", folder, error)  # noqa: TRY400


def entry_of(manifest_bytes: bytes) -> Indexed:
    """The entry of a manifest of our own: only the few fields are read, since there may be thousands."""
    value = json.loads(manifest_bytes)
    link = Link(
        camera_id=value["camera"]["id"],
        package_id=value["package_id"],
        manifest_sha256=hashlib.sha256(manifest_bytes).hexdigest(),
        place=ChainPlace.model_validate(value["chain"]),
    )
    return Indexed(link, int(value["sealed_at_ns"]))
