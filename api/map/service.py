"""Counting cases by place and hour in the database, from two indices and without reading a single case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, literal, select, text, true, union_all
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.lifecycle import CaseState
from api.db.models import Camera, Case, CaseCount
from api.map.schemas import MapCounts, PlaceCount, Stage
from api.office import Office
from api.office_data.service import read
from api.reports.service import ENDED, HANDLING, WAITING
from api.scope import cameras_of
from api.worktime.calendar import WorkCalendar

# Hours are counted case by case; a month of them is enough to see when a street is full.
MOST_HOUR_DAYS = 31
MOST_KINDS = 12
# People who open the map within so many seconds are told the same counts.
FRESH_S = 15
STAGES: Mapping[Stage, frozenset[CaseState]] = {
    Stage.WAITING: WAITING,
    Stage.HANDLING: HANDLING,
    Stage.ENDED: ENDED,
    Stage.REJECTED: frozenset({CaseState.REJECTED}),
}


@dataclass(frozen=True, slots=True)
class MapFilter:
    """Which cases a map counts: begun in the last `days` days, of this kind, this far, in this district."""

    days: int = 30
    kind: str | None = None
    stage: Stage | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A camera as a map needs it."""

    id: str
    name: str = ""
    district: str = ""
    latitude: float | None = None
    longitude: float | None = None


def counts(office: Office, who: Principal, wanted: MapFilter) -> MapCounts:
    """Every camera that this one sees with its cases, and when they begin; at most `FRESH_S` old."""
    until = office.now()
    since = until - timedelta(days=wanted.days)
    hour_days = min(wanted.days, MOST_HOUR_DAYS)
    with office.database.glancing() as session:
        zone = ZoneInfo(read(session, WorkCalendar).value.timezone)
        cameras = _cameras(session, who, wanted)

        def make() -> tuple[dict[str, dict[str, int]], list[list[int]]]:
            start = until - timedelta(days=hour_days)
            return _by_place(session, who, wanted, since), _hours(session, who, wanted, start, zone)

        name = repr((wanted, sorted(who.districts), sorted(who.camera_ids)))
        kinds, hours = office.counted.get(name, (zone.key, until.timestamp() // FRESH_S), make)
    if not who.limited and wanted.district is None:
        known = {camera.id for camera in cameras}
        # Packages also come of cameras that nobody entered.
        cameras += [Place(camera_id) for camera_id in kinds if camera_id not in known]
    places = [_place(camera, kinds.get(camera.id, {})) for camera in cameras]
    places.sort(key=lambda place: (-place.cases, place.name, place.camera_id))
    return MapCounts(
        since=since,
        until=until,
        days=wanted.days,
        total=sum(place.cases for place in places),
        places=places,
        hour_days=hour_days,
        hours=hours,
        timezone=zone.key,
    )


def _place(camera: Place, kinds: Mapping[str, int]) -> PlaceCount:
    ranked = dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
    return PlaceCount(
        camera_id=camera.id,
        name=camera.name or camera.id,
        district=camera.district,
        latitude=camera.latitude,
        longitude=camera.longitude,
        cases=sum(kinds.values()),
        kinds=ranked,
    )


def _cameras(session: Session, who: Principal, wanted: MapFilter) -> list[Place]:
    columns = Camera.id, Camera.name, Camera.district, Camera.latitude, Camera.longitude
    return [Place(*row) for row in session.execute(select(*columns).where(_within(who, wanted)))]


def _within(who: Principal, wanted: MapFilter) -> ColumnElement[bool]:
    mine = cameras_of(who)
    return mine if wanted.district is None else and_(mine, Camera.district == wanted.district)


def _which(wanted: MapFilter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [true()]
    if wanted.kind is not None:
        # As an expression, or SQLite takes the index by kind and reads every case of it.
        parts.append(Case.kind.concat("") == wanted.kind)
    if wanted.stage is not None:
        parts.append(Case.state.in_(sorted(STAGES[wanted.stage])))
    return and_(*parts)


def _by_place(session: Session, who: Principal, wanted: MapFilter, since: datetime) -> dict[str, dict[str, int]]:
    """Cases by camera and kind: for each camera, state and kind one stretch of an index, counted as it lies there.

    Grouping the same entries takes SQLite five times as long.
    """
    names = _kinds(session) if wanted.kind is None else [wanted.kind]
    if not names:
        return {}
    kinds = union_all(*(select(literal(name).label("kind")) for name in names)).subquery("kinds")
    known = [CaseCount.cases > 0]
    if wanted.stage is not None:
        known.append(CaseCount.state.in_(sorted(STAGES[wanted.stage])))
    if who.limited or wanted.district is not None:
        known.append(CaseCount.camera_id.in_(select(Camera.id).where(_within(who, wanted))))
    same = Case.camera_id == CaseCount.camera_id, Case.state == CaseCount.state, Case.kind == kinds.c.kind
    stretch = select(func.count()).select_from(Case).where(*same, Case.started_at >= since)
    counted = stretch.correlate(CaseCount, kinds).scalar_subquery()
    statement = select(CaseCount.camera_id, kinds.c.kind, counted).join(kinds, true()).where(*known)
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for camera_id, kind, cases in session.execute(statement):
        if cases:
            found[camera_id][kind] += cases
    return found


def _kinds(session: Session) -> list[str]:
    """The kinds that there are cases of, each found by one step in an index; a dozen at most are looked for."""
    found: list[str] = []
    for _ in range(MOST_KINDS):
        kind = session.scalar(select(func.min(Case.kind)).where(Case.kind > (found[-1] if found else "")))
        if kind is None:
            break
        found.append(kind)
    return found


def _hours(session: Session, who: Principal, wanted: MapFilter, since: datetime, zone: ZoneInfo) -> list[list[int]]:
    """Counted by UTC hour in the database, some hundred groups, and put on the office's clock here."""
    hour: ColumnElement[Any] = func.substr(Case.started_at, 1, 13)
    if session.get_bind().dialect.name == "postgresql":
        # Writing each hour as text takes twice as long.
        hour = func.date_bin(text("interval '1 hour'"), Case.started_at, text("timestamptz '2000-01-01 00:00:00+00'"))
    statement = select(hour.label("hour"), func.count()).where(Case.started_at >= since, _which(wanted))
    if who.limited or wanted.district is not None:
        statement = statement.where(Case.camera_id.in_(select(Camera.id).where(_within(who, wanted))))
    table = [[0] * 24 for _ in range(7)]
    for begins, cases in session.execute(statement.group_by("hour")):
        at = _utc(begins).astimezone(zone)
        table[at.weekday()][at.hour] += cases
    return table


def _utc(hour: datetime | str) -> datetime:
    """PostgreSQL answers a time, SQLite the beginning of its text."""
    return hour if isinstance(hour, datetime) else datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC)
