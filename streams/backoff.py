"""How long to wait before trying again: longer each time, never the same for two cameras."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """Waits double from `first_s` to `longest_s`; each is shortened by up to half, by chance.

    `lasting_first_s` and `lasting_s` take their places for errors that will not heal soon: a camera that is asked too
    often with a wrong password locks the account. After `settled_s` of streaming the waits begin anew.
    """

    first_s: float = 0.2
    longest_s: float = 1.5
    lasting_first_s: float = 2.0
    lasting_s: float = 30.0
    settled_s: float = 5.0


class Backoff:
    """The waits of one camera; `seed` (its id) makes them repeatable."""

    def __init__(self, policy: ReconnectPolicy, seed: str) -> None:
        self._policy = policy
        self._random = random.Random(seed)  # noqa: S311 - spreads reconnects, guards nothing
        self._failures = 0

    def next_s(self, *, lasting: bool = False) -> float:
        """Seconds to wait now."""
        policy = self._policy
        first_s, longest_s = (
            (policy.lasting_first_s, policy.lasting_s) if lasting else (policy.first_s, policy.longest_s)
        )
        # The exponent is bounded: 2.0**1100 is an OverflowError after a long week-end.
        wait_s = min(longest_s, first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return wait_s * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """The connection held: start from the shortest wait again."""
        self._failures = 0
