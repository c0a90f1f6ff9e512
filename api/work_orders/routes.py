"""Work orders over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.deps import BigIdPath, BigIdQuery, Identifier, OfficeDep, PrincipalDep
from api.errors import NotFoundError
from api.work_orders import reading, service
from api.work_orders.schemas import (
    LinkIn,
    OrderDetail,
    OrderList,
    OrderStatus,
    OurWord,
    ReceivedOrder,
    SentOrder,
    TheirWord,
)
from api.work_orders.states import Direction, OrderState

router = APIRouter(prefix="/work-orders", tags=["work orders"])


def own_system(who: PrincipalDep, source: Identifier) -> str:
    """The other system, which a machine's token names: one system neither sees nor moves another's orders."""
    name = who.name.split(":", 2)[-1]
    if who.kind == "machine" and name != source:
        raise NotFoundError(f"This token is named {name!r}: it exchanges orders of that system only.")
    return source


OwnSystem = Annotated[str, Depends(own_system)]
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


@router.get("")
def list_work_orders(
    office: OfficeDep,
    who: PrincipalDep,
    direction: Direction | None = None,
    state: OrderState | None = None,
    source: Word = None,
    case_id: BigIdQuery = None,
    before: BigIdQuery = None,
) -> OrderList:
    """Work orders, newest first."""
    items = reading.find(office, who, reading.OrderFilter(direction, state, source, case_id), before)
    return OrderList(items=items, next=items[-1].id if len(items) == 100 else None)


@router.post("", status_code=201)
def send_work_order(office: OfficeDep, who: PrincipalDep, told: SentOrder) -> OrderDetail:
    """Make an order of a filed case: it goes out by webhook and MQTT as `work_order.sent`. 409 when one is open."""
    return reading.detail(office, who, service.send(office, who, told).id)


@router.put("/received/{source}/{number}", responses={201: {"model": OrderStatus, "description": "New"}})
def receive_work_order(
    office: OfficeDep,
    who: PrincipalDep,
    source: OwnSystem,
    number: Identifier,
    told: ReceivedOrder,
    response: Response,
) -> OrderStatus:
    """Hand an order over; the same once more is 200 and changes nothing, other content under its number is 409."""
    _order, fresh = service.receive(office, who, source, number, told)
    response.status_code = 201 if fresh else 200
    return reading.status(office, Direction.RECEIVED, source, number)


@router.get("/{direction}/{source}/{number}")
def get_work_order_status(
    office: OfficeDep, direction: Direction, source: OwnSystem, number: Identifier
) -> OrderStatus:
    """Where an order stands, by the numbers that both systems know."""
    return reading.status(office, direction, source, number)


@router.put("/{direction}/{source}/{number}/updates/{update_id}")
def hear_work_order(
    office: OfficeDep,
    who: PrincipalDep,
    direction: Direction,
    source: OwnSystem,
    number: Identifier,
    update_id: Identifier,
    told: TheirWord,
) -> OrderStatus:
    """Say the other system's word about an order; the same update once more changes nothing."""
    service.hear(office, who, (direction, source, number), update_id, told)
    return reading.status(office, direction, source, number)


@router.get("/{order_id}")
def get_work_order(office: OfficeDep, who: PrincipalDep, order_id: BigIdPath) -> OrderDetail:
    """One order with all that was said about it."""
    return reading.detail(office, who, order_id)


@router.post("/{order_id}/updates", status_code=201)
def answer_work_order(office: OfficeDep, who: PrincipalDep, order_id: BigIdPath, told: OurWord) -> OrderDetail:
    """Say our word: accept, handle, finish or return a received order; close, return or cancel a sent one."""
    return reading.detail(office, who, service.answer(office, who, order_id, told).id)


@router.put("/{order_id}/case")
def link_work_order(office: OfficeDep, who: PrincipalDep, order_id: BigIdPath, told: LinkIn) -> OrderDetail:
    """Say which case a received order is about: from then on the order follows the case."""
    return reading.detail(office, who, service.link(office, who, order_id, told).id)
