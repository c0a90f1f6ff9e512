"""Limits to districts and cameras, as a condition of every query."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from api.access import Principal
from api.db.models import Camera, Case


def _within(
    who: Principal, camera_id: InstrumentedAttribute[str], district: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    if not who.limited:
        return true()
    # An empty list, or a list of one, would keep SQLite from reading an index in its order.
    parts = [
        _one_of(column, names) for column, names in ((camera_id, who.camera_ids), (district, who.districts)) if names
    ]
    return or_(*parts)


def _one_of(column: InstrumentedAttribute[str], names: frozenset[str]) -> ColumnElement[bool]:
    return column == next(iter(names)) if len(names) == 1 else column.in_(sorted(names))


def cases_of(who: Principal) -> ColumnElement[bool]:
    """The cases that this one may see."""
    return _within(who, Case.camera_id, Case.district)


def cameras_of(who: Principal) -> ColumnElement[bool]:
    """The cameras that this one may see."""
    return _within(who, Camera.id, Camera.district)


def sees(who: Principal, camera_id: str, district: str) -> bool:
    """Whether a camera, or a case of it, is within this one's limits."""
    return not who.limited or camera_id in who.camera_ids or district in who.districts
