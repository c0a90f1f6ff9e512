"""Replays: the zones in use with the changes put in, judged over what is stored, and a row that says who asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Camera, Case, CaseIncident, ZoneVersion
from api.errors import InvalidError, NotFoundError
from api.office import Office
from api.replay.port import Replayer, ReplayUnavailableError
from api.replay.schemas import ReplayIn, ReplayOut, ZoneDraft
from api.scope import cameras_of
from api.zones.rules import as_stored
from api.zones.service import current_zones

DAYS = timedelta(days=7)
LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Question:
    """What is replayed: the camera with its zones as they would be, and from when to when."""

    camera: dict[str, Any]
    since: datetime
    until: datetime

    @property
    def camera_id(self) -> str:
        """The camera's id."""
        return str(self.camera["id"])


def question(office: Office, who: Principal, camera_id: str, told: ReplayIn) -> Question:
    """What is asked, with the changes put into the zones in use. Raises ApiError."""
    since, until = _window(office.now(), told)
    return Question(_camera(office, who, camera_id, told), since, until)


def replay(office: Office, who: Principal, replayer: Replayer | None, camera_id: str, told: ReplayIn) -> ReplayOut:
    """What the camera would have found with the changed zones. Raises ApiError."""
    if replayer is None:
        raise ReplayUnavailableError("Nothing is stored on this machine to replay: use `streetwarden replay` there.")
    asked = question(office, who, camera_id, told)
    return finish(office, who, told, replayer(asked.camera, asked.since, asked.until))


def finish(office: Office, who: Principal, told: ReplayIn, comparison: dict[str, Any]) -> ReplayOut:
    """The answer: the comparison with the cases that were found, and a row in the audit log."""
    answer = ReplayOut.model_validate(comparison)
    _name_cases(office, answer)
    asked = told.model_dump(mode="json", by_alias=True, include={"removed"})
    after = {**asked, "zones": [_zone(zone) for zone in told.zones], "summary": answer.summary.model_dump()}
    with office.database.writing() as session:
        record(session, who, office.now(), Event("zones.replayed", f"camera:{answer.camera_id}", after=after))
    return answer


def _name_cases(office: Office, answer: ReplayOut) -> None:
    """Put the office's own numbers to what was found."""
    found = {pair.found.incident_id: pair.found for pair in answer.cases if pair.found is not None}
    ids = sorted(found)
    with office.database.reading() as session:
        for begin in range(0, len(ids), 500):
            some = ids[begin : begin + 500]
            own = select(Case.incident_id, Case.id).where(Case.incident_id.in_(some))
            more = select(CaseIncident.incident_id, CaseIncident.case_id).where(CaseIncident.incident_id.in_(some))
            for incident_id, case_id in [*session.execute(own), *session.execute(more)]:
                found[incident_id].case_id = case_id


def _window(now: datetime, told: ReplayIn) -> tuple[datetime, datetime]:
    until = min(told.until or now, now)
    since = told.since or until - (timedelta(days=told.days) if told.days else DAYS)
    if since >= until:
        raise InvalidError("from: must be before until, and in the past.")
    if until - since > LONGEST:
        raise InvalidError(f"from: at most {LONGEST.days} days are replayed at once.")
    return since, until


def _camera(office: Office, who: Principal, camera_id: str, told: ReplayIn) -> dict[str, Any]:
    """The camera's configuration as it would be. Its address is nobody's business here."""
    with office.database.reading() as session:
        camera = session.scalar(select(Camera).where(Camera.id == camera_id, cameras_of(who)))
        if camera is None:
            raise NotFoundError(f"There is no camera {camera_id}.")
        zones = {zone.zone_id: _stored(zone) for zone in current_zones(session, camera_id)}
        timezone = camera.timezone
    unknown = sorted(set(told.removed) - set(zones))
    if unknown:
        raise NotFoundError(f"Camera {camera_id} has no zone {unknown[0]}.")
    zones |= {zone.id: _zone(zone) for zone in told.zones}
    kept = [zone for zone_id, zone in zones.items() if zone_id not in told.removed]
    return {"id": camera_id, "timezone": timezone, "zones": kept}


def _stored(zone: ZoneVersion) -> dict[str, Any]:
    return {"id": zone.zone_id, "class": zone.zone_class, "polygon": zone.polygon, "rules": zone.rules}


def _zone(zone: ZoneDraft) -> dict[str, Any]:
    return {
        "id": zone.id,
        "class": zone.zone_class,
        "polygon": [list(point) for point in zone.polygon],
        "rules": [as_stored(rule) for rule in zone.rules],
    }
