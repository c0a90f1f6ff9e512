"""Reading alarms and acknowledging them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from api.access import Principal
from api.alarms.schemas import AlarmCounts
from api.audit.service import Event, record
from api.db.models import Alarm, Camera
from api.db.upsert import lock_row
from api.errors import ConflictError, NotFoundError
from api.office import Office
from api.scope import cameras_of


def alarms_of(who: Principal) -> ColumnElement[bool]:
    """The alarms that this one may see: who is limited sees those of their own cameras."""
    if not who.limited:
        return true()
    return Alarm.camera_id.in_(select(Camera.id).where(cameras_of(who)))


def find(office: Office, who: Principal, *, still_open: bool | None, before: int | None, limit: int) -> list[Alarm]:
    """Alarms, the newest first; `before` continues an earlier page."""
    statement = select(Alarm).where(alarms_of(who)).order_by(Alarm.id.desc()).limit(limit)
    if still_open is not None:
        statement = statement.where(Alarm.open_key.is_not(None) if still_open else Alarm.open_key.is_(None))
    if before is not None:
        statement = statement.where(Alarm.id < before)
    with office.database.reading() as session:
        return list(session.scalars(statement))


def count(office: Office, who: Principal) -> AlarmCounts:
    """What the head of each page shows."""
    unseen = func.count().filter(Alarm.acknowledged_at.is_(None))
    statement = select(func.count(), unseen).where(Alarm.open_key.is_not(None), alarms_of(who))
    with office.database.reading() as session:
        total, unacknowledged = session.execute(statement).one()
    return AlarmCounts(open=total, unacknowledged=unacknowledged)


def acknowledge(office: Office, who: Principal, alarm_id: int, note: str) -> Alarm:
    """Somebody looks after it. Raises NotFoundError, ConflictError when somebody else was first."""
    with office.database.writing() as session:
        alarm = _locked(session, who, alarm_id)
        if alarm.acknowledged_by is not None:
            raise ConflictError(f"{alarm.acknowledged_by} has acknowledged this alarm already.")
        now = office.now()
        alarm.acknowledged_at, alarm.acknowledged_by, alarm.note = now, who.name, note or None
        session.flush()
        subject = f"alarm:{alarm.kind}:{alarm.subject}"
        after = {"alarm": alarm.kind, "camera_id": alarm.camera_id, "worker_id": alarm.worker_id}
        record(session, who, now, Event("alarm.acknowledged", subject, reason=note or None, after=after))
    return alarm


def _locked(session: Session, who: Principal, alarm_id: int) -> Alarm:
    mine = session.scalar(select(Alarm.id).where(Alarm.id == alarm_id, alarms_of(who)))
    alarm = lock_row(session, Alarm, alarm_id) if mine is not None else None
    if alarm is None:
        raise NotFoundError(f"There is no alarm {alarm_id}.")
    return alarm
