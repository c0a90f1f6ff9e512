"""One continuing violation is one case: finding the case that a new incident goes on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session

from api.cases.lifecycle import OPEN_STATES
from api.db.models import Camera, Case, ZoneVersion
from api.settings import ApiSettings

Box = Sequence[float]
SAME_PLACE, SAME_SPOT = "same_place", "same_spot"
MOST = 50


@dataclass(frozen=True, slots=True)
class Sight:
    """What a package shows: where, what, when, and where in the picture (x1, y1, x2, y2 in pixels)."""

    camera_id: str
    zone_id: str
    kind: str
    spot: str | None
    begins: datetime
    last: datetime
    box: Box


@dataclass(frozen=True, slots=True)
class Continued:
    """The case that goes on, and why it is taken to be the same."""

    case: Case
    why: str


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    whole = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / whole if whole > 0 else 0.0


def overlapping(begins: datetime, last: datetime | None, gap: timedelta) -> ColumnElement[bool]:
    """Cases whose time meets this one, or misses it by no more than the gap."""
    return and_(Case.last_seen_at >= begins - gap, Case.started_at <= (last or begins) + gap)


def take_turn(session: Session, sight: Sight) -> None:
    """Let two packages of one place wait for each other, so that the second finds the first's case."""
    if session.get_bind().dialect.name == "postgresql":
        place = f"{sight.kind}/{sight.spot or f'{sight.camera_id}/{sight.zone_id}'}"
        session.execute(text("SELECT pg_advisory_xact_lock(1, hashtext(:place))"), {"place": place})


def find_case(session: Session, settings: ApiSettings, sight: Sight) -> Continued | None:
    """The one open case that this sight continues; None when there is none, or more than one might be meant."""
    here = _same_place(session, settings, sight)
    if here is not None:
        return Continued(here, SAME_PLACE)
    there = _same_spot(session, settings, sight)
    return Continued(there, SAME_SPOT) if there is not None else None


def _open_ones(kind: str) -> ColumnElement[bool]:
    return and_(Case.kind == kind, Case.state.in_(sorted(OPEN_STATES)))


def _same_place(session: Session, settings: ApiSettings, sight: Sight) -> Case | None:
    """The case of the same zone whose box this one covers, newest sight first."""
    gap = timedelta(minutes=settings.continuing_gap_minutes)
    unseen_end = timedelta(hours=settings.continuing_open_hours)
    in_time = or_(
        Case.last_seen_at >= sight.begins - gap,
        and_(Case.goes_on.is_(True), Case.last_seen_at >= sight.begins - unseen_end),
    )
    wanted = select(Case).where(
        Case.camera_id == sight.camera_id,
        Case.zone_id == sight.zone_id,
        _open_ones(sight.kind),
        in_time,
        Case.started_at <= sight.last + gap,
    )
    for case in session.scalars(wanted.order_by(Case.last_seen_at.desc()).limit(MOST)):
        if case.box is not None and overlap(case.box, sight.box) >= settings.continuing_overlap:
            return case
    return None


def _same_spot(session: Session, settings: ApiSettings, sight: Sight) -> Case | None:
    """The only case that another camera has of this spot now.

    Boxes of two cameras cannot be compared: with two cases at once nobody can tell which is meant, and a person
    decides; they are shown beside each other.
    """
    if sight.spot is None:
        return None
    gap = timedelta(minutes=settings.continuing_gap_minutes)
    wanted = select(Case).where(
        Case.spot == sight.spot, _open_ones(sight.kind), overlapping(sight.begins, sight.last, gap)
    )
    cases = session.scalars(wanted.limit(2)).all()
    return cases[0] if len(cases) == 1 and cases[0].camera_id != sight.camera_id else None


def spot_of(session: Session, camera_id: str, zone_id: str, version: int) -> str | None:
    """The spot that ops gave to this version of a zone, or to its newest one."""
    wanted = select(ZoneVersion).where(ZoneVersion.camera_id == camera_id, ZoneVersion.zone_id == zone_id)
    versions = session.scalars(wanted.order_by(ZoneVersion.version.desc()).limit(MOST)).all()
    exact = next((each for each in versions if each.version == version), None)
    found = exact or (versions[0] if versions else None)
    return found.spot if found else None


def district_of(session: Session, camera_id: str) -> str:
    """The district in which a camera stands; empty when nobody said."""
    return session.scalar(select(Camera.district).where(Camera.id == camera_id)) or ""
