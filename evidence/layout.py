"""Where things lie below a worker's folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders below `root`: sealed packages, packages in the making, tombstones, chain heads, and the outbox."""

    root: Path

    @property
    def packages(self) -> Path:
        return self.root / "packages"

    @property
    def building(self) -> Path:
        return self.root / "building"

    @property
    def chain(self) -> Path:
        return self.root / "chain"

    @property
    def lock(self) -> Path:
        return self.root / "recorder.lock"

    @property
    def waiting(self) -> Path:
        return self.root / "outbox" / "waiting"

    @property
    def sent(self) -> Path:
        return self.root / "outbox" / "sent"

    @property
    def rejected(self) -> Path:
        return self.root / "outbox" / "rejected"

    @property
    def tombstones(self) -> Path:
        return self.root / "tombstones"

    @property
    def index(self) -> Path:
        """A line for each sealed package, in the order of their sealing."""
        return self.root / "packages.index"

    def tombstone(self, package_id: str) -> Path:
        """What stands for a package that retention deleted."""
        return self.tombstones / f"{package_id}.json"

    def package(self, package_id: str) -> Path:
        """A sealed package's folder."""
        return self.packages / package_id

    def head(self, camera_id: str) -> Path:
        """The file of a camera's chain head."""
        return self.chain / f"{file_name_of(camera_id)}.json"

    def package_receipts(self, package_id: str) -> tuple[Path, Path]:
        """What the outbox leaves behind of a package: the receipt when it was taken, or the refusal."""
        name = f"package-{package_id}.json"
        return self.sent / name, self.rejected / name


def file_name_of(identifier: str) -> str:
    """A file name that no other identifier has and that stays in its folder, whatever the identifier holds."""
    quoted = quote(identifier, safe="")
    return quoted if len(quoted) <= _LONGEST_NAME else hashlib.sha256(identifier.encode()).hexdigest()
