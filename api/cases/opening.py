"""A package finds its case: the one of its incident, the one that it continues, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.continuing import Sight, district_of, find_case, spot_of, take_turn
from api.cases.lifecycle import OPEN, CaseState, Flow
from api.cases.timers import set_deadline
from api.codes.service import holding
from api.db.models import Case, CaseIncident, CaseTransition
from api.db.upsert import insert_if_missing
from api.kinds import KINDS
from api.settings import ApiSettings
from evidence.manifest import Manifest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The picture that shows a violation best.
STILLS = ("panorama_confirmed", "panorama_first", "close_up")
SAME_INCIDENT = "same_incident"


@dataclass(frozen=True, slots=True)
class Place:
    """The case of a package; `why` says how it was found, None when it was opened for it."""

    case: Case
    opened: bool
    why: str | None = None


def at(ns: int) -> datetime:
    """UTC nanoseconds since the epoch as an aware time, to the microsecond; exact, unlike a float of seconds."""
    return EPOCH + timedelta(microseconds=ns // 1000)


def place_package(session: Session, settings: ApiSettings, who: Principal, now: datetime, manifest: Manifest) -> Place:
    """Find or open the case in the caller's transaction; nobody else changes its row until that ends."""
    sight = _sight(session, manifest)
    take_turn(session, sight)
    known = find_by_incident(session, manifest.incident_id)
    if known is not None:
        return Place(known, opened=False, why=SAME_INCIDENT)
    if (found := find_case(session, settings, sight)) is not None:
        values = {
            "incident_id": manifest.incident_id,
            "case_id": found.case.id,
            "camera_id": manifest.camera.id,
            "why": found.why,
            "added_at": now,
        }
        insert_if_missing(session, CaseIncident, values)
        session.refresh(found.case, with_for_update=True)
        return Place(found.case, opened=False, why=found.why)
    return _open(session, who, now, manifest, sight)


def find_by_incident(session: Session, incident_id: str) -> Case | None:
    """The case of an incident, whether it opened or continued it."""
    case_id = session.scalar(select(CaseIncident.case_id).where(CaseIncident.incident_id == incident_id))
    wanted = Case.id == case_id if case_id is not None else Case.incident_id == incident_id
    return session.scalars(select(Case).where(wanted).with_for_update()).one_or_none()


def _sight(session: Session, manifest: Manifest) -> Sight:
    times, zone = manifest.times, manifest.zone
    return Sight(
        camera_id=manifest.camera.id,
        zone_id=zone.id,
        kind=manifest.violation.kind,
        spot=spot_of(session, manifest.camera.id, zone.id, zone.version),
        begins=at(times.started.at_ns),
        last=at((times.ended or times.confirmed).at_ns),
        box=manifest.subject.box_xyxy,
    )


def _open(session: Session, who: Principal, now: datetime, manifest: Manifest, sight: Sight) -> Place:
    opened = insert_if_missing(session, Case, _values(session, now, manifest, sight))
    case = session.scalars(select(Case).where(Case.incident_id == manifest.incident_id).with_for_update()).one()
    if not opened:
        return Place(case, opened=False, why=SAME_INCIDENT)
    set_deadline(session, case, Flow.MANAGEMENT, now)
    step = CaseTransition(
        case_id=case.id,
        version=1,
        action=OPEN,
        from_state=None,
        to_state=case.state,
        actor=who.name,
        reason=None,
        note=None,
        at=now,
    )
    session.add(step)
    return Place(case, opened=True)


def _values(session: Session, now: datetime, manifest: Manifest, sight: Sight) -> dict[str, Any]:
    return {
        "incident_id": manifest.incident_id,
        "camera_id": sight.camera_id,
        "zone_id": sight.zone_id,
        "zone_version": manifest.zone.version,
        "kind": sight.kind,
        "state": CaseState.CANDIDATE.value,
        "version": 1,
        "grade": manifest.grade,
        "grade_reasons": list(manifest.reasons),
        "started_at": sight.begins,
        "created_at": now,
        "district": district_of(session, sight.camera_id),
        "spot": sight.spot,
        "code": _code(session, sight),
    }


def _code(session: Session, sight: Sight) -> str | None:
    """The matter code of this kind on the day of the violation; before any is in force, the table of kinds says."""
    found = holding(session, sight.begins.date(), sight.kind)
    if found:
        return found[0].code
    return KINDS[sight.kind].code if sight.kind in KINDS else None


def add_package(session: Session, case: Case, manifest: Manifest) -> None:
    """Bring the case's row up to what one more package shows."""
    ended = manifest.times.ended
    last = at((ended or manifest.times.confirmed).at_ns)
    later = case.last_seen_at is None or last >= case.last_seen_at
    if later:
        case.last_seen_at = last
        case.goes_on = ended is None
    if manifest.camera.id == case.camera_id and (later or case.box is None):
        case.box = list(manifest.subject.box_xyxy)
    case.packages_count += 1
    if case.still_path is None and (path := still_path(manifest)):
        case.still_package_id, case.still_path = manifest.package_id, path
    session.flush()


def still_path(manifest: Manifest) -> str | None:
    """The path of the picture that shows the violation best."""
    by_purpose = {getattr(entry, "purpose", None): entry.path for entry in manifest.files}
    return next((by_purpose[purpose] for purpose in STILLS if purpose in by_purpose), None)


def note_end(session: Session, incident_id: str, ended_at: datetime) -> None:
    """Remember on the case that its incident is over, so that only a near successor continues it."""
    case = find_by_incident(session, incident_id)
    if case is not None and case.goes_on:
        case.goes_on = False
        case.last_seen_at = max(ended_at, case.last_seen_at or ended_at)
        session.flush()
