"""Received orders follow their cases: whoever asked hears how far the office is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import SYSTEM
from api.cases.lifecycle import CaseState
from api.db.models import Case, WorkOrder
from api.events.log import head
from api.webhooks.outbox import OutboxEvent
from api.work_orders.moving import Word, move
from api.work_orders.states import Direction, OrderState

CURSOR = "work_orders"
_C, _O = CaseState, OrderState
# Where a case stands -> where an order about it should stand.
TARGETS: dict[str, OrderState] = {
    _C.CANDIDATE: _O.ACCEPTED,
    _C.OPINION: _O.ACCEPTED,
    _C.FILED: _O.HANDLING,
    _C.DISPATCHED: _O.HANDLING,
    _C.HANDLED: _O.HANDLING,
    _C.VERIFIED: _O.HANDLING,
    _C.CLOSED: _O.DONE,
    _C.ANSWERED: _O.DONE,
    _C.REJECTED: _O.RETURNED,
    _C.TRANSFERRED: _O.RETURNED,
    _C.VOID: _O.RETURNED,
}
# The way of an order that goes well; it never goes back by itself.
_WAY = (_O.WAITING, _O.ACCEPTED, _O.HANDLING, _O.DONE)


def before_all(session: Session) -> int:
    """The end of the log while there is no order: what was before the first one moves none."""
    return head(session) if session.scalar(select(WorkOrder.case_id).limit(1)) is None else 0


def take(session: Session, event: OutboxEvent) -> None:
    """Bring the orders of a case that has moved to where they should stand."""
    if not event.action.startswith("case."):
        return
    case_id = int(event.data["case_id"])
    wanted = select(WorkOrder).where(
        WorkOrder.case_id == case_id,
        WorkOrder.direction == Direction.RECEIVED.value,
        WorkOrder.ended_at.is_(None),
    )
    orders = session.scalars(wanted.with_for_update()).all()
    if orders:
        case = session.get_one(Case, case_id)
        for order in orders:
            catch_up(session, order, case, event.at)


def catch_up(session: Session, order: WorkOrder, case: Case, now: datetime) -> None:
    """Say what the case's state means for the order, step by step."""
    target = TARGETS.get(case.state)
    for state in way(OrderState(order.state), target):
        note = _note(case) if state in {_O.DONE, _O.RETURNED} else None
        move(session, SYSTEM, order, Word(f"case-{order.version}", state, note, ours=True), now)


def way(state: OrderState, target: OrderState | None) -> tuple[OrderState, ...]:
    """The states to go through; nothing when the order is there, further, or beyond our reach."""
    if target is _O.RETURNED:
        return (target,) if state in _WAY[:3] else ()
    if target is None or state not in _WAY or _WAY.index(state) >= _WAY.index(target):
        return ()
    return _WAY[_WAY.index(state) + 1 : _WAY.index(target) + 1]


def _note(case: Case) -> str:
    reason = f": {case.decision_reason}" if case.decision_reason else ""
    return f"Case {case.id} is {case.state}{reason}."
