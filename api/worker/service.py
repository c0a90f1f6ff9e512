"""Configuration for workers and their heartbeats."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cameras.files import as_stored, read_file
from api.cameras.service import read_all
from api.cases.counts import by_state
from api.db.models import Camera, CameraHealth, ConfigVersion, QuarantinedPackage, WorkerHeartbeat, ZoneVersion
from api.db.upsert import insert_or_replace
from api.office import Office
from api.worker.schemas import HealthReport, HeartbeatIn, WorkerCamera, WorkerConfig, WorkerView, WorkerZone
from api.zones.service import current_zones

# The row of `config_versions` that every change of what workers are told lifts.
CONFIG = "workers"


@dataclass(frozen=True, slots=True)
class Served:
    """The configuration as it is sent, and its entity tag."""

    body: str
    etag: str


def config(office: Office) -> Served:
    """What workers should watch now; made anew only when something of it was written."""
    with office.database.glancing() as session:
        # Read before the rest: what is written meanwhile has a higher version, and is made again at the next question.
        version = session.scalar(select(ConfigVersion.version).where(ConfigVersion.name == CONFIG))
        return office.database.memo.get(CONFIG, version, lambda: _made(office, session))


def _made(office: Office, session: Session) -> Served:
    cameras = session.scalars(select(Camera).where(Camera.enabled.is_(True)).order_by(Camera.id)).all()
    zones: dict[str, list[ZoneVersion]] = {}
    for zone in current_zones(session):
        zones.setdefault(zone.camera_id, []).append(zone)
    told = WorkerConfig(cameras=[_camera(office, camera, zones.get(camera.id, [])) for camera in cameras])
    body = told.model_dump_json(by_alias=True)
    # Of the content and not of the version, so that workers take nothing anew that is for them what it was.
    return Served(body, f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"')


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
                warning_only_until=zone.warning_only_until,
            )
            for zone in zones
        ],
        place=camera.place,
        direction=camera.direction,
        privacy_masks=camera.privacy_masks,
        onvif_url=camera.onvif_url,
    )


def take_heartbeat(office: Office, told: HeartbeatIn) -> str:
    """Keep a worker's latest word; give the tag of the configuration that holds now."""
    now = office.now()
    body = told.model_dump(mode="json", exclude={"cameras"})
    beat = {"worker_id": told.worker_id, "software": told.software, "body": body, "received_at": now}
    # Of a camera that is told twice the last word counts; in one order everywhere, see `insert_or_replace`.
    reports = sorted({report.camera_id: report for report in told.cameras}.items())
    rows = [
        {
            "camera_id": camera_id,
            "worker_id": told.worker_id,
            "state": report.state[:32],
            "body": report.model_dump(mode="json"),
            "received_at": now,
        }
        for camera_id, report in reports
    ]
    with office.database.writing() as session:
        insert_or_replace(session, WorkerHeartbeat, [beat])
        insert_or_replace(session, CameraHealth, rows)
    return config(office).etag


def health(office: Office, who: Principal) -> HealthReport:
    """The whole system at a glance."""
    limit = timedelta(seconds=office.settings.heartbeat_timeout_s)
    now = office.now()
    with office.database.glancing() as session:
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
