"""Who may look where, and that it is written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from api.access import Principal
from api.audit.service import Event, record
from api.cameras.service import read_one
from api.db.models import Camera
from api.errors import InvalidError, NotFoundError
from api.live.hub import LiveHub, View
from api.live.stills import LookBook, keep_still, still_path
from api.office import Office


async def open_view(office: Office, hub: LiveHub, who: Principal, camera_id: str, reason: str) -> View:
    """A live view of a camera that is on, for a reason. Raises ApiError."""
    worker_id = await run_in_threadpool(_worker_of, office, who, camera_id)
    view = hub.open(who, camera_id, worker_id)
    after = {"until": view.until.isoformat(), "unit": who.unit or None, "name": who.display_name or who.name}
    event = Event("camera.live_opened", f"camera:{camera_id}", reason=reason, after=after)
    try:
        await run_in_threadpool(_record, office, who, event)
    except BaseException:
        # Nobody looks without it being written down.
        hub.close_view(view)
        raise
    return view


async def end_view(office: Office, hub: LiveHub, view: View) -> None:
    """The view is over; how long it was is written down."""
    hub.close_view(view)
    seconds = 0.0 if view.began is None else (office.now() - view.began).total_seconds()
    after = {"seconds": round(seconds, 1), "pictures": view.pictures}
    event = Event("camera.live_ended", f"camera:{view.camera_id}", after=after)
    await run_in_threadpool(_record, office, view.who, event)


def _worker_of(office: Office, who: Principal, camera_id: str) -> str | None:
    file = read_one(office, who, camera_id)
    if not file.camera.enabled:
        raise InvalidError(f"Camera {camera_id} is switched off.")
    return file.health.worker_id if file.health else None


def _record(office: Office, who: Principal, event: Event) -> None:
    with office.database.writing() as session:
        record(session, who, office.now(), event)


def take_still(office: Office, camera_id: str, picture: bytes) -> None:
    """Keep a worker's last picture of a camera. Raises NotFoundError, InvalidError."""
    with office.database.reading() as session:
        if session.get(Camera, camera_id) is None:
            raise NotFoundError(f"There is no camera {camera_id}.")
    keep_still(office.settings.data_dir, camera_id, picture)


def last_still(office: Office, who: Principal, looks: LookBook, camera_id: str) -> Path:
    """The last picture of a camera; the look is written down, once in ten minutes. Raises NotFoundError."""
    read_one(office, who, camera_id)
    path = still_path(office.settings.data_dir, camera_id)
    if not path.is_file():
        raise NotFoundError(f"There is no picture of camera {camera_id} yet.")
    now = office.now()
    if looks.is_new(who.name, camera_id, now):
        after = {"unit": who.unit or None, "name": who.display_name or who.name}
        _record(office, who, Event("camera.still_viewed", f"camera:{camera_id}", reason="wall", after=after))
    return path


def is_late(at: datetime, now: datetime) -> bool:
    """Whether a last picture is no picture of now any more."""
    return now - at > timedelta(minutes=3)
