"""A package arrives: unpacked safely, verified, stored, and made a case, or set aside with its reason."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Package, QuarantinedPackage
from api.db.upsert import insert_if_missing
from api.errors import ConflictError, InvalidError
from api.keys.service import registry
from api.office import Office
from api.packages.registration import Verified, register
from api.packages.store import Arrival, Note
from evidence.disk import Disk
from evidence.errors import TransportError
from evidence.manifest import MANIFEST_FILE
from evidence.problems import Problem, ProblemCode
from evidence.transport import unpack_bag
from evidence.verify import VerificationReport, verify_package


@dataclass(frozen=True, slots=True)
class Accepted:
    """The case that a package belongs to; `created` is False when it had been here before."""

    package_id: str
    incident_id: str
    case_id: int
    created: bool


class _Passing(Disk):
    """Writes without waiting for the disk: a bag is verified where it arrives, and pushed to the disk by
    `PackageStore.publish` when it holds. What a power cut spoils before that was not acknowledged."""

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)

    def sync_folder(self, path: Path) -> None:
        pass


def accept(office: Office, who: Principal, package_id: str, arrival: Arrival) -> Accepted:
    """Take one upload.

    Raises `InvalidError` when the package does not hold (it is then in quarantine), and `ConflictError` when another
    package of this id is known.
    """
    try:
        unpack_bag(arrival.upload, arrival.bag, disk=_Passing())
    except TransportError as error:
        problem = Problem(ProblemCode(error.code), error.where, error.detail)
        raise _quarantine(office, who, package_id, arrival, (problem,)) from error
    if known := _find_known(office, package_id, _hash_of(arrival.bag / MANIFEST_FILE)):
        return known
    verified = _verify(office, package_id, arrival.bag)
    if not isinstance(verified, Verified):
        raise _quarantine(office, who, package_id, arrival, verified)
    with office.store.holding(package_id):
        _settle(office, package_id, arrival, Note(package_id, who.name), verified.manifest_sha256)
        return _register(office, who, verified)


def recover(office: Office) -> int:
    """Finish what a process that died had moved but not yet written down; give the number of packages."""
    finished = 0
    for _arrival, note in office.store.abandoned():
        if note is None:
            continue
        with office.store.holding(note.package_id):
            place = office.store.path(note.package_id)
            if not place.is_dir() or _is_known(office, note.package_id):
                continue
            verified = _verify(office, note.package_id, place)
            if isinstance(verified, Verified):
                sender = Principal(name=note.sent_by, kind="machine", roles=frozenset())
                finished += _register(office, sender, verified).created
    return finished


def _hash_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _is_known(office: Office, package_id: str) -> bool:
    with office.database.reading() as session:
        return session.get(Package, package_id) is not None


def _find_known(office: Office, package_id: str, manifest_sha256: str | None) -> Accepted | None:
    with office.database.glancing() as session:
        package = session.get(Package, package_id)
    if package is None:
        return None
    if package.manifest_sha256 != manifest_sha256:
        raise ConflictError(f"Package {package_id} is known with another content.")
    return Accepted(package_id, package.incident_id, package.case_id, created=False)


def _verify(office: Office, package_id: str, bag: Path) -> Verified | tuple[Problem, ...]:
    with office.database.glancing() as session:
        keys = registry(session, office.settings.timestamp_authorities)
    report: VerificationReport = verify_package(bag, keys)
    if not report.ok or not report.authentic or report.manifest is None or report.manifest_sha256 is None:
        return report.problems or (Problem(ProblemCode.BAD_SIGNATURE, MANIFEST_FILE, "is not authentic"),)
    if report.manifest.package_id != package_id:
        detail = f"is {report.manifest.package_id}, sent as {package_id}"
        return (Problem(ProblemCode.IDENTITY_MISMATCH, f"{MANIFEST_FILE}#package_id", detail),)
    return Verified(report.manifest, report.manifest_sha256, (bag / MANIFEST_FILE).stat().st_size)


def _settle(office: Office, package_id: str, arrival: Arrival, note: Note, manifest_sha256: str) -> None:
    """Put the bag in its place; what a dead process left there is kept when it is the same and holds."""
    place = office.store.path(package_id)
    if place.exists() and not _is_known(office, package_id):
        left = _verify(office, package_id, place)
        if isinstance(left, Verified) and left.manifest_sha256 == manifest_sha256:
            return
        office.store.set_aside(place)
    if not place.exists():
        office.store.publish(arrival, note)


def _register(office: Office, who: Principal, verified: Verified) -> Accepted:
    with office.database.writing() as session:
        package, created = register(session, office, who, verified)
        if package.manifest_sha256 != verified.manifest_sha256:
            raise ConflictError(f"Package {package.package_id} is known with another content.")
        return Accepted(package.package_id, package.incident_id, package.case_id, created)


def _quarantine(
    office: Office, who: Principal, package_id: str, arrival: Arrival, problems: tuple[Problem, ...]
) -> InvalidError:
    """Keep what arrived, once, with its reason; give the error that tells the sender."""
    now, digest = office.now(), _digest_of(arrival.upload)
    facts: list[dict[str, Any]] = [
        {"code": each.code.value, "where": each.where, "detail": each.detail} for each in problems[:20]
    ]
    reason = str(problems[0])[:500]
    refusal = InvalidError(f"Package {package_id} does not verify: {reason}", problems=facts)
    with office.database.reading() as session:
        same = QuarantinedPackage.package_id == package_id, QuarantinedPackage.upload_sha256 == digest
        if session.scalar(select(QuarantinedPackage.id).where(*same)) is not None:
            return refusal
    folder = office.store.set_aside(arrival.upload)
    values = {
        "package_id": package_id,
        "upload_sha256": digest,
        "reason": reason,
        "problems": facts,
        "folder": folder,
        "sent_by": who.name,
        "received_at": now,
    }
    with office.database.writing() as session:
        if insert_if_missing(session, QuarantinedPackage, values):
            event = Event("package.quarantined", f"package:{package_id}", reason=reason, after={"folder": folder})
            record(session, who, now, event)
    return refusal


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
