"""What the pictures of a package say by themselves: the same thing at both ends, or clearly on its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detector.incident import Incident
from evidence.moments.likeness import METHOD, likeness
from evidence.moments.looks import displaced
from evidence.moments.plan import plan_of
from evidence.moments.shots import Shot

SUBJECT_UNLIKE: Final = "subject_unlike"
"""First and last picture may not show the same vehicle: it was swapped, or something stands in front of it."""
DISPLACEMENT_UNCLEAR: Final = "displacement_unclear"
"""No two pictures show that it drove."""
ALIKE: Final = 0.8
"""Least figure of appearance of the same vehicle.

Over the demo clips the same parked car gives 0.95 and more unless something hides it, two cars in like poses 0.79 at
most (213 and 80 pairs).
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """Reasons that keep the incident a lead, and `likeness` as the manifest has it (None: nobody can tell)."""

    reasons: tuple[str, ...] = ()
    likeness: dict[str, Any] | None = None


NOTHING_FOUND: Final = Finding()


def examine(incident: Incident, shots: Sequence[Shot]) -> Finding:
    """What the first and the confirming picture prove."""
    plan = plan_of(incident.kind)
    by_purpose = {shot.purpose: shot for shot in shots}
    first, last = by_purpose.get("panorama_first"), by_purpose.get("panorama_confirmed")
    found = _compared(first, last) if plan.same_subject and first is not None and last is not None else None
    return Finding(tuple(_reasons(first, last, found, moving=plan.moving, same=plan.same_subject)), found)


def _reasons(
    first: Shot | None, last: Shot | None, found: dict[str, Any] | None, *, moving: bool, same: bool
) -> Iterator[str]:
    if moving and (first is None or last is None or not displaced(first.box, last.box)):
        yield DISPLACEMENT_UNCLEAR
    if same and (found is None or found["appearance"] < ALIKE):
        yield SUBJECT_UNLIKE


def _compared(first: Shot, last: Shot) -> dict[str, Any] | None:
    figures = likeness(first.frame.image, first.box, last.frame.image, last.box)
    if figures is None:
        return None
    return {
        "appearance": figures.appearance,
        "overlap": figures.overlap,
        "least": ALIKE,
        "method": METHOD,
        "first_pts_ns": first.frame.pts_ns,
        "last_pts_ns": last.frame.pts_ns,
    }
