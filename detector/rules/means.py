"""Means over time: a look counts by the seconds that it speaks for, so that no burst of looks outvotes slow ones."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_STEP_NS = 15_000_000_000
"""One look speaks for at most this long before it: looks at rest must not be outvoted by those at motion."""
FIRST_LOOK_S = 1e-3
"""A first look speaks for a moment: whole seconds soon outweigh it."""


@dataclass(slots=True)
class TimedMean:
    """A mean over time; `value` of nothing is 0. One look speaks for at most `LONGEST_STEP_NS`."""

    total: float = 0.0
    seconds: float = 0.0
    last_pts_ns: int | None = None

    @property
    def value(self) -> float:
        return self.total / self.seconds if self.seconds > 0 else 0.0

    def add(self, pts_ns: int, value: float, weight: float = 1.0) -> None:
        """Take in what was seen at `pts_ns`; `weight` 0 lets the time pass without counting it."""
        step_s = FIRST_LOOK_S if self.last_pts_ns is None else min(pts_ns - self.last_pts_ns, LONGEST_STEP_NS) / 1e9
        self.last_pts_ns = pts_ns
        self.total += value * step_s * weight
        self.seconds += step_s * weight
