"""The kinds of violation that the office knows, with their matter codes (last five digits).

A table of the office's own, so that the case service needs none of the detector's code. A kind has a rule once
`api.zones.rules` lists one; packages of any kind are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of violation: its matter code and the standard that the code is from."""

    code: str
    standard_ref: str = "GB/T 47678.5-2026"


KINDS: Mapping[str, Kind] = {
    "illegal_parking": Kind("09009"),
    "street_vending": Kind("09001"),
    "exposed_garbage": Kind("06010"),
    "uncovered_muck_truck": Kind("08011"),
    "abandoned_vehicle": Kind("06034"),
    "overflowing_bin": Kind("06042"),
    "blocked_tactile_paving": Kind("09019"),
}
