"""Replays: the zones in use with the changes put in, judged over what is stored, and a row that says who asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Camera, ZoneVersion
from api.errors import InvalidError, NotFoundError
from api.office import Office
from api.replay.port import Replayer, ReplayUnavailableError
from api.replay.schemas import ReplayIn, ReplayOut, ZoneDraft
from api.scope import cameras_of
from api.zones.rules import as_stored
from api.zones.service import current_zones

DAYS = timedelta(days=7)
LONGEST = timedelta(days=31)


def replay(office: Office, who: Principal, replayer: Replayer | None, camera_id: str, told: ReplayIn) -> ReplayOut:
    """What the camera would have found with the changed zones. Raises ApiError."""
    if replayer is None:
        raise ReplayUnavailableError("Nothing is stored on this machine to replay: use `streetwarden replay` there.")
    since, until = _window(office.now(), told)
    answer = ReplayOut.model_validate(replayer(_camera(office, who, camera_id, told), since, until))
    asked = told.model_dump(mode="json", by_alias=True, include={"removed"})
    after = {**asked, "zones": [_zone(zone) for zone in told.zones], "summary": answer.summary.model_dump()}
    with office.database.writing() as session:
        record(session, who, office.now(), Event("zones.replayed", f"camera:{camera_id}", after=after))
    return answer


def _window(now: datetime, told: ReplayIn) -> tuple[datetime, datetime]:
    until = min(told.until or now, now)
    since = told.since or until - DAYS
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
