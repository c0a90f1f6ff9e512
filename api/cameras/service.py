"""Keeping cameras."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.cameras.addresses import shown_address
from api.cameras.files import as_stored, read_file, state_on
from api.cameras.schemas import CameraIn, CameraUpdate, CameraView, HealthView
from api.db.models import Camera, CameraHealth, Package
from api.db.upsert import insert_if_missing, lock_row
from api.errors import ConflictError, NotAllowedError, NotFoundError
from api.live.stills import forget_still, still_path
from api.office import Office
from api.scope import cameras_of, sees
from api.zones.service import current_zones

# What null takes away; of everything else null leaves it as it is.
CLEARABLE = frozenset({"device_number", "place", "direction", "onvif_url", "latitude", "longitude"})
KEPT_BY_SILENCE = frozenset(
    {"district", "file", "place", "direction", "privacy_masks", "onvif_url", "latitude", "longitude"}
)


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """A camera, its zones and its health."""

    camera: Camera
    zones: int
    health: CameraHealth | None


def read_all(office: Office, who: Principal) -> list[CameraRecord]:
    """All cameras by id."""
    with office.database.reading() as session:
        cameras = session.scalars(select(Camera).where(cameras_of(who)).order_by(Camera.id)).all()
        zones = Counter(zone.camera_id for zone in current_zones(session))
        health = {row.camera_id: row for row in session.scalars(select(CameraHealth))}
    return [CameraRecord(camera, zones[camera.id], health.get(camera.id)) for camera in cameras]


def visible(session: Session, who: Principal, camera_id: str) -> Camera:
    """One camera within this one's limits; raise `NotFoundError`."""
    camera = session.scalars(select(Camera).where(Camera.id == camera_id, cameras_of(who))).one_or_none()
    if camera is None:
        raise NotFoundError(f"There is no camera {camera_id}.")
    return camera


def read_one(office: Office, who: Principal, camera_id: str) -> CameraRecord:
    """One camera; raise `NotFoundError`."""
    with office.database.reading() as session:
        camera = visible(session, who, camera_id)
        return CameraRecord(camera, len(current_zones(session, camera_id)), session.get(CameraHealth, camera_id))


def create(office: Office, who: Principal, told: CameraIn) -> CameraRecord:
    """Add a camera; raise `ConflictError` when the id is taken."""
    if not sees(who, told.id, told.district):
        raise NotAllowedError("This camera would lie outside your part of the city.")
    with office.database.writing() as session:
        camera = add(office, session, told)
        if camera is None:
            raise ConflictError(f"There is already a camera {told.id!r}.")
        record(session, who, office.now(), Event("camera.created", f"camera:{told.id}", after=_facts(camera)))
    return CameraRecord(camera, 0, None)


def add(office: Office, session: Session, told: CameraIn) -> Camera | None:
    """Write a new camera in the caller's transaction; None when the id is taken."""
    now = office.now()
    values: dict[str, Any] = {
        **_columns(told),
        "url_encrypted": office.cipher.encrypt(told.url),
        "url_shown": shown_address(told.url),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    if not insert_if_missing(session, Camera, values):
        return None
    return session.get_one(Camera, told.id)


def _columns(told: CameraIn) -> dict[str, Any]:
    """What is stored as it was told."""
    values = told.model_dump(exclude={"url", "file"})
    return {**values, "name": told.name or told.id, "file": as_stored(told.file)}


def overwrite(office: Office, session: Session, told: CameraIn) -> bool:
    """Bring a camera to what was told in the caller's transaction; False when it is so already."""
    camera = session.get_one(Camera, told.id, with_for_update=True)
    values = _columns(told)
    # A cameras file that is silent about these does not take them away.
    for name in KEPT_BY_SILENCE - told.model_fields_set:
        del values[name]
    same_address = office.cipher.decrypt(camera.url_encrypted) == told.url
    if same_address and {name: getattr(camera, name) for name in values} == values:
        return False
    for name, value in values.items():
        setattr(camera, name, value)
    camera.url_encrypted, camera.url_shown = office.cipher.encrypt(told.url), shown_address(told.url)
    camera.version += 1
    camera.updated_at = office.now()
    return True


def change(office: Office, who: Principal, camera_id: str, told: CameraUpdate) -> CameraRecord:
    """Change a camera that is still as it was seen; raise `ConflictError` otherwise."""
    with office.database.writing() as session:
        visible(session, who, camera_id)
        camera = lock_row(session, Camera, camera_id)
        if camera is None:
            raise NotFoundError(f"There is no camera {camera_id}.")
        if told.district is not None and not sees(who, camera_id, told.district):
            raise NotAllowedError("This district lies outside your part of the city.")
        if camera.version != told.version:
            raise ConflictError(f"Camera {camera_id} was changed meanwhile: reload it.", version=camera.version)
        before = _facts(camera)
        values = told.model_dump(exclude={"version", "url", "file"}, exclude_unset=True)
        for name, value in values.items():
            if value is not None or name in CLEARABLE:
                setattr(camera, name, value)
        if told.file is not None:
            camera.file = as_stored(told.file)
        if told.url is not None:
            camera.url_encrypted, camera.url_shown = office.cipher.encrypt(told.url), shown_address(told.url)
        camera.version += 1
        camera.updated_at = office.now()
        session.flush()
        event = Event("camera.changed", f"camera:{camera_id}", before=before, after=_facts(camera))
        record(session, who, office.now(), event)
    if told.privacy_masks is not None:
        forget_still(office.settings.data_dir, camera_id)
    return read_one(office, who, camera_id)


def _facts(camera: Camera) -> dict[str, Any]:
    names = ("name", "url_shown", "transport", "device_number", "timezone", "enabled", "version", "district", "file")
    return {name: getattr(camera, name) for name in (*names, *sorted(CLEARABLE), "privacy_masks")}


def view(office: Office, file: CameraRecord) -> CameraView:
    """A camera as JSON, without secrets."""
    columns = {name: getattr(file.camera, name) for name in CameraView.model_fields if hasattr(file.camera, name)}
    health = health_view(office, file.health) if file.health else None
    legal = read_file(file.camera.file)
    today = office.now().astimezone(ZoneInfo(file.camera.timezone)).date()
    more = {"zones": file.zones, "health": health, "file": legal, "file_state": state_on(legal, today)}
    return CameraView.model_validate({**columns, **more})


def health_view(office: Office, row: CameraHealth) -> HealthView:
    """A worker's latest word, marked when it is old."""
    stale = office.now() - row.received_at > timedelta(seconds=office.settings.heartbeat_timeout_s)
    return HealthView(state=row.state, worker_id=row.worker_id, received_at=row.received_at, stale=stale, body=row.body)


def latest_still(office: Office, who: Principal, camera_id: str) -> Path:
    """The last picture that its worker brought, else the newest whole one of a package; raise `NotFoundError`."""
    statement = select(Package).where(Package.camera_id == camera_id).order_by(Package.received_at.desc()).limit(5)
    with office.database.reading() as session:
        visible(session, who, camera_id)
        packages = session.scalars(statement).all()
    brought = still_path(office.settings.data_dir, camera_id)
    if brought.is_file():
        return brought
    for package in packages:
        for entry in package.manifest["files"]:
            path = office.store.path(package.package_id) / str(entry["path"])
            if entry.get("purpose", "").startswith("panorama") and path.is_file():
                return path
    raise NotFoundError(f"There is no picture of camera {camera_id} yet.")
