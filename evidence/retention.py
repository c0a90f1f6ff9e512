"""Retention: which sealed packages may go, by class and age, and their deletion, recorded so that chains still hold.

Deleting writes the tombstone first, then takes the package out of `packages/` in one step, then removes its files: a
process that dies on the way leaves a whole package beside its tombstone, or none, and the next run ends its work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evidence import index
from evidence.chain import Link
from evidence.disk import Disk
from evidence.errors import RetentionError
from evidence.index import Indexed
from evidence.layout import Layout
from evidence.signing import Signer
from evidence.text import Text
from evidence.tombstone import Tombstone, seal_tombstone
from streams.clock import Clock

_DAY_NS: Final = 86_400 * 1_000_000_000
RetentionClass = Literal["raw", "rejected", "evidence", "handed_over"]
"""`raw`: nobody decided yet; `rejected`: a reviewer said no; `evidence`: part of a case; `handed_over`: a worker's own
copy of what the case service has taken."""


class RetentionPolicy(BaseModel):
    """How many days each class is kept after its sealing; None: for ever. Data of the office, with its sources.

    `minimum_days` is what the law demands of any record and its only copy: the regulations on public video (2025),
    art. 15 to 17, say 30. A worker's copy of what the office has is not bound by it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    source: Text = ""
    minimum_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    keep_days: dict[RetentionClass, Annotated[int, Field(ge=0, le=36_500)] | None]

    @model_validator(mode="after")
    def _keeps_long_enough(self) -> Self:
        for name, days in self.keep_days.items():
            if name != "handed_over" and days is not None and days < self.minimum_days:
                raise ValueError(f"keep_days.{name}: {days} days, but at least {self.minimum_days} must be kept")
        return self

    @classmethod
    def from_value(cls, value: object, where: str) -> RetentionPolicy:
        """Read a policy's YAML or JSON value; RetentionError, one line, when it is none."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "policy"
            raise RetentionError(f"{where}: {field}: {first['msg'].removeprefix('Value error, ')}") from error


@dataclass(frozen=True, slots=True)
class RetentionState:
    """What the office knows of a package: its class, and whether somebody holds it back (an appeal, a court)."""

    retention_class: RetentionClass
    held: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """A package that may go, and the words of the rule."""

    entry: Indexed
    retention_class: RetentionClass
    rule: str


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What a run did, or would do."""

    deleted: tuple[str, ...]
    kept: int
    held: int


def due(
    entries: Iterable[Indexed],
    states: Callable[[str], RetentionState],
    policy: RetentionPolicy,
    now_ns: int,
) -> tuple[list[Deletion], int]:
    """The packages whose time is over, and how many of those are held back. `now_ns`: UTC nanoseconds."""
    over: list[Deletion] = []
    held = 0
    for entry in entries:
        state = states(entry.link.package_id)
        days = policy.keep_days.get(state.retention_class)
        if days is None or now_ns - entry.sealed_at_ns < days * _DAY_NS:
            continue
        if state.held:
            held += 1
        else:
            over.append(Deletion(entry, state.retention_class, f"rule {state.retention_class}: {days} days"))
    return over, held


class Retention:
    """Deletes packages below `root`, each with a tombstone that `signer` signs; `deleted_by` says who ran it.

    It may run beside the recorder and the outbox, in their process or another. Raises OSError when the disk fails or
    the key is away: what was deleted until then is recorded, and the next run goes on.
    """

    def __init__(
        self,
        root: Path,
        policy: RetentionPolicy,
        signer: Signer,
        clock: Clock,
        deleted_by: str,
        disk: Disk | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._policy = policy
        self._signer = signer
        self._clock = clock
        self._deleted_by = deleted_by
        self._disk = disk or Disk()

    def run(self, states: Callable[[str], RetentionState], *, dry: bool = False) -> RetentionReport:
        """Delete every package whose time is over; `dry` only counts."""
        for folder in (self._layout.packages, self._layout.building, self._layout.tombstones):
            self._disk.make_folder(folder)
        entries = self._entries()
        deletions, held = due(entries.values(), states, self._policy, self._clock.wall_ns())
        for deletion in () if dry else deletions:
            self.delete(deletion)
        gone = tuple(deletion.entry.link.package_id for deletion in deletions)
        return RetentionReport(gone, len(entries) - len(gone), held)

    def delete(self, deletion: Deletion) -> None:
        """Delete one package."""
        package_id = deletion.entry.link.package_id
        tombstone = self._layout.tombstone(package_id)
        if not tombstone.exists():
            words = tombstone_of(deletion, self._policy.name, self._clock.wall_ns(), self._deleted_by)
            self._write(tombstone, seal_tombstone(words, self._signer))
        folder = self._layout.package(package_id)
        grave = self._layout.building / f"deleted.{uuid4().hex[:8]}"
        if folder.exists():
            self._disk.rename(folder, grave)
            self._disk.sync_folder(self._layout.packages)
        self._disk.remove(grave)

    def _write(self, path: Path, data: bytes) -> None:
        """Made aside, where the store clears away what a power cut leaves, and renamed."""
        temporary = self._layout.building / f"tombstone.{uuid4().hex[:8]}"
        self._disk.write(temporary, data)
        self._disk.rename(temporary, path)
        self._disk.sync_folder(path.parent)

    def _entries(self) -> Mapping[str, Indexed]:
        """The packages that lie there; the index on the disk belongs to the recorder and is not touched."""
        known = index.load(self._layout.index)
        names = {folder.name for folder in self._layout.packages.iterdir()}
        missing = index.read_packages(self._layout.packages / name for name in names - known.keys())
        entries = {name: entry for name, entry in known.items() if name in names}
        return entries | {entry.link.package_id: entry for entry in missing}


def tombstone_of(deletion: Deletion, policy: str, deleted_at_ns: int, deleted_by: str) -> Tombstone:
    """What is signed of a deletion by the policy of that name."""
    link: Link = deletion.entry.link
    return Tombstone(
        package_id=link.package_id,
        camera_id=link.camera_id,
        manifest_sha256=link.manifest_sha256,
        chain=link.place,
        sealed_at_ns=deletion.entry.sealed_at_ns,
        retention_class=deletion.retention_class,
        policy=policy,
        rule=deletion.rule,
        deleted_at_ns=deleted_at_ns,
        deleted_by=deleted_by,
    )


def worker_states(root: Path, office: Mapping[str, RetentionState] | None = None) -> Callable[[str], RetentionState]:
    """The states on a worker's own disk: `handed_over` once the case service has it, else `raw`; `office` goes first.

    What was not taken yet is never `handed_over`, so a worker that is cut off deletes nothing that only it has.
    """
    layout, known = Layout(root), dict(office or {})

    def state(package_id: str) -> RetentionState:
        if package_id in known:
            return known[package_id]
        taken, _ = layout.package_receipts(package_id)
        return RetentionState("handed_over" if taken.exists() else "raw")

    return state
