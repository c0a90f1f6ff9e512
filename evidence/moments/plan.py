"""What each kind of violation needs to be shown, as data: GA/T 832-2014 for vehicles, city practice for the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """What the record of a kind shows.

    `moving`: two pictures show that it drove, instead of pictures a time apart. `same_subject`: the first and the
    last picture must show the same thing. `middle_from_s`: with a limit of so many seconds or more a picture halfway
    is kept as well; None: never. `end_appended`: when it is over, a further part shows the place without it.
    """

    moving: bool = False
    same_subject: bool = True
    middle_from_s: float | None = 120.0
    end_appended: bool = False


AT_REST: Final = CapturePlan()
PLANS: Final[Mapping[str, CapturePlan]] = MappingProxyType(
    {
        "uncovered_muck_truck": CapturePlan(moving=True, same_subject=False, middle_from_s=None),
        # A stall is people and goods that come and go: its place and time are shown, not its looks.
        "street_vending": CapturePlan(same_subject=False, middle_from_s=10.0),
        "exposed_garbage": CapturePlan(same_subject=False, end_appended=True),
        "overflowing_bin": CapturePlan(same_subject=False, end_appended=True),
    }
)


def plan_of(kind: str) -> CapturePlan:
    """The plan of a kind; an unknown one is taken for a vehicle at rest."""
    return PLANS.get(kind, AT_REST)
