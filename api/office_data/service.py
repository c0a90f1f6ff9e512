"""Reading and changing the office's own data; until somebody changes it, the defaults hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import OfficeDatum
from api.db.upsert import insert_if_missing, lock_row
from api.errors import ConflictError
from api.office import Office
from api.reminders.rules import ReminderRules
from api.worktime.calendar import WorkCalendar
from api.worktime.deadlines import Deadlines

Datum = TypeVar("Datum", bound=BaseModel)
_KNOWN = "office data"
NAMES: dict[type[BaseModel], str] = {WorkCalendar: "calendar", Deadlines: "deadlines", ReminderRules: "reminder_rules"}


@dataclass(frozen=True, slots=True)
class Versioned(Generic[Datum]):
    """A value and its version; 0: nobody changed the defaults yet."""

    value: Datum
    version: int


def read(session: Session, model: type[Datum]) -> Versioned[Datum]:
    """What holds now; a session asks the database once, for all of it."""
    if _KNOWN not in session.info:
        session.info[_KNOWN] = {row.name: row for row in session.scalars(select(OfficeDatum))}
    row = session.info[_KNOWN].get(NAMES[model])
    return Versioned(model(), 0) if row is None else Versioned(model.model_validate(row.value), row.version)


def get(office: Office, model: type[Datum]) -> Versioned[Datum]:
    """What holds now, in a session of its own."""
    with office.database.reading() as session:
        return read(session, model)


def put(office: Office, who: Principal, value: Datum, base_version: int) -> Versioned[Datum]:
    """Replace a value that is still as it was seen; raise `ConflictError` otherwise."""
    name, now = NAMES[type(value)], office.now()
    body = value.model_dump(mode="json")
    with office.database.writing() as session:
        first = {"name": name, "value": {}, "version": 0, "changed_by": who.name, "changed_at": now}
        insert_if_missing(session, OfficeDatum, first)
        row = lock_row(session, OfficeDatum, name)
        if row is None or row.version != base_version:
            raise ConflictError(f"The {name} was changed meanwhile: reload it.", version=row.version if row else 0)
        before = {"version": row.version, "value": row.value}
        row.value, row.version, row.changed_by, row.changed_at = body, row.version + 1, who.name, now
        session.flush()
        after = {"version": row.version, "value": body}
        record(session, who, now, Event(f"office.{name}_changed", f"office:{name}", before=before, after=after))
        return Versioned(value, row.version)
