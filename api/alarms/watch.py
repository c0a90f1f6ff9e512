"""Opens and closes alarms: what is wrong for long enough, and what is right again."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from api.access import SYSTEM
from api.alarms.conditions import Condition, Said, Situation, conditions
from api.audit.service import Event, record
from api.db.models import Alarm, Camera, CameraHealth, WorkerHeartbeat
from api.db.upsert import insert_if_missing
from api.office import Office

# A worker that was silent for a day was taken away, and is no alarm any more.
GONE = timedelta(days=1)
# A camera that was just added, or switched on, is not looked at yet.
NEW = timedelta(minutes=2)
TELL_AGAIN = timedelta(minutes=1)


class AlarmWatch:
    """One a process. What it saw begin and end is in memory: after a restart patience begins anew."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._began: dict[str, datetime] = {}
        self._cleared: dict[str, datetime] = {}

    def look(self) -> None:
        """Compare what is wrong now with the alarms that are open, and bring them together."""
        now = self._office.now()
        with self._office.database.reading() as session:
            situation = self._situation(session, now)
            rows = session.execute(select(Alarm.open_key, Alarm.seen_at).where(Alarm.open_key.is_not(None))).all()
        known = {str(key): seen_at for key, seen_at in rows}
        wrong = {each.key: each for each in conditions(situation, self._office.settings.alarm_limits)}
        self._began = {key: self._began.get(key, now) for key in wrong}
        due = [each for key, each in wrong.items() if key not in known and self._lasts(each, now)]
        over = self._over(set(known) - set(wrong), now)
        still = [each for key, each in wrong.items() if key in known and now - known[key] >= TELL_AGAIN]
        if due or over or still:
            self._write(due, over, still, now)

    def _lasts(self, wrong: Condition, now: datetime) -> bool:
        return now - self._began[wrong.key] >= timedelta(seconds=wrong.patience_s)

    def _over(self, right: set[str], now: datetime) -> list[str]:
        self._cleared = {key: self._cleared.get(key, now) for key in right}
        patience = timedelta(seconds=self._office.settings.alarm_limits.clear_s)
        return [key for key, since in self._cleared.items() if now - since >= patience]

    def _situation(self, session: Session, now: datetime) -> Situation:
        # Columns, not objects: hundreds of rows each time, and none is changed.
        health = CameraHealth.received_at, CameraHealth.body, CameraHealth.worker_id, CameraHealth.state
        known = select(Camera.id, Camera.updated_at, *health).outerjoin(
            CameraHealth, CameraHealth.camera_id == Camera.id
        )
        rows: list[Any] = list(session.execute(known.where(Camera.enabled.is_(True))))
        cameras = [_camera(name, said) for name, at, *said in rows if said[0] is not None or now - at >= NEW]
        beats = select(WorkerHeartbeat.worker_id, WorkerHeartbeat.received_at, WorkerHeartbeat.body)
        workers = [Said(*beat) for beat in session.execute(beats.where(WorkerHeartbeat.received_at > now - GONE))]
        disk = shutil.disk_usage(self._office.settings.data_dir)
        silent_s = self._office.settings.heartbeat_timeout_s
        return Situation(now, cameras, workers, silent_s, (disk.total, disk.free))

    def _write(self, due: Iterable[Condition], over: Iterable[str], still: Iterable[Condition], now: datetime) -> None:
        with self._office.database.writing() as session:
            _tell_again(session, still, now)
            opened = [wrong for wrong in due if _open(session, wrong, now)]
            closed = list(session.scalars(select(Alarm).where(Alarm.open_key.in_(list(over))).with_for_update()))
            for alarm in closed:
                alarm.open_key, alarm.closed_at, alarm.seen_at = None, now, now
            session.flush()
            for wrong in opened:
                record(session, SYSTEM, now, Event("alarm.opened", f"alarm:{wrong.key}", after=_told(wrong)))
            for alarm in closed:
                event = Event("alarm.closed", f"alarm:{alarm.kind}:{alarm.subject}", after=_told(alarm))
                record(session, SYSTEM, now, event)


def _told(wrong: Condition | Alarm) -> dict[str, Any]:
    """What others are told of it."""
    named = {"alarm": str(wrong.kind), "camera_id": wrong.camera_id, "worker_id": wrong.worker_id}
    return {**named, "detail": wrong.detail, "figures": dict(wrong.figures)}


def _camera(camera_id: str, said: Sequence[Any]) -> Said:
    """What a camera's worker said of it: when, what, who, and the state; None four times when none did."""
    if said[0] is None:
        return Said(camera_id, None, {}, None, "unknown")
    received_at, body, worker_id, state = said
    return Said(camera_id, received_at, body, worker_id, state)


def _tell_again(session: Session, still: Iterable[Condition], now: datetime) -> None:
    """One statement for all, in one order everywhere."""
    values = [
        {"key": wrong.key, "seen_at": now, "detail": wrong.detail, "figures": dict(wrong.figures)}
        for wrong in sorted(still, key=lambda each: each.key)
    ]
    if values:
        changed: dict[str, Any] = {name: bindparam(name) for name in ("seen_at", "detail", "figures")}
        table = cast("Table", Alarm.__table__)
        session.execute(update(table).where(table.c.open_key == bindparam("key")).values(**changed), values)


def _open(session: Session, wrong: Condition, now: datetime) -> bool:
    """False when another service of this database was quicker."""
    values: dict[str, Any] = {
        "kind": wrong.kind.value,
        "subject": wrong.subject,
        "open_key": wrong.key,
        "camera_id": wrong.camera_id,
        "worker_id": wrong.worker_id,
        "detail": wrong.detail,
        "figures": dict(wrong.figures),
        "opened_at": now,
        "seen_at": now,
    }
    return insert_if_missing(session, Alarm, values)
