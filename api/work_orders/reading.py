"""Work orders as lists and in detail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal, Role
from api.db.models import Case, WorkOrder, WorkOrderUpdate
from api.office import Office
from api.work_orders.schemas import OrderDetail, OrderStatus, OrderSummary, Reporter, UpdateView
from api.work_orders.service import find_one, find_theirs, visible
from api.work_orders.states import ENDED, Direction, OrderState, steps_of

# Who handles orders, and so may call who reported them.
CALLERS = (Role.REVIEWER, Role.SECOND_REVIEWER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; None means all."""

    direction: str | None = None
    state: str | None = None
    source: str | None = None
    case_id: int | None = None


def find(
    office: Office, who: Principal, wanted: OrderFilter, before: int | None = None, limit: int = 100
) -> list[OrderSummary]:
    """Orders, newest first."""
    statement = select(WorkOrder).outerjoin(Case, Case.id == WorkOrder.case_id).where(visible(who))
    for name in ("direction", "state", "source", "case_id"):
        if (value := getattr(wanted, name)) is not None:
            statement = statement.where(getattr(WorkOrder, name) == value)
    if before is not None:
        statement = statement.where(WorkOrder.id < before)
    now = office.now()
    with office.database.reading() as session:
        found = session.scalars(statement.order_by(WorkOrder.id.desc()).limit(limit)).all()
    return [OrderSummary.model_validate(_fields(order, now)) for order in found]


def _fields(order: WorkOrder, now: datetime) -> dict[str, object]:
    columns: dict[str, object] = {
        name: getattr(order, name) for name in OrderSummary.model_fields if hasattr(order, name)
    }
    late = order.due_at is not None and order.due_at < now
    return columns | {"overdue": late and order.state not in {*ENDED, OrderState.DONE}}


def detail(office: Office, who: Principal, order_id: int) -> OrderDetail:
    """One order; who reported it is shown to who handles orders."""
    with office.database.reading() as session:
        order = find_one(session, who, order_id)
        updates = _updates(session, order)
    reporter = None
    if order.reporter_encrypted is not None and who.has(*CALLERS):
        reporter = Reporter.model_validate_json(office.cipher.decrypt(order.reporter_encrypted))
    return OrderDetail.model_validate(
        _fields(order, office.now())
        | {
            "content": order.content,
            "result": order.result,
            "reporter": reporter,
            "updates": updates,
            "next": [step.target.value for step in steps_of(order.direction, order.state)],
        }
    )


def status(office: Office, direction: Direction, source: str, number: str) -> OrderStatus:
    """What the other side sees of an order."""
    with office.database.reading() as session:
        order = find_theirs(session, direction, source, number)
        updates = _updates(session, order)
    names = (name for name in OrderStatus.model_fields if name != "updates")
    return OrderStatus.model_validate({name: getattr(order, name) for name in names} | {"updates": updates})


def _updates(session: Session, order: WorkOrder) -> list[UpdateView]:
    wanted = select(WorkOrderUpdate).where(WorkOrderUpdate.order_id == order.id).order_by(WorkOrderUpdate.id)
    return [UpdateView.model_validate(update) for update in session.scalars(wanted)]
