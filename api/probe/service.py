"""Probes: asked of a worker, bounded in number, and written down with who asked and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from api.access import Principal
from api.audit.service import Event, record
from api.cameras.addresses import shown_address
from api.cameras.service import read_one, visible
from api.db.models import Camera
from api.errands.desk import Desk, ErrandFailedError
from api.office import Office
from api.probe.quota import Quota
from api.probe.schemas import DeviceStreams, FoundDevices, ProbeIn, ProbeOut, StreamsIn
from api.scope import cameras_of

Answer = TypeVar("Answer", bound=BaseModel)
PROBE_S = 40.0
DISCOVERY_S = 15.0
STREAMS_S = 30.0


def make_quota() -> Quota:
    """Ten a minute for each person: enough to add cameras, too few to walk through a net."""
    return Quota(10, timedelta(minutes=1), at_once=4)


class Prober:
    """Asks workers about cameras; one for a service."""

    def __init__(self, office: Office, desk: Desk) -> None:
        self._office = office
        self._desk = desk
        self._quota = make_quota()

    async def address(self, who: Principal, told: ProbeIn) -> ProbeOut:
        """Try an address that is no camera yet. Raises ApiError."""
        body = {"url": told.url, "transport": told.transport}
        subject = f"address:{shown_address(told.url)}"[:200]
        return await self._probe(who, body, subject, None)

    async def camera(self, who: Principal, camera_id: str) -> ProbeOut:
        """Try a camera's own address. Raises ApiError."""
        body, worker_id = await run_in_threadpool(self._stored, who, camera_id)
        return await self._probe(who, body, f"camera:{camera_id}", worker_id)

    async def discover(self, who: Principal) -> FoundDevices:
        """The devices that answer in the net of a worker. Raises ApiError."""
        with self._quota.taking(who.name, self._office.now()):
            found = _read(FoundDevices, await self._desk.ask("discover", {}, timeout_s=DISCOVERY_S))
        hosts = await run_in_threadpool(self._hosts, who)
        items = [device.model_copy(update={"known": hosts.get(device.host)}) for device in found.items]
        await self._write(who, Event("cameras.discovered", "net:discovery", after={"found": len(items)}))
        return FoundDevices(items=items, worker_id=found.worker_id)

    async def streams(self, who: Principal, told: StreamsIn) -> DeviceStreams:
        """What a found device says that it streams. Raises ApiError."""
        with self._quota.taking(who.name, self._office.now()):
            answer = _read(DeviceStreams, await self._desk.ask("streams", told.model_dump(), timeout_s=STREAMS_S))
        after = {"ok": answer.ok, "problem": answer.problem}
        await self._write(who, Event("device.asked", f"address:{shown_address(told.onvif_url)}"[:200], after=after))
        return answer

    async def _probe(self, who: Principal, body: dict[str, Any], subject: str, worker_id: str | None) -> ProbeOut:
        with self._quota.taking(who.name, self._office.now()):
            answer = await self._desk.ask("probe", body, worker_id=worker_id, timeout_s=PROBE_S)
        found = _read(ProbeOut, answer)
        event = Event("camera.probed", subject, after={"ok": found.ok, "reason": found.reason})
        await self._write(who, event)
        return found

    def _stored(self, who: Principal, camera_id: str) -> tuple[dict[str, Any], str | None]:
        """What a worker needs, and the worker that has the camera, when it is there."""
        file = read_one(self._office, who, camera_id)
        worker_id = file.health.worker_id if file.health else None
        with self._office.database.reading() as session:
            camera = visible(session, who, camera_id)
            url = self._office.cipher.decrypt(camera.url_encrypted)
        masks = getattr(camera, "privacy_masks", None) or []
        body = {"url": url, "transport": camera.transport, "masks": masks}
        return body, worker_id if worker_id in self._desk.workers else None

    def _hosts(self, who: Principal) -> dict[str, str]:
        with self._office.database.reading() as session:
            rows = session.execute(select(Camera.id, Camera.url_shown).where(cameras_of(who))).all()
        return {urlsplit(url).hostname or "": camera_id for camera_id, url in rows}

    async def _write(self, who: Principal, event: Event) -> None:
        await run_in_threadpool(self._record, who, event)

    def _record(self, who: Principal, event: Event) -> None:
        with self._office.database.writing() as session:
            record(session, who, self._office.now(), event)


def _read(model: type[Answer], answer: dict[str, Any]) -> Answer:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise ErrandFailedError(f"The worker's answer is not understood: {problem['msg']}") from error
