"""The life of a work order as data: who may move it from where to where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Whose order it is."""

    RECEIVED = "received"  # another system asks, we handle
    SENT = "sent"  # we ask, another system handles


class OrderState(StrEnum):
    """Where an order stands."""

    WAITING = "waiting"  # 待签收
    ACCEPTED = "accepted"  # 已签收
    HANDLING = "handling"  # 办理中
    DONE = "done"  # 已办结
    CLOSED = "closed"  # 已回访
    RETURNED = "returned"  # 退回
    CANCELLED = "cancelled"  # 撤销


class Side(StrEnum):
    """Who takes a step: who asked for the work, or who does it."""

    ASKER = "asker"
    HANDLER = "handler"


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One row of the table; `needs_note`: the other side is told why, or with what result."""

    source: OrderState
    target: OrderState
    side: Side
    needs_note: bool = False


_S = OrderState
STEPS: tuple[OrderStep, ...] = (
    OrderStep(_S.WAITING, _S.ACCEPTED, Side.HANDLER),
    OrderStep(_S.ACCEPTED, _S.HANDLING, Side.HANDLER),
    *(OrderStep(state, _S.DONE, Side.HANDLER, needs_note=True) for state in (_S.ACCEPTED, _S.HANDLING)),
    *(OrderStep(state, _S.RETURNED, Side.HANDLER, needs_note=True) for state in (_S.WAITING, _S.ACCEPTED, _S.HANDLING)),
    *(
        OrderStep(state, _S.CANCELLED, Side.ASKER, needs_note=True)
        for state in (_S.WAITING, _S.ACCEPTED, _S.HANDLING, _S.RETURNED)
    ),
    # Whoever reported it is not content.
    OrderStep(_S.DONE, _S.HANDLING, Side.ASKER, needs_note=True),
    OrderStep(_S.DONE, _S.CLOSED, Side.ASKER),
    OrderStep(_S.RETURNED, _S.WAITING, Side.ASKER, needs_note=True),
)
_BY_PLACE = {(step.source, step.target): step for step in STEPS}
ENDED = frozenset({_S.CLOSED, _S.CANCELLED})


def find_step(source: str, target: str) -> OrderStep | None:
    """The step between two states."""
    return _BY_PLACE.get((OrderState(source), OrderState(target)))


def our_side(direction: str) -> Side:
    """What we are in an order of this direction."""
    return Side.HANDLER if direction == Direction.RECEIVED else Side.ASKER


def steps_of(direction: str, state: str) -> list[OrderStep]:
    """What we may do now."""
    return [step for step in STEPS if step.source == state and step.side is our_side(direction)]
