"""Making the monthly report from the tables, whole city or what somebody may see of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.cases.lifecycle import CaseState
from api.db.models import Camera, Case, CaseOverdue, Reminder, WorkOrder
from api.kinds import KINDS
from api.office import Office
from api.office_data.service import read
from api.reminders.schemas import ReminderState
from api.reports.month import Month
from api.reports.reviewers import reviewer_rows
from api.reports.schemas import (
    HourRow,
    KindRow,
    MissedRow,
    MonthlyReport,
    PaperTotals,
    PlaceRow,
    StateRow,
    Totals,
    UnitRow,
)
from api.scope import cases_of
from api.work_orders.service import visible
from api.work_orders.states import Direction, OrderState
from api.worktime.calendar import WorkCalendar

MOST_PLACES = 20
_C = CaseState
WAITING = frozenset({_C.CANDIDATE, _C.OPINION})
HANDLING = frozenset({_C.FILED, _C.DISPATCHED, _C.HANDLED, _C.VERIFIED})
ENDED = frozenset({_C.CLOSED, _C.ANSWERED})


def month_of(office: Office, told: str | None) -> Month:
    """The month that is asked for, or the present one."""
    with office.database.reading() as session:
        zone = ZoneInfo(read(session, WorkCalendar).value.timezone)
    return Month.read(told, zone) if told else Month.of(office.now(), zone)


def monthly(office: Office, who: Principal, month: Month) -> MonthlyReport:
    """The report of one month."""
    mine = cases_of(who)
    begun = and_(mine, Case.started_at >= month.begins, Case.started_at < month.ends)
    with office.database.reading() as session:
        by_kind = _by_kind(session, begun)
        missed = _missed(session, mine, month)
        units = _units(session, mine, month)
        return MonthlyReport(
            month=str(month),
            begins=month.begins,
            ends=month.ends,
            totals=_totals(by_kind, units, missed, _late_and_open(session, mine, month)),
            papers=_papers(session, who, mine, month),
            kinds=_kind_rows(by_kind),
            states=_state_rows(by_kind),
            places=_places(session, begun, sum(by_kind.values())),
            hours=_hours(session, begun, month),
            units=units,
            missed=[MissedRow(state=state, cases=cases) for state, cases in sorted(missed.items())],
            reviewers=reviewer_rows(session, mine, month),
        )


Cells = Mapping[tuple[str, str], int]


def _by_kind(session: Session, begun: ColumnElement[bool]) -> Cells:
    found = select(Case.kind, Case.state, func.count(Case.id)).where(begun).group_by(Case.kind, Case.state)
    return {(kind, state): count for kind, state, count in session.execute(found)}


def _in(cells: Cells, states: frozenset[CaseState], kind: str | None = None) -> int:
    return sum(count for (each, state), count in cells.items() if state in states and kind in {None, each})


def _totals(cells: Cells, units: list[UnitRow], missed: Mapping[str, int], late_and_open: int) -> Totals:
    closed, on_time = sum(unit.closed for unit in units), sum(unit.on_time for unit in units)
    due = closed + late_and_open
    return Totals(
        opened=sum(cells.values()),
        filed=_in(cells, HANDLING | ENDED),
        rejected=_in(cells, frozenset({_C.REJECTED})),
        waiting=_in(cells, WAITING),
        closed=closed,
        missed=sum(missed.values()),
        due=due,
        on_time=on_time,
        on_time_share=on_time / due if due else None,
    )


def _kind_rows(cells: Cells) -> list[KindRow]:
    kinds = [*KINDS, *sorted({kind for kind, _state in cells} - set(KINDS))]
    rows = [_kind_row(cells, kind) for kind in kinds]
    return sorted((row for row in rows if row.opened), key=lambda row: -row.opened)


def _kind_row(cells: Cells, kind: str) -> KindRow:
    opened = sum(count for (each, _state), count in cells.items() if each == kind)
    counts = {
        "waiting": _in(cells, WAITING, kind),
        "handling": _in(cells, HANDLING, kind),
        "closed": _in(cells, ENDED, kind),
        "rejected": _in(cells, frozenset({_C.REJECTED}), kind),
    }
    return KindRow(kind=kind, opened=opened, **counts, other=opened - sum(counts.values()))


def _state_rows(cells: Cells) -> list[StateRow]:
    counts: Counter[str] = Counter()
    for (_kind, state), count in cells.items():
        counts[state] += count
    return [StateRow(state=state, cases=counts[state]) for state in CaseState if counts[state]]


def _places(session: Session, begun: ColumnElement[bool], all_of_them: int) -> list[PlaceRow]:
    count = func.count(Case.id)
    found = (
        select(Case.district, Case.camera_id, func.max(Camera.name), Case.zone_id, count)
        .outerjoin(Camera, Camera.id == Case.camera_id)
        .where(begun)
        .group_by(Case.district, Case.camera_id, Case.zone_id)
        .order_by(count.desc(), Case.camera_id, Case.zone_id)
        .limit(MOST_PLACES)
    )
    return [
        PlaceRow(
            district=district,
            camera_id=camera_id,
            camera_name=name or camera_id,
            zone_id=zone_id,
            cases=cases,
            share=cases / all_of_them,
        )
        for district, camera_id, name, zone_id, cases in session.execute(found)
    ]


def _hours(session: Session, begun: ColumnElement[bool], month: Month) -> list[HourRow]:
    """Counted by UTC hour in the database, at most 744 groups, and put on the office's clock here."""
    hour: ColumnElement[Any] = func.strftime("%Y-%m-%d %H", Case.started_at)
    if session.get_bind().dialect.name == "postgresql":
        hour = func.to_char(func.timezone("UTC", Case.started_at), "YYYY-MM-DD HH24")
    counts: Counter[int] = Counter()
    for text, count in session.execute(select(hour.label("hour"), func.count(Case.id)).where(begun).group_by("hour")):
        at = datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC)
        counts[at.astimezone(month.zone).hour] += count
    return [HourRow(hour=each, cases=counts[each]) for each in range(24)]


