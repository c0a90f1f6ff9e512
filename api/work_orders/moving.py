"""Moving an order from state to state: the one place that writes its words and tells the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.audit.service import Event, record
from api.db.models import WorkOrder, WorkOrderUpdate
from api.errors import ConflictError, InvalidError
from api.work_orders.states import ENDED, OrderState, Side, find_step, our_side

WITH_RESULT = frozenset({OrderState.DONE, OrderState.RETURNED})


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says about an order; `update_id` makes saying it twice harmless."""

    update_id: str
    state: OrderState
    note: str | None
    ours: bool


def label(order: WorkOrder) -> str:
    """How people name an order."""
    return f"{order.source} {order.number}"


def known_word(session: Session, order: WorkOrder, update_id: str) -> WorkOrderUpdate | None:
    """A word that was said already."""
    wanted = select(WorkOrderUpdate).where(WorkOrderUpdate.order_id == order.id, WorkOrderUpdate.update_id == update_id)
    return session.scalars(wanted).one_or_none()


def move(session: Session, who: Principal, order: WorkOrder, word: Word, now: datetime) -> None:
    """Take one step of the table; raise `ConflictError` or `InvalidError` when it is none, or not that side's."""
    step = find_step(order.state, word.state)
    mine = our_side(order.direction)
    side = mine if word.ours else next(other for other in Side if other is not mine)
    if step is None or step.side is not side:
        raise ConflictError(f"Order {label(order)} is {order.state}: the {side} cannot make it {word.state}.")
    if step.needs_note and not word.note:
        raise InvalidError(f"To make an order {word.state}, a note is needed.")
    before = order.state
    order.state, order.version = word.state.value, order.version + 1
    order.ended_at = now if word.state in ENDED else None
    if word.state in WITH_RESULT:
        order.result = word.note
    say(session, who, order, word, now)
    tell(session, who, order, now, word.state.value, before)


def say(session: Session, who: Principal, order: WorkOrder, word: Word, now: datetime) -> None:
    """Write one word down."""
    session.add(
        WorkOrderUpdate(
            order_id=order.id,
            update_id=word.update_id,
            ours=word.ours,
            state=word.state.value,
            note=word.note,
            actor=who.name,
            at=now,
        )
    )
    session.flush()


def tell(
    session: Session, who: Principal, order: WorkOrder, now: datetime, what: str, before: str | None = None
) -> None:
    """Write what happened into the log, which is the outbox; never who reported it."""
    after = {
        "direction": order.direction,
        "source": order.source,
        "number": order.number,
        "their_number": order.their_number,
        "case_id": order.case_id,
        "state": order.state,
        "title": order.title,
        "content": order.content,
        "address": order.address,
        "district": order.district,
        "code": order.code,
        "urgency": order.urgency,
        "unit": order.unit,
        "due_at": order.due_at.isoformat() if order.due_at else None,
        "result": order.result,
    }
    told = {"state": before} if before else None
    record(session, who, now, Event(f"work_order.{what}", f"work_order:{order.id}", before=told, after=after))
