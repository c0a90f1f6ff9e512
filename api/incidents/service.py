"""Keeping the latest state of every incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.continuing import district_of
from api.cases.opening import note_end
from api.db.models import IncidentRecord
from api.db.upsert import insert_if_missing, lock_row
from api.errors import NotFoundError
from api.incidents.schemas import IncidentIn
from api.office import Office
from api.scope import sees

# Messages may overtake each other: a later state is never undone by an earlier one.
RANK = {"pending": 0, "confirmed": 1, "ended": 2}


def merge(session: Session, incident_id: str, told: IncidentIn, now: datetime) -> tuple[IncidentRecord, bool]:
    """Write what was told unless something later is known; give the row and whether it is new."""
    values: dict[str, Any] = {**told.model_dump(), "updated_at": now}
    for name in ("box_xyxy", "frame_size_wh"):
        values[name] = list(values[name]) if values[name] is not None else None
    created = insert_if_missing(session, IncidentRecord, {"incident_id": incident_id, **values})
    row = lock_row(session, IncidentRecord, incident_id)
    if row is None:
        raise NotFoundError(f"There is no incident {incident_id}.")
    if not created and RANK[told.state] >= RANK[row.state]:
        for name, value in values.items():
            # An update that leaves a time out does not take it back.
            if value is not None or not name.endswith("_at"):
                setattr(row, name, value)
    return row, created


def put(office: Office, incident_id: str, told: IncidentIn) -> tuple[IncidentRecord, bool]:
    """Take one report of a worker."""
    with office.database.writing() as session:
        row, created = merge(session, incident_id, told, office.now())
        if row.ended_at is not None:
            note_end(session, incident_id, row.ended_at)
        return row, created


def get(office: Office, who: Principal, incident_id: str) -> IncidentRecord:
    """One incident; raise `NotFoundError`."""
    with office.database.reading() as session:
        row = session.get(IncidentRecord, incident_id)
        district = district_of(session, row.camera_id) if row else ""
    if row is None or not sees(who, row.camera_id, district):
        raise NotFoundError(f"There is no incident {incident_id}.")
    return row
