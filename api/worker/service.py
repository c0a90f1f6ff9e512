"""Configuration for workers and their heartbeats."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cameras.files import as_stored, read_file
from api.cameras.service import read_all
from api.cases.counts import by_state
from api.db.models import Base, Camera, CameraHealth, QuarantinedPackage, WorkerHeartbeat, ZoneVersion
from api.db.upsert import insert_if_missing, lock_row
from api.office import Office
from api.worker.schemas import HealthReport, HeartbeatIn, WorkerCamera, WorkerConfig, WorkerView, WorkerZone
from api.zones.service import current_zones


def config(office: Office) -> tuple[WorkerConfig, str]:
    """What workers should watch now, and its entity tag."""
    with office.database.reading() as session:
        cameras = session.scalars(select(Camera).where(Camera.enabled.is_(True)).order_by(Camera.id)).all()
        zones: dict[str, list[ZoneVersion]] = {}
        for zone in current_zones(session):
            zones.setdefault(zone.camera_id, []).append(zone)
    told = WorkerConfig(cameras=[_camera(office, camera, zones.get(camera.id, [])) for camera in cameras])
    digest = hashlib.sha256(told.model_dump_json(by_alias=True).encode()).hexdigest()
    return told, f'"{digest[:32]}"'


def _camera(office: Office, camera: Camera, zones: list[ZoneVersion]) -> WorkerCamera:
    return WorkerCamera(
        id=camera.id,
        url=office.cipher.decrypt(camera.url_encrypted),
        transport=camera.transport,
        name=camera.name,
        device_number=camera.device_number,
        timezone=camera.timezone,
        file=as_stored(read_file(camera.file)),
        zones=[
            WorkerZone(
                id=zone.zone_id,
                zone_class=zone.zone_class,
                version=zone.version,
                polygon=zone.polygon,
                rules=zone.rules,
            )
            for zone in zones
        ],
    )


def take_heartbeat(office: Office, told: HeartbeatIn) -> str:
    """Keep a worker's latest word; give the tag of the configuration that holds now."""
    now = office.now()
    with office.database.writing() as session:
        body = told.model_dump(mode="json", exclude={"cameras"})
        values: dict[str, Any] = {"software": told.software, "body": body, "received_at": now}
        _replace(session, WorkerHeartbeat, {"worker_id": told.worker_id}, values)
        # In one order everywhere, so that two workers never wait for each other.
        for report in sorted(told.cameras, key=lambda each: each.camera_id):
            values = {
                "worker_id": told.worker_id,
                "state": report.state[:32],
                "body": report.model_dump(mode="json"),
                "received_at": now,
            }
            _replace(session, CameraHealth, {"camera_id": report.camera_id}, values)
    return config(office)[1]


def _replace(session: Session, model: type[Base], key: dict[str, str], values: dict[str, Any]) -> None:
    if insert_if_missing(session, model, {**key, **values}):
        return
    row = lock_row(session, model, next(iter(key.values())))
    for name, value in values.items():
        setattr(row, name, value)


def health(office: Office, who: Principal) -> HealthReport:
    """The whole system at a glance."""
    limit = timedelta(seconds=office.settings.heartbeat_timeout_s)
    now = office.now()
    with office.database.reading() as session:
        beats = session.scalars(select(WorkerHeartbeat).order_by(WorkerHeartbeat.worker_id)).all()
        quarantined = session.scalar(select(func.count()).select_from(QuarantinedPackage)) or 0
    states = Counter(_state_of(file.health, now, limit) for file in read_all(office, who))
    return HealthReport(
        workers=[
            WorkerView(
                worker_id=beat.worker_id,
                software=beat.software,
                received_at=beat.received_at,
                lost=now - beat.received_at > limit,
                body=beat.body,
            )
            for beat in beats
        ],
        cameras_by_state=dict(states),
        quarantined=quarantined,
        cases=by_state(office, who),
    )


def _state_of(row: CameraHealth | None, now: Any, limit: timedelta) -> str:
    if row is None:
        return "unknown"
    return "stale" if now - row.received_at > limit else row.state
