"""Reading cases: lists, one case, what is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.continuing import overlapping
from api.cases.lifecycle import OPEN_STATES
from api.db.models import Camera, Case, CaseDay, CaseTransition, IncidentRecord, Package
from api.errors import NotFoundError
from api.office import Office
from api.scope import cases_of

RELATED = 20


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list; None means all. Times bound the beginning of the violation."""

    state: str | None = None
    kind: str | None = None
    camera_id: str | None = None
    after: int = 0
    newest_first: bool = False
    limit: int = 50
    penalty_state: str | None = None
    district: str | None = None
    unit: str | None = None
    escalation: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case with the name that a list shows."""

    case: Case
    camera_name: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All rows about one case; packages in the order of their arrival."""

    case: Case
    camera: Camera | None
    incident: IncidentRecord | None
    packages: Sequence[Package]
    transitions: Sequence[CaseTransition]

    @property
    def camera_name(self) -> str:
        """The camera's name; its id when it is gone."""
        return self.camera.name if self.camera is not None else self.case.camera_id


@dataclass(frozen=True, slots=True)
class Related:
    """What lies beside a case: perhaps the same violation, and what was at its place before."""

    duplicates: list[QueueRow]
    earlier: list[QueueRow]


def selection(wanted: CaseFilter, who: Principal) -> Select[Case]:
    """The cases that match and that this one may see, in no order."""
    statement = select(Case).where(cases_of(who))
    for name in ("state", "kind", "camera_id", "penalty_state", "district", "unit", "escalation"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Case, name) == value)
    if wanted.since is not None:
        statement = statement.where(Case.started_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Case.started_at < wanted.until)
    if wanted.since is not None or wanted.until is not None:
        statement = statement.where(_numbers_of(wanted.since, wanted.until))
    return statement


def _numbers_of(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    """The numbers that cases of these days have: a list in the order of numbers then begins where the days do, and
    reads no year of cases to find its first one."""
    days: list[ColumnElement[bool]] = [true()]
    if since is not None:
        days.append(CaseDay.day >= since.astimezone(UTC).date())
    if until is not None:
        days.append(CaseDay.day <= until.astimezone(UTC).date())
    first = select(func.min(CaseDay.first_id)).where(*days).scalar_subquery()
    last = select(func.max(CaseDay.last_id)).where(*days).scalar_subquery()
    return Case.id.between(first, last)


def find(office: Office, wanted: CaseFilter, who: Principal) -> list[QueueRow]:
    """Cases by rising (or falling) number."""
    order = Case.id.desc() if wanted.newest_first else Case.id.asc()
    statement = selection(wanted, who).order_by(order).limit(wanted.limit)
    if wanted.after:
        statement = statement.where(Case.id < wanted.after if wanted.newest_first else Case.id > wanted.after)
    with office.database.glancing() as session:
        return _rows(session, session.scalars(statement).all())


def _rows(session: Session, cases: Sequence[Case]) -> list[QueueRow]:
    names = _camera_names(session, {case.camera_id for case in cases})
    return [QueueRow(case, names.get(case.camera_id, case.camera_id)) for case in cases]


def _camera_names(session: Session, ids: set[str]) -> dict[str, str]:
    return {row.id: row.name for row in session.execute(select(Camera.id, Camera.name).where(Camera.id.in_(ids)))}


def visible(session: Session, who: Principal, case_id: int) -> Case:
    """One case within this one's limits; raise `NotFoundError`, which says nothing of what lies outside them."""
    case = session.scalars(select(Case).where(Case.id == case_id, cases_of(who))).one_or_none()
    if case is None:
        raise _unknown(case_id)
    return case


def get(office: Office, who: Principal, case_id: int) -> CaseFile:
    """One case with all that belongs to it; raise `NotFoundError`."""
    wanted = (
        select(Case, Camera, IncidentRecord)
        .outerjoin(Camera, Camera.id == Case.camera_id)
        .outerjoin(IncidentRecord, IncidentRecord.incident_id == Case.incident_id)
        .where(Case.id == case_id, cases_of(who))
    )
    with office.database.glancing() as session:
        found = session.execute(wanted).one_or_none()
        if found is None:
            raise _unknown(case_id)
        case, camera, incident = found
        packages = session.scalars(
            select(Package).where(Package.case_id == case_id).order_by(Package.received_at, Package.package_id)
        )
        return CaseFile(case, camera, incident, packages.all(), transitions(session, case_id))


def _unknown(case_id: int) -> NotFoundError:
    return NotFoundError(f"There is no case {case_id}.")


def transitions(session: Session, case_id: int) -> list[CaseTransition]:
    """The steps of a case, oldest first."""
    steps = select(CaseTransition).where(CaseTransition.case_id == case_id).order_by(CaseTransition.version)
    return list(session.scalars(steps))


def related(office: Office, who: Principal, case_id: int) -> Related:
    """Open cases that may be the same violation, and the latest ones of the same place."""
    gap = timedelta(minutes=office.settings.continuing_gap_minutes)
    with office.database.glancing() as session:
        case = visible(session, who, case_id)
        here = (Case.camera_id == case.camera_id) & (Case.zone_id == case.zone_id)
        place = or_(here, Case.spot == case.spot) if case.spot else here
        others = select(Case).where(place, Case.kind == case.kind, Case.id != case.id, cases_of(who))
        around = overlapping(case.started_at or case.created_at, case.last_seen_at, gap)
        same = others.where(Case.state.in_(sorted(OPEN_STATES)), around).order_by(Case.id).limit(RELATED)
        before = others.where(Case.id < case.id).order_by(Case.id.desc()).limit(RELATED)
        duplicates = _rows(session, session.scalars(same).all())
        known = {row.case.id for row in duplicates}
        earlier = [row for row in _rows(session, session.scalars(before).all()) if row.case.id not in known]
    return Related(duplicates, earlier)
