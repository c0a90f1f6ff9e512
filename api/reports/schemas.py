"""The monthly report as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field


class Totals(BaseModel):
    """`opened`: cases whose violation began in the month. `closed` and `missed` deadlines are of the month whenever the
    case began. `due`: cases closed in the month and open ones that missed a deadline in it; `on_time`: closed without
    ever missing one. `on_time_share` (按时结案率) is `on_time / due`, None when nothing was due."""

    opened: int
    filed: int
    rejected: int
    waiting: int
    closed: int
    missed: int
    due: int
    on_time: int
    on_time_share: float | None


class KindRow(BaseModel):
    """The month's cases of one kind, by where they stand now."""

    kind: str
    opened: int
    waiting: int
    handling: int
    closed: int
    rejected: int
    other: int


class StateRow(BaseModel):
    """The month's cases in one state."""

    state: str
    cases: int


class PlaceRow(BaseModel):
    """One place: a zone of a camera."""

    district: str
    camera_id: str
    camera_name: str
    zone_id: str
    cases: int
    share: float


class HourRow(BaseModel):
    """How many violations began in this hour of the day, on the office's clock."""

    hour: int
    cases: int


class UnitRow(BaseModel):
    """What one unit closed in the month, in time or not, and which deadlines it missed."""

    unit: str
    closed: int
    on_time: int
    missed: int


class MissedRow(BaseModel):
    """Deadlines that were missed in one state."""

    state: str
    cases: int


class ReviewerRow(BaseModel):
    """One person's decisions on candidates. `wait_*`: from the case's arrival to the decision; `pace_s`: the median
    time between two decisions of theirs that follow within ten minutes."""

    reviewer: str
    decisions: int
    confirmed: int
    rejected: int
    opinions: int
    wait_median_s: float | None
    wait_p90_s: float | None
    pace_s: float | None


class PaperTotals(BaseModel):
    """Reminders issued in the month and how they ended, and work orders."""

    reminders: int
    corrected: int
    ignored: int
    orders_received: int
    orders_sent: int
    orders_done: int


class MonthlyReport(BaseModel):
    """The report of one month (`YYYY-MM` on the office's clock)."""

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    begins: datetime
    ends: datetime
    totals: Totals
    papers: PaperTotals
    kinds: list[KindRow]
    states: list[StateRow]
    places: list[PlaceRow]
    hours: list[HourRow]
    units: list[UnitRow]
    missed: list[MissedRow]
    reviewers: list[ReviewerRow]
