"""Zones: every change is a new version."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import Camera, ZoneVersion
from api.errors import ConflictError, NotFoundError
from api.office import Office
from api.scope import cameras_of
from api.zones.rules import as_stored
from api.zones.schemas import ZoneIn

# What the next version takes over from the one before when nothing is told of it.
CARRIED = ("spot", "warning_only_until")


def current_zones(session: Session, camera_id: str | None = None) -> list[ZoneVersion]:
    """The latest version of every zone that is not retired."""
    latest = (
        select(ZoneVersion.camera_id, ZoneVersion.zone_id, func.max(ZoneVersion.version).label("version"))
        .group_by(ZoneVersion.camera_id, ZoneVersion.zone_id)
        .subquery()
    )
    statement = (
        select(ZoneVersion)
        .join(
            latest,
            (ZoneVersion.camera_id == latest.c.camera_id)
            & (ZoneVersion.zone_id == latest.c.zone_id)
            & (ZoneVersion.version == latest.c.version),
        )
        .where(ZoneVersion.retired.is_(False))
        .order_by(ZoneVersion.camera_id, ZoneVersion.zone_id)
    )
    if camera_id is not None:
        statement = statement.where(ZoneVersion.camera_id == camera_id)
    return list(session.scalars(statement))


def read_current(office: Office, who: Principal, camera_id: str | None) -> list[ZoneVersion]:
    """The zones in use, of one camera or all."""
    with office.database.reading() as session:
        zones = current_zones(session, camera_id)
        if not who.limited:
            return zones
        mine = set(session.scalars(select(Camera.id).where(cameras_of(who))))
    return [zone for zone in zones if zone.camera_id in mine]


def read_versions(office: Office, who: Principal, camera_id: str, zone_id: str) -> list[ZoneVersion]:
    """Every version of one zone, newest first; raise `NotFoundError`."""
    statement = (
        select(ZoneVersion)
        .where(ZoneVersion.camera_id == camera_id, ZoneVersion.zone_id == zone_id)
        .order_by(ZoneVersion.version.desc())
    )
    with office.database.reading() as session:
        versions = list(session.scalars(statement))
        mine = session.scalar(select(Camera.id).where(Camera.id == camera_id, cameras_of(who)))
    if not versions or mine is None:
        raise NotFoundError(f"Camera {camera_id} has no zone {zone_id}.")
    return versions


def save(office: Office, who: Principal, camera_id: str, zone_id: str, told: ZoneIn) -> ZoneVersion:
    """Write the next version of a zone; raise `ConflictError` when it is not the next one any more."""
    return _write(office, who, (camera_id, zone_id, told.base_version), values_of(told), told.reason)


def values_of(told: ZoneIn) -> dict[str, Any]:
    """The columns that a new version takes over from what was told."""
    values: dict[str, Any] = {
        "zone_class": told.zone_class,
        "polygon": [list(point) for point in told.polygon],
        "rules": [as_stored(rule) for rule in told.rules],
        "retired": False,
    }
    # Left out, they stay as they were.
    return values | {name: getattr(told, name) for name in CARRIED if name in told.model_fields_set}


def retire(office: Office, who: Principal, camera_id: str, zone_id: str, base_version: int, reason: str) -> ZoneVersion:
    """End a zone with a last version; what it was stays readable."""
    latest = read_versions(office, who, camera_id, zone_id)[0]
    values = {
        "zone_class": latest.zone_class,
        "polygon": latest.polygon,
        "rules": latest.rules,
        "retired": True,
    }
    return _write(office, who, (camera_id, zone_id, base_version), values, reason)


def _write(
    office: Office, who: Principal, place: tuple[str, str, int], values: dict[str, Any], reason: str
) -> ZoneVersion:
    camera_id, zone_id, _base = place
    try:
        with office.database.writing() as session:
            row = add_version(office, session, who, place, values, reason)
            session.flush()
            action = "zone.retired" if row.retired else "zone.saved"
            until = row.warning_only_until
            after = {**values, "version": row.version, "warning_only_until": until.isoformat() if until else None}
            event = Event(action, f"zone:{camera_id}/{zone_id}", reason=reason or None, after=after)
            record(session, who, office.now(), event)
    except IntegrityError as error:
        raise ConflictError(f"Zone {zone_id} was changed meanwhile: reload it.") from error
    return row


def add_version(
    office: Office, session: Session, who: Principal, place: tuple[str, str, int], values: dict[str, Any], reason: str
) -> ZoneVersion:
    """Add the next version in the caller's transaction; `place` is camera, zone and the version that was seen."""
    camera_id, zone_id, base = place
    if session.scalar(select(Camera.id).where(Camera.id == camera_id, cameras_of(who))) is None:
        raise NotFoundError(f"There is no camera {camera_id}.")
    wanted = ZoneVersion.camera_id == camera_id, ZoneVersion.zone_id == zone_id
    latest = session.scalar(select(func.max(ZoneVersion.version)).where(*wanted)) or 0
    if latest != base:
        raise ConflictError(f"Zone {zone_id} was changed meanwhile: its version is {latest}.", version=latest)
    before = session.scalars(select(ZoneVersion).where(*wanted, ZoneVersion.version == latest)).one_or_none()
    values = {**{name: getattr(before, name, None) for name in CARRIED}, **values}
    row = ZoneVersion(
        camera_id=camera_id,
        zone_id=zone_id,
        version=latest + 1,
        author=who.name,
        reason=reason,
        created_at=office.now(),
        **values,
    )
    session.add(row)
    return row
