"""Matter codes: which holds on a day, and what the office set for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.codes.schemas import CodeIn
from api.db.models import MatterCode
from api.office import Office


def holding(session: Session, day: date, kind: str | None = None) -> list[MatterCode]:
    """The codes that hold on that day, by number."""
    until = or_(MatterCode.valid_until.is_(None), MatterCode.valid_until >= day)
    statement = select(MatterCode).where(MatterCode.valid_from <= day, until).order_by(MatterCode.code)
    if kind is not None:
        statement = statement.where(MatterCode.kind == kind)
    return list(session.scalars(statement))


def handling_hours(session: Session, code: str | None, day: date) -> float | None:
    """The handling time (处置时限) of a code in working hours; None: the office set none."""
    if code is None:
        return None
    until = or_(MatterCode.valid_until.is_(None), MatterCode.valid_until >= day)
    statement = select(MatterCode.handling_hours).where(MatterCode.code == code, MatterCode.valid_from <= day, until)
    return session.scalar(statement.order_by(MatterCode.valid_from.desc()))


def everything(office: Office, day: date | None) -> list[MatterCode]:
    """The codes of one day, or all that ever held."""
    with office.database.reading() as session:
        if day is not None:
            return holding(session, day)
        return list(session.scalars(select(MatterCode).order_by(MatterCode.code, MatterCode.valid_from)))


def put(office: Office, who: Principal, code: str, valid_from: date, told: CodeIn) -> tuple[MatterCode, bool]:
    """Write one code from one day on; True when it is new."""
    values: dict[str, Any] = told.model_dump()
    with office.database.writing() as session:
        wanted = MatterCode.code == code, MatterCode.valid_from == valid_from
        row = session.scalars(select(MatterCode).where(*wanted).with_for_update()).one_or_none()
        created = row is None
        if row is None:
            row = MatterCode(code=code, valid_from=valid_from, **values)
            session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
        after = told.model_dump(mode="json") | {"valid_from": valid_from.isoformat()}
        record(session, who, office.now(), Event("code.saved", f"code:{code}", after=after))
    return row, created
