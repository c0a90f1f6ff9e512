"""Verification: measured facts and public keys in, a report out. Integrity and authenticity are separate verdicts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence import chain, reader
from evidence.authenticity import NO_TIMESTAMP, TimestampFinding, check_signature, check_timestamp
from evidence.errors import ManifestError
from evidence.manifest import MANIFEST_FILE, Derived, Manifest, Original, package_id_for, parse
from evidence.package import (
    APPENDED_FILES,
    DEFAULT_LIMITS,
    TAG_FILES,
    TAG_MANIFEST_FILE,
    Limits,
    PackageFacts,
    derived_tag_files,
    tag_manifest,
)
from evidence.problems import Problem, ProblemCode, Scope
from evidence.registry import KeyRegistry
from evidence.signing import SIGNATURE_FILE, Envelope, parse_envelope
from evidence.tombstone import MAX_TOMBSTONE_BYTES, Tombstone, parse_tombstone, signature_problem

MAX_DISTANCE_FROM_PICTURE_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The verdict on one package.

    `integrity_ok`: every byte is as it was sealed. `authentic`: the signature is that of a key which the registry
    allows; None when no registry was given. `manifest` is None when it could not be read. `timestamp` says what a
    trusted authority proves.
    """

    subject: str
    integrity_ok: bool
    authentic: bool | None
    problems: tuple[Problem, ...]
    manifest: Manifest | None
    manifest_sha256: str | None
    timestamp: TimestampFinding = NO_TIMESTAMP

    @property
    def ok(self) -> bool:
        """No problem found; authenticity counts when it was asked for."""
        return not self.problems

    @property
    def link(self) -> chain.Link | None:
        """The package's place in its camera's chain."""
        if self.manifest is None or self.manifest_sha256 is None:
            return None
        return chain.link_of(self.manifest, self.manifest_sha256)

    def to_json(self) -> dict[str, object]:
        """The report for `verify --json`."""
        return {
            "subject": self.subject,
            "ok": self.ok,
            "integrity_ok": self.integrity_ok,
            "authentic": self.authentic,
            "problems": [{"code": p.code.value, "where": p.where, "detail": p.detail} for p in self.problems],
            "manifest_sha256": self.manifest_sha256,
            "timestamp": self.timestamp.to_json(),
            "summary": None if self.manifest is None else _summary(self.manifest),
        }


@dataclass(frozen=True, slots=True)
class TombstoneReport:
    """The verdict on one tombstone: what was deleted by which rule, or why it does not count."""

    subject: str
    tombstone: Tombstone | None
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the tombstone stands for its package."""
        return not self.problems

    @property
    def link(self) -> chain.Link | None:
        """The deleted package's place in its chain; only a tombstone without problems has one."""
        if self.tombstone is None or self.problems:
            return None
        stone = self.tombstone
        return chain.Link(stone.camera_id, stone.package_id, stone.manifest_sha256, stone.chain, stone.told)

    def to_json(self) -> dict[str, object]:
        """The report for `verify --json`."""
        return {
            "subject": self.subject,
            "ok": self.ok,
            "problems": [{"code": p.code.value, "where": p.where, "detail": p.detail} for p in self.problems],
            "tombstone": None if self.tombstone is None else self.tombstone.model_dump(mode="json"),
        }


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The verdict on several packages: each by itself, their chains, and what retention deleted of these."""

    packages: tuple[VerificationReport, ...]
    chain_problems: tuple[Problem, ...]
    tombstones: tuple[TombstoneReport, ...] = ()

    @property
    def ok(self) -> bool:
        """Every package, every tombstone and every chain holds."""
        parts = all(report.ok for report in self.packages) and all(report.ok for report in self.tombstones)
        return parts and not self.chain_problems


def verify_package(
    source: Path | Mapping[str, bytes], registry: KeyRegistry | None, limits: Limits = DEFAULT_LIMITS
) -> VerificationReport:
    """Verify a bag, given as a folder or as its files by name. Hostile input gives problems, never an exception."""
    if isinstance(source, Path):
        return verify_facts(reader.read_folder(source, limits), registry, str(source))
    return verify_facts(reader.read_mapping(source, limits), registry, "package")


def verify_packages(
    sources: Iterable[Path],
    registry: KeyRegistry | None,
    *,
    whole: bool = False,
    heads: dict[str, chain.Head] | None = None,
    tombstones: Iterable[Path] = (),
) -> BatchReport:
    """Verify bags, the tombstones of others, and the chains that they make together.

    See `chain.verify_chains` for `whole` and `heads`.
    """
    reports = tuple(verify_package(source, registry) for source in sources)
    stones = tuple(verify_tombstone(source, registry) for source in tombstones)
    every = (*(report.link for report in reports), *(report.link for report in stones))
    links = [link for link in every if link is not None]
    return BatchReport(reports, tuple(chain.verify_chains(links, whole=whole, heads=heads)), stones)


def verify_tombstone(source: Path, registry: KeyRegistry | None) -> TombstoneReport:
    """Verify a tombstone's file. Hostile input gives problems, never an exception."""
    name = source.name
    try:
        file = parse_tombstone(reader.read_small(source, MAX_TOMBSTONE_BYTES), name)
    except ManifestError as error:
        return TombstoneReport(str(source), None, (Problem(ProblemCode(error.code), error.where, error.detail),))
    problem = None if registry is None else signature_problem(file, registry, name)
    return TombstoneReport(str(source), file.tombstone, () if problem is None else (problem,))


