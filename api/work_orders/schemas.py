"""Work orders as JSON."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.text import Id, Line, Moment, Note
from api.work_orders.states import OrderState

Address = Annotated[Line, Field(max_length=200)]
CaseId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Code = Annotated[str, Field(pattern=r"^[0-9]{2,11}$")]


class Urgency(StrEnum):
    """How urgent an order is."""

    NORMAL = "normal"  # 一般
    URGENT = "urgent"  # 紧急
    CRITICAL = "critical"  # 特急


class Reporter(BaseModel):
    """Who reported it (诉求人); encrypted at rest, shown to who handles the order only."""

    model_config = ConfigDict(extra="forbid")
    name: Line | None = None
    phone: Annotated[Line | None, Field(max_length=40)] = None


class ReceivedOrder(BaseModel):
    """An order as a hotline hands it over: title (标题), content (诉求内容), address (诉求地址), district (行政区划),
    code (事项编码), urgency (紧急程度), reporter (诉求人), accepted_at (受理时间) and due_at (办理时限)."""

    model_config = ConfigDict(extra="forbid")
    title: Line
    content: Annotated[Note, Field(min_length=1)]
    address: Address
    district: Id | None = None
    code: Code | None = None
    urgency: Urgency = Urgency.NORMAL
    reporter: Reporter | None = None
    accepted_at: Moment | None = None
    due_at: Moment | None = None


class SentOrder(BaseModel):
    """An order to make of a case. A filed case is dispatched to `unit` by it; `due_at` is the case's own deadline when
    left out."""

    model_config = ConfigDict(extra="forbid")
    case_id: CaseId
    target: Annotated[Id, Field(description="The system that takes it, such as 12345 or 12319")]
    unit: Line
    content: Annotated[Note, Field(min_length=1)]
    title: Line | None = None
    urgency: Urgency = Urgency.NORMAL
    due_at: Moment | None = None


class TheirWord(BaseModel):
    """The other side's word about an order; `number` is its own number of an order that we sent."""

    model_config = ConfigDict(extra="forbid")
    state: OrderState
    note: Note | None = None
    number: Id | None = None


class OurWord(BaseModel):
    """Our word about an order; `version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=2**31 - 2)]
    state: OrderState
    note: Note | None = None


class LinkIn(BaseModel):
    """The case that an order is about; None takes the link away."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=2**31 - 2)]
    case_id: CaseId | None


class UpdateView(BaseModel):
    """One word that was said."""

    model_config = ConfigDict(from_attributes=True)
    update_id: str
    ours: bool
    state: str
    note: str | None
    actor: str
    at: datetime


class OrderSummary(BaseModel):
    """One line of the list; `source` is the other system."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    direction: str
    source: str
    number: str
    their_number: str | None
    case_id: int | None
    state: str
    version: int
    title: str
    address: str
    district: str
    code: str | None
    urgency: str
    unit: str
    accepted_at: datetime | None
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    overdue: bool


class OrderDetail(OrderSummary):
    """An order with its words; `next` are the states that we may move it to."""

    content: str
    result: str | None
    reporter: Reporter | None
    updates: list[UpdateView]
    next: list[str]


class OrderList(BaseModel):
    """A page of orders, newest first; `next` is the `before` of the following page."""

    items: list[OrderSummary]
    next: int | None


class OrderStatus(BaseModel):
    """What the other side sees of an order: where it stands, and with what result."""

    model_config = ConfigDict(from_attributes=True)
    direction: str
    source: str
    number: str
    their_number: str | None
    state: str
    result: str | None
    case_id: int | None
    updates: list[UpdateView]
