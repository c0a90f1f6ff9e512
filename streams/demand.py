"""What the rules of a camera want to see of it now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """How often a picture is wanted, in seconds of the camera's timeline.

    `rest_interval_s`: at least so often, whatever any gate says; no gate can starve it. `active_interval_s`: so often
    while something moves (0: every picture); never more than the rest. `look_back_s`: when motion begins, pictures
    are decoded backwards from the packet ring, from so long before. `key_patience_s`: key frames at most so far apart
    serve also where a shorter interval is wanted; the stream is not decoded through for it. `peek_interval_s`: at rest
    a key frame is compared with the one before so often, and handed on only when something moved; 0: never.
    `exact_from_ns`: key frames from this moment of the timeline on are decoded to the last bit, since one of them may
    be shown as evidence; None: what is left out of them does not matter.

    Raises ValueError when the numbers contradict one another.
    """

    rest_interval_s: float
    active_interval_s: float
    look_back_s: float = 0.0
    key_patience_s: float = 0.0
    peek_interval_s: float = 0.0
    exact_from_ns: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.active_interval_s <= self.rest_interval_s or self.rest_interval_s <= 0:
            raise ValueError(
                f"Demand: expected 0 <= active_interval_s <= rest_interval_s, "
                f"got {self.active_interval_s} and {self.rest_interval_s}"
            )
        if min(self.look_back_s, self.key_patience_s, self.peek_interval_s) < 0:
            raise ValueError(
                f"Demand: expected look_back_s, key_patience_s and peek_interval_s of 0 or more seconds, "
                f"got {self.look_back_s}, {self.key_patience_s} and {self.peek_interval_s}"
            )


def strictest(demands: Iterable[Demand]) -> Demand | None:
    """One demand that satisfies all of them; None when there is none."""
    every = tuple(demands)
    if not every:
        return None
    return Demand(
        min(demand.rest_interval_s for demand in every),
        min(demand.active_interval_s for demand in every),
        max(demand.look_back_s for demand in every),
        min(demand.key_patience_s for demand in every),
        min((demand.peek_interval_s for demand in every if demand.peek_interval_s > 0), default=0.0),
        min((demand.exact_from_ns for demand in every if demand.exact_from_ns is not None), default=None),
    )
