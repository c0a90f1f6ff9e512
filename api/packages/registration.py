"""From a verified manifest to rows: the package, its files, its incident and its one case, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.cases.counts import shift
from api.cases.opening import Place, add_package, at, place_package
from api.db.models import Package, PackageFile
from api.db.upsert import insert_if_missing
from api.incidents.schemas import IncidentIn
from api.incidents.service import merge
from api.office import Office
from evidence.manifest import MANIFEST_FILE, Manifest

__all__ = ["at", "register"]


@dataclass(frozen=True, slots=True)
class Verified:
    """A manifest that holds, the hash of its bytes, and how many there are."""

    manifest: Manifest
    manifest_sha256: str
    manifest_size: int


def register(session: Session, office: Office, who: Principal, verified: Verified) -> tuple[Package, bool]:
    """Write all rows of a package; False when it was registered before."""
    manifest = verified.manifest
    if (known := session.get(Package, manifest.package_id)) is not None:
        return known, False
    now = office.now()
    merge(session, manifest.incident_id, _incident_of(manifest), now)
    place = place_package(session, office.settings, who, now, manifest)
    case = place.case
    values = {
        "package_id": manifest.package_id,
        "case_id": case.id,
        "incident_id": manifest.incident_id,
        "camera_id": manifest.camera.id,
        "sequence": manifest.chain.sequence,
        "key_id": manifest.key_id,
        "manifest_sha256": verified.manifest_sha256,
        "manifest": manifest.model_dump(mode="json", by_alias=True),
        "received_at": now,
        "part": manifest.part,
        "sealed_at_ns": manifest.sealed_at_ns,
    }
    if not insert_if_missing(session, Package, values):
        return session.get_one(Package, manifest.package_id), False
    session.add_all(_files_of(verified))
    session.flush()
    add_package(session, case, manifest)
    session.flush()
    _log(session, who, now, manifest, place)
    return session.get_one(Package, manifest.package_id), True


def _log(session: Session, who: Principal, now: datetime, manifest: Manifest, place: Place) -> None:
    """Last of all, see `audit.service.record`."""
    case = place.case
    facts: dict[str, Any] = {"package_id": manifest.package_id, "case_id": case.id, "key_id": manifest.key_id}
    record(session, who, now, Event("package.accepted", f"package:{manifest.package_id}", after=facts))
    facts = {"state": case.state, "incident_id": manifest.incident_id, "grade": case.grade}
    if place.opened:
        record(session, who, now, Event("case.opened", f"case:{case.id}", after=facts))
        shift(session, case.camera_id, None, case.state)
        return
    facts |= {"package_id": manifest.package_id, "part": manifest.part, "camera_id": manifest.camera.id}
    record(session, who, now, Event("case.appended", f"case:{case.id}", reason=place.why, after=facts))


def _incident_of(manifest: Manifest) -> IncidentIn:
    times, subject = manifest.times, manifest.subject
    return IncidentIn.model_construct(
        camera_id=manifest.camera.id,
        zone_id=manifest.zone.id,
        zone_version=manifest.zone.version,
        kind=manifest.violation.kind,
        state="confirmed" if times.ended is None else "ended",
        started_at=at(times.started.at_ns),
        confirmed_at=at(times.confirmed.at_ns),
        ended_at=None if times.ended is None else at(times.ended.at_ns),
        score=subject.score,
        box_xyxy=subject.box_xyxy,
        frame_size_wh=subject.frame_size_wh,
        grade=manifest.grade,
        reasons=list(manifest.reasons),
    )


def _files_of(verified: Verified) -> list[PackageFile]:
    """What may be served: the files that the manifest lists, and the manifest itself."""
    manifest = verified.manifest
    listed = [
        PackageFile(
            package_id=manifest.package_id,
            path=entry.path,
            media_type=entry.media_type,
            role=entry.role,
            size_bytes=entry.bytes,
            sha256=entry.sha256,
        )
        for entry in manifest.files
    ]
    itself = PackageFile(
        package_id=manifest.package_id,
        path=MANIFEST_FILE,
        media_type="application/json",
        role="manifest",
        size_bytes=verified.manifest_size,
        sha256=verified.manifest_sha256,
    )
    return [*listed, itself]
