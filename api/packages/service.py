"""Reading packages: their files, looks at them, the whole bag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Case, Package, PackageFile, QuarantinedPackage
from api.errors import NotFoundError
from api.office import Office
from api.packages.registration import at
from api.packages.schemas import FileView, PackageView
from api.scope import cases_of
from evidence.manifest import Derived, Manifest
from evidence.transport import pack_bag

# Only these may a browser show; anything else it must save.
SHOWN = frozenset({"image/jpeg", "image/png", "video/mp4"})
PREFIX = "/api/v1/packages"
TOMBSTONE_FILE, TOMBSTONE_ROLE = "tombstone.json", "tombstone"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file to serve."""

    path: Path
    media_type: str
    sha256: str
    shown: bool


def url_of(package_id: str, path: str) -> str:
    """Where a file is served."""
    return f"{PREFIX}/{quote(package_id)}/files/{quote(path)}"


def view(package: Package) -> PackageView:
    """A package as JSON, from the manifest that was verified."""
    manifest, gone = Manifest.model_validate_json(_as_json(package.manifest)), package.deleted_at is not None
    return PackageView(
        package_id=package.package_id,
        incident_id=package.incident_id,
        camera_id=package.camera_id,
        sequence=package.sequence,
        key_id=package.key_id,
        manifest_sha256=package.manifest_sha256,
        received_at=package.received_at,
        part=package.part,
        verified=True,
        grade=manifest.grade,
        reasons=list(manifest.reasons),
        files=[] if gone else [_file_view(package.package_id, entry) for entry in manifest.files],
        deleted_at=package.deleted_at,
        deleted_by_rule=package.deleted_by_rule,
        tombstone_url=url_of(package.package_id, TOMBSTONE_FILE) if gone else None,
    )


def _as_json(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest).encode()


def _file_view(package_id: str, entry: Any) -> FileView:
    derived = isinstance(entry, Derived)
    return FileView(
        path=entry.path,
        url=url_of(package_id, entry.path),
        media_type=entry.media_type,
        role=entry.role,
        purpose=entry.purpose,
        size_bytes=entry.bytes,
        sha256=entry.sha256,
        crop_xyxy=entry.crop_xyxy if derived else None,
        at=at(entry.at_ns if derived else entry.start_at_ns),
    )


def get(office: Office, who: Principal, package_id: str) -> PackageView:
    """One package; raise `NotFoundError`."""
    return view(find_package(office, who, package_id))


def find_package(office: Office, who: Principal, package_id: str) -> Package:
    """A package of a case that this one may see; raise `NotFoundError`."""
    wanted = select(Package).join(Case, Case.id == Package.case_id).where(cases_of(who))
    with office.database.reading() as session:
        package = session.scalars(wanted.where(Package.package_id == package_id)).one_or_none()
    if package is None:
        raise NotFoundError(f"There is no package {package_id}.")
    return package


def find_file(office: Office, who: Principal, package_id: str, path: str) -> StoredFile:
    """A file that the verified manifest lists; raise `NotFoundError` for everything else, path tricks included."""
    with office.database.glancing() as session:
        row = session.scalars(
            select(PackageFile)
            .join(Package, Package.package_id == PackageFile.package_id)
            .join(Case, Case.id == Package.case_id)
            .where(PackageFile.package_id == package_id, PackageFile.path == path, cases_of(who))
        ).one_or_none()
    missing = NotFoundError(f"Package {package_id} has no such file.")
    if row is None:
        raise missing
    is_tombstone = row.role == TOMBSTONE_ROLE
    place = office.store.tombstone(package_id) if is_tombstone else office.store.path(package_id) / row.path
    if not place.is_file():
        raise missing
    return StoredFile(place, row.media_type, row.sha256, row.media_type in SHOWN)


def note_look(office: Office, who: Principal, package_id: str, what: str, purpose: str) -> None:
    """Write down who looked at which evidence, for which unit, and what for.

    Regulations on public video (2025) art. 22: each look is logged with its reason, content, unit and name.
    """
    facts = {"file": what, "unit": who.unit or None, "name": who.display_name or who.name}
    with office.database.writing() as session:
        event = Event("evidence.viewed", f"package:{package_id}", reason=purpose, after=facts)
        record(session, who, office.now(), event)


def bag(office: Office, who: Principal, package_id: str) -> Iterator[bytes]:
    """The whole package as a zip, for somebody who will verify it without us."""
    package = find_package(office, who, package_id)
    if package.deleted_at is not None:
        raise NotFoundError(
            f"Package {package_id} was deleted on {package.deleted_at:%Y-%m-%d} by {package.deleted_by_rule}: "
            f"{url_of(package_id, TOMBSTONE_FILE)} stands for it.",
        )
    return pack_bag(office.store.path(package_id))


def list_quarantined(office: Office, limit: int) -> list[QuarantinedPackage]:
    """What did not verify, newest first."""
    with office.database.reading() as session:
        return list(session.scalars(select(QuarantinedPackage).order_by(QuarantinedPackage.id.desc()).limit(limit)))