def verify_facts(facts: PackageFacts, registry: KeyRegistry | None, subject: str = "package") -> VerificationReport:
    """The sans-I/O core: what was measured of a bag against what its signed manifest says."""
    problems = list(facts.problems)
    manifest = _read_manifest(facts, problems)
    envelope = _read_envelope(facts, problems)
    if manifest is not None:
        problems += _check_names(facts, manifest)
        problems += _check_files(facts, manifest)
        problems += _check_tag_files(facts, manifest)
        problems += _check_consistency(manifest)
    timestamp = check_timestamp(facts, manifest, registry, problems)
    if manifest is not None and envelope is not None:
        problems += check_signature(facts, manifest, envelope, registry, _proven(timestamp))
    manifest_bytes = facts.tag_files.get(MANIFEST_FILE)
    authentic = None if registry is None else manifest is not None and _none(problems, Scope.AUTHENTICITY)
    return VerificationReport(
        subject=subject,
        integrity_ok=_none(problems, Scope.INTEGRITY) and _none(problems, Scope.CHAIN),
        authentic=authentic and envelope is not None,
        problems=tuple(problems),
        manifest=manifest,
        manifest_sha256=None if manifest_bytes is None else hashlib.sha256(manifest_bytes).hexdigest(),
        timestamp=timestamp,
    )


def _proven(timestamp: TimestampFinding) -> int | None:
    return timestamp.at_ns if timestamp.state == "trusted" else None


def _none(problems: list[Problem], scope: Scope) -> bool:
    return all(problem.code.scope is not scope for problem in problems)


def _read_manifest(facts: PackageFacts, problems: list[Problem]) -> Manifest | None:
    data = facts.tag_files.get(MANIFEST_FILE)
    if data is None:
        problems.append(Problem(ProblemCode.NOT_A_PACKAGE, MANIFEST_FILE, "is missing: not an evidence package"))
        return None
    try:
        return parse(data)
    except ManifestError as error:
        problems.append(Problem(ProblemCode(error.code), error.where, error.detail))
        return None


def _read_envelope(facts: PackageFacts, problems: list[Problem]) -> Envelope | None:
    data = facts.tag_files.get(SIGNATURE_FILE)
    if data is None:
        problems.append(Problem(ProblemCode.MISSING_FILE, SIGNATURE_FILE, "the package is not signed"))
        return None
    try:
        return parse_envelope(data)
    except ManifestError as error:
        problems.append(Problem(ProblemCode(error.code), error.where, error.detail))
        return None


def _check_names(facts: PackageFacts, manifest: Manifest) -> Iterator[Problem]:
    """Exactly the listed files and the six tag files: nothing more but a time stamp, nothing less."""
    paths = [entry.path for entry in manifest.files]
    for path in sorted({path for path in paths if paths.count(path) > 1}):
        yield Problem(ProblemCode.DUPLICATE_NAME, f"{MANIFEST_FILE}#files", f"{path} is listed twice")
    expected = TAG_FILES | set(paths)
    for name in sorted(set(facts.files) - expected - APPENDED_FILES):
        yield Problem(ProblemCode.UNLISTED_FILE, name, "is not listed in the manifest")
    # The two that carry the verdict are reported where they are read.
    for name in sorted(expected - set(facts.files) - {MANIFEST_FILE, SIGNATURE_FILE}):
        yield Problem(ProblemCode.MISSING_FILE, name, "is missing")
    parents = {parent.as_posix() for path in expected for parent in Path(path).parents}
    for folder in sorted(facts.folders - parents):
        yield Problem(ProblemCode.UNLISTED_FILE, folder, "is a folder without a listed file")


