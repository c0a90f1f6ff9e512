"""After a drill: what the worker sealed against what the case service has."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evidence.chain import Head
from evidence.keys import load_registry
from evidence.layout import Layout
from evidence.verify import BatchReport, verify_packages


@dataclass(frozen=True, slots=True)
class WorkerBooks:
    """A worker's folder: the manifest hash of each sealed package, chain heads, and what its outbox says."""

    sealed: Mapping[str, str]
    folders: tuple[Path, ...]
    heads: Mapping[str, Head]
    receipts: frozenset[str]
    rejected: int
    waiting: int


def read_worker(layout: Layout) -> WorkerBooks:
    """Read a worker's folder; it may be running, or have been killed at any moment."""
    folders = tuple(sorted(layout.packages.iterdir())) if layout.packages.is_dir() else ()
    receipts = frozenset(_name_of(path) for path in _files(layout.sent, "package-*.json"))
    unsent = sum(folder.name not in receipts for folder in folders)
    return WorkerBooks(
        sealed={folder.name: hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() for folder in folders},
        folders=folders,
        heads=dict(_head(path) for path in _files(layout.chain, "*.json")),
        receipts=receipts,
        rejected=len(_files(layout.rejected, "*.json")),
        waiting=unsent + len(_files(layout.waiting, "*.json")),
    )


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _name_of(receipt: Path) -> str:
    return receipt.stem.removeprefix("package-")


def _head(path: Path) -> tuple[str, Head]:
    value = json.loads(path.read_bytes())
    return value["camera_id"], Head(value["sequence"], value["manifest_sha256"])


@dataclass(frozen=True, slots=True)
class OfficeBooks:
    """The case service's database: packages as (id, incident, case, manifest hash), and the incident of each case."""

    packages: tuple[tuple[str, str, int, str], ...]
    cases: Mapping[int, str]
    quarantined: int


def read_office(database: Path) -> OfficeBooks:
    """Read the SQLite file of a service that has ended."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        packages = connection.execute("SELECT package_id, incident_id, case_id, manifest_sha256 FROM packages")
        rows = tuple((str(row[0]), str(row[1]), int(row[2]), str(row[3])) for row in packages)
        cases = {int(row[0]): str(row[1]) for row in connection.execute("SELECT id, incident_id FROM cases")}
        (quarantined,) = connection.execute("SELECT count(*) FROM quarantined_packages").fetchone()
    return OfficeBooks(rows, cases, int(quarantined))


def balance(worker: WorkerBooks, office: OfficeBooks, seen: Mapping[str, str]) -> dict[str, int]:
    """Every way in which the books may disagree, counted; `seen` are packages that once lay sealed on the disk.

    `lost`: sealed, but no package or no case there. `twice`: cases or packages too many for one incident.
    `strangers`: there, but never sealed. `vanished`: was sealed, is no longer. `altered`: another content there.
    """
    there = {package_id: digest for package_id, _, _, digest in office.packages}
    with_case = {package_id for package_id, incident, case, _ in office.packages if office.cases.get(case) == incident}
    ever_sealed = {**seen, **worker.sealed}
    return {
        "sealed": len(ever_sealed),
        "cases": len(office.cases),
        "lost": len(ever_sealed.keys() - with_case),
        "twice": _too_many(office.cases.values())
        + _too_many(incident for _, incident, _, _ in office.packages)
        + abs(len(office.cases) - len(there)),
        "strangers": len(there.keys() - ever_sealed.keys()),
        "vanished": len(seen.keys() - worker.sealed.keys()),
        "altered": sum(there.get(name, digest) != digest for name, digest in ever_sealed.items()),
        "rejected": worker.rejected,
        "quarantined": office.quarantined,
        "left_waiting": worker.waiting,
    }


def _too_many(values: Iterable[str]) -> int:
    return sum(count - 1 for count in Counter(values).values())


def check_packages(worker: WorkerBooks, registry: Path) -> BatchReport:
    """Verify every package, and that each camera's chain is whole from its first package to its recorded head."""
    return verify_packages(worker.folders, load_registry(registry), whole=True, heads=dict(worker.heads))
