"""The states of a picture, by name; see docs/reference/picture-states.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PictureState(StrEnum):
    """What a picture is fit for. Everything but `fit` suspends the timers of a camera's rules."""

    FIT = "fit"
    FROZEN = "frozen"
    BLACK = "black"
    COVERED = "covered"
    OVEREXPOSED = "overexposed"
    SMEARED = "smeared"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Fitness:
    """One picture's state.

    `since_pts_ns`: when on the camera's timeline it first looked so, which is before the state was sure; None when
    nothing was ever seen of the camera. `detail`: the measured figure behind it, for people.
    """

    state: PictureState
    since_pts_ns: int | None = None
    detail: str = ""

    @property
    def is_fit(self) -> bool:
        """Whether rules may judge by this picture."""
        return self.state is PictureState.FIT


FIT = Fitness(PictureState.FIT)