def _missed(session: Session, mine: ColumnElement[bool], month: Month) -> dict[str, int]:
    within = CaseOverdue.at >= month.begins, CaseOverdue.at < month.ends
    found = (
        select(CaseOverdue.state, func.count())
        .join(Case, Case.id == CaseOverdue.case_id)
        .where(mine, *within)
        .group_by(CaseOverdue.state)
    )
    return {str(row[0]): int(row[1]) for row in session.execute(found)}


def _ever_late() -> ColumnElement[bool]:
    return exists().where(CaseOverdue.case_id == Case.id)


def _late_and_open(session: Session, mine: ColumnElement[bool], month: Month) -> int:
    """Cases that missed a deadline in the month and were not closed by its end."""
    within = CaseOverdue.at >= month.begins, CaseOverdue.at < month.ends
    still_open = Case.closed_at.is_(None) | (Case.closed_at >= month.ends)
    found = (
        select(func.count(CaseOverdue.case_id.distinct()))
        .join(Case, Case.id == CaseOverdue.case_id)
        .where(mine, still_open, Case.filed_at.is_not(None), *within)
    )
    return session.scalar(found) or 0


def _units(session: Session, mine: ColumnElement[bool], month: Month) -> list[UnitRow]:
    closed_then = and_(mine, Case.closed_at >= month.begins, Case.closed_at < month.ends)
    unit = func.coalesce(Case.unit, "")
    count = func.count(Case.id)
    late = count.filter(_ever_late())
    rows: dict[str, Counter[str]] = {}
    for name, closed, tardy in session.execute(select(unit, count, late).where(closed_then).group_by(unit)):
        rows.setdefault(name, Counter()).update(closed=closed, on_time=closed - tardy)
    within = CaseOverdue.at >= month.begins, CaseOverdue.at < month.ends
    missed = select(CaseOverdue.unit, func.count()).join(Case, Case.id == CaseOverdue.case_id).where(mine, *within)
    for name, times in session.execute(missed.group_by(CaseOverdue.unit)):
        rows.setdefault(name, Counter()).update(missed=times)
    return [
        UnitRow(unit=name, closed=row["closed"], on_time=row["on_time"], missed=row["missed"])
        for name, row in sorted(rows.items())
    ]


def _papers(session: Session, who: Principal, mine: ColumnElement[bool], month: Month) -> PaperTotals:
    issued = (
        select(Reminder.state, func.count(Reminder.id))
        .join(Case, Case.id == Reminder.case_id)
        .where(mine, Reminder.issued_at >= month.begins, Reminder.issued_at < month.ends)
        .group_by(Reminder.state)
    )
    reminders = {state: count for state, count in session.execute(issued) if state != ReminderState.VOID}
    made = (
        select(WorkOrder.direction, WorkOrder.state, func.count(WorkOrder.id))
        .outerjoin(Case, Case.id == WorkOrder.case_id)
        .where(visible(who), WorkOrder.created_at >= month.begins, WorkOrder.created_at < month.ends)
        .group_by(WorkOrder.direction, WorkOrder.state)
    )
    orders = [(direction, state, count) for direction, state, count in session.execute(made)]
    done = {OrderState.DONE, OrderState.CLOSED}
    return PaperTotals(
        reminders=sum(reminders.values()),
        corrected=reminders.get(ReminderState.CORRECTED, 0),
        ignored=reminders.get(ReminderState.IGNORED, 0),
        orders_received=sum(count for direction, _, count in orders if direction == Direction.RECEIVED),
        orders_sent=sum(count for direction, _, count in orders if direction == Direction.SENT),
        orders_done=sum(count for _, state, count in orders if state in done),
    )
