"""What a truck carries and how, voted over the frames of one pass.

Each look at the load is a vote in log-odds (open against closed), bounded so that no lucky frame decides, and worth no
more than its time: twenty pictures of one second weigh as five. A look that hardly sees the load hardly votes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

UNCOVERED, PARTLY, NOT_VISIBLE = "uncovered", "partly", "not_visible"
VOTE_S = 0.2
"""Looks closer together than this show the same picture again, and share one vote."""
LONGEST_VOTE_S = 0.4
MOST_ODDS = 1.5
"""Bound of one vote in natural log-odds: even a sure classifier needs several looks."""
FLOOR = 0.03


@dataclass(slots=True)
class LoadVotes:
    """`log_odds`: natural, that the load is one of `open_loads`. `seen_s`: for how long the load was visible."""

    open_loads: tuple[str, ...]
    log_odds: float = 0.0
    seen_s: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    last_pts_ns: int | None = None

    def add(self, pts_ns: int, scores: Mapping[str, float]) -> None:
        """One look's scores by class; they need not add up to 1."""
        total = sum(scores.values())
        if total <= 0:
            return
        apart_s = VOTE_S if self.last_pts_ns is None else min((pts_ns - self.last_pts_ns) / 1e9, LONGEST_VOTE_S)
        self.last_pts_ns = pts_ns
        share = {name: score / total for name, score in scores.items()}
        visible = 1 - share.get(NOT_VISIBLE, 0.0)
        for name, value in share.items():
            self.shares[name] = self.shares.get(name, 0.0) + value * apart_s
        is_open = sum(share.get(name, 0.0) for name in self.open_loads)
        vote = math.log((is_open + FLOOR) / (max(visible - is_open, 0.0) + FLOOR))
        self.log_odds += max(-MOST_ODDS, min(vote, MOST_ODDS)) * visible * min(apart_s / VOTE_S, 1.0)
        self.seen_s += visible * apart_s

    @property
    def open_share(self) -> float:
        """Share of the visible load's time that looked open."""
        visible = sum(value for name, value in self.shares.items() if name != NOT_VISIBLE)
        return sum(self.shares.get(name, 0.0) for name in self.open_loads) / max(visible, 1e-9)

    @property
    def visible_share(self) -> float:
        """Share of the judged time in which the load was visible."""
        return self.seen_s / max(sum(self.shares.values()), 1e-9)

    @property
    def is_partly(self) -> bool:
        """Whether it looked half covered for longer than uncovered."""
        return self.shares.get(PARTLY, 0.0) > self.shares.get(UNCOVERED, 0.0)