def _check_files(facts: PackageFacts, manifest: Manifest) -> Iterator[Problem]:
    for entry in manifest.files:
        fact = facts.files.get(entry.path)
        if fact is None:
            continue
        if fact.size != entry.bytes:
            yield Problem(ProblemCode.SIZE_MISMATCH, entry.path, f"has {fact.size} bytes, sealed with {entry.bytes}")
        elif fact.sha256 != entry.sha256:
            yield Problem(ProblemCode.HASH_MISMATCH, entry.path, f"has SHA-256 {fact.sha256}, sealed as {entry.sha256}")


def _check_tag_files(facts: PackageFacts, manifest: Manifest) -> Iterator[Problem]:
    """BagIt's own files follow from the manifest, so every byte of them is checked."""
    expected = derived_tag_files(manifest)
    expected[TAG_MANIFEST_FILE] = tag_manifest(facts.tag_files)
    for name, data in expected.items():
        if name in facts.tag_files and facts.tag_files[name] != data:
            yield Problem(ProblemCode.TAG_FILE_ALTERED, name, "is not what the signed manifest prescribes")


def _check_consistency(manifest: Manifest) -> Iterator[Problem]:
    """What a signed manifest must satisfy in itself: a signature makes a record attributable, not sensible."""
    if manifest.package_id != package_id_for(manifest.incident_id, manifest.part):
        where = f"{MANIFEST_FILE}#package_id"
        yield Problem(ProblemCode.IDENTITY_MISMATCH, where, "does not belong to the incident_id")
    yield from chain.check_place(chain.link_of(manifest, ""))
    times = manifest.times
    ended_pts = times.confirmed.pts_ns if times.ended is None else times.ended.pts_ns
    if not times.started.pts_ns <= times.confirmed.pts_ns <= ended_pts:
        where = f"{MANIFEST_FILE}#times"
        yield Problem(ProblemCode.MANIFEST_INCONSISTENT, where, "started, confirmed and ended are not in this order")
    if (manifest.grade == "evidence") != (not manifest.reasons):
        where = f"{MANIFEST_FILE}#grade"
        yield Problem(ProblemCode.MANIFEST_INCONSISTENT, where, "a lead has reasons, evidence has none")
    yield from _check_parents(manifest)


def _check_parents(manifest: Manifest) -> Iterator[Problem]:
    """A derived file was made from files that stand before it; one made from an original shows a time of it."""
    before: dict[str, Original | Derived] = {}
    for entry in manifest.files:
        if isinstance(entry, Derived):
            yield from _check_parent(entry, before)
        before[entry.path] = entry


def _check_parent(entry: Derived, before: Mapping[str, Original | Derived]) -> Iterator[Problem]:
    where = f"{MANIFEST_FILE}#files.{entry.path}"
    named = [(entry.parent, entry.parent_sha256), *((other.path, other.sha256) for other in entry.other_parents)]
    for path, digest in named:
        if path not in before or before[path].sha256 != digest:
            detail = f"{path} is no earlier file of this package with that hash"
            yield Problem(ProblemCode.PARENT_UNKNOWN, f"{where}.parent", detail)
    parent = before.get(entry.parent)
    if isinstance(parent, Original):
        expected_ns = entry.pts_ns - parent.start_pts_ns
        inside = parent.start_pts_ns <= entry.pts_ns <= parent.end_pts_ns
        if not inside or abs(expected_ns - entry.parent_offset_ns) > MAX_DISTANCE_FROM_PICTURE_NS:
            yield Problem(ProblemCode.MANIFEST_INCONSISTENT, f"{where}.pts_ns", f"is not a time within {entry.parent}")


def _summary(manifest: Manifest) -> dict[str, object]:
    return {
        "package_id": manifest.package_id,
        "incident_id": manifest.incident_id,
        "camera_id": manifest.camera.id,
        "sequence": manifest.chain.sequence,
        "kind": manifest.violation.kind,
        "key_id": manifest.key_id,
        "sealed_at_ns": str(manifest.sealed_at_ns),
        "grade": manifest.grade,
        "reasons": list(manifest.reasons),
    }
