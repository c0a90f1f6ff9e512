"""Follows where a camera looks: when to compare with which reference, and what references it has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streams.fitness.glance import Glance, Grey, tiles
from streams.fitness.place import Displacement, Place
from streams.timeline import SECOND_NS

MOVED_SHARE = 0.03
"""A zone that lies so far off (share of the width, about a car's tyre) is another place."""
BACK_SHARE = 0.02
CHECK_S = 60.0
CONFIRM_S = 3.0
LOST_S = 30.0
"""So long a view must not be recognised, in light that it is known in, before it counts as another one."""
LEARN_S = 60.0
"""A reference is the mean of so many seconds, in which traffic fades."""
# A bus may do this too; then a comparison is made in vain.
_JUMP_LEVELS = 12
_JUMP_SHARE = 0.35
_SAME_LIGHT = 40


class DayPart(IntEnum):
    """A reference for each, as night shows other edges than day."""

    NIGHT = 0
    DIM = 1
    DAY = 2

    @classmethod
    def of(cls, brightness: float) -> DayPart:
        """By the mean brightness of a picture, 0..255."""
        return cls.NIGHT if brightness < 50 else cls.DIM if brightness < 95 else cls.DAY


class _Learning:
    """The mean of the small pictures of some seconds in one light."""

    def __init__(self, part: DayPart, pts_ns: int) -> None:
        self.part = part
        self.began_ns = pts_ns
        self._sum: npt.NDArray[Any] | None = None
        self._count = 0

    def add(self, small: Grey) -> None:
        self._sum = small.astype(np.float32) if self._sum is None else self._sum + small
        self._count += 1

    def mean(self) -> Grey:
        assert self._sum is not None  # noqa: S101 - asked after the first
        return (self._sum / self._count).astype(np.uint8)


class View:
    """Says whether a camera was turned away. Without a reference it learns one from the first fit minute."""

    def __init__(self, reference: Glance | None = None) -> None:
        self._places: dict[DayPart, tuple[Place, float]] = {}
        self._pictures: dict[DayPart, Grey] = {}
        self._known_before = False
        if reference is not None:
            self._keep(DayPart.of(reference.mean), reference.small, reference.mean)
        self._learning: _Learning | None = None
        self._previous: Grey | None = None
        self._due_ns: int | None = None
        self._in_place_ns: int | None = None
        self._lost_ns: int | None = None
        self._detail: str | None = None

    @property
    def references(self) -> dict[DayPart, Grey]:
        """The small pictures, uint8 (144, 256), that it compares with."""
        return dict(self._pictures)

    def restore(self, references: Mapping[DayPart, Grey]) -> None:
        """Compare with these from the first picture on: where the camera looked in an earlier life."""
        self._places.clear()
        self._pictures.clear()
        self._learning, self._known_before = None, bool(references)
        for part, small in references.items():
            self._keep(part, small, float(small.mean()))

    def evidence(self, seen: Glance, pts_ns: int) -> str | None:
        """What says that the camera looks elsewhere, or None; compares seldom, and after the whole picture changed."""
        if self._jumped(seen.small):
            self._due_ns = pts_ns
        if self._due_ns is None:
            self._due_ns = pts_ns
        if self._places and pts_ns >= self._due_ns:
            self._compare(seen, pts_ns)
        return self._detail

    def learn(self, seen: Glance, pts_ns: int) -> None:
        """Take in a fit picture: a reference for a light that has none grows while the camera is surely in place."""
        part = DayPart.of(seen.mean)
        if part in self._places or (self._places and self._in_place_ns is None):
            self._learning = None
            return
        if self._learning is None or self._learning.part is not part:
            self._learning = _Learning(part, pts_ns)
        self._learning.add(seen.small)
        if pts_ns - self._learning.began_ns >= LEARN_S * SECOND_NS:
            mean = self._learning.mean()
            self._keep(part, mean, float(mean.mean()))
            self._learning, self._in_place_ns = None, pts_ns

    def _keep(self, part: DayPart, small: Grey, brightness: float) -> None:
        self._places[part] = (Place(small), brightness)
        self._pictures[part] = small

    def _jumped(self, small: Grey) -> bool:
        previous, self._previous = self._previous, small
        if previous is None:
            return False
        return float((tiles(cv2.absdiff(small, previous)).mean(axis=1) > _JUMP_LEVELS).mean()) > _JUMP_SHARE

    def _compare(self, seen: Glance, pts_ns: int) -> None:
        found = self._nearest(seen)
        wait_s = CONFIRM_S
        if found is None:
            wait_s = self._lost(seen, pts_ns)
        elif found.share >= (MOVED_SHARE if self._detail is None else BACK_SHARE):
            self._detail, self._lost_ns = _words(found), None
        else:
            self._detail = self._lost_ns = None
            self._in_place_ns, wait_s = pts_ns, CHECK_S
        self._due_ns = pts_ns + round(wait_s * SECOND_NS)

    def _nearest(self, seen: Glance) -> Displacement | None:
        """By the reference that recognises the picture and lies nearest; that of its own light is asked first."""
        order = sorted(self._places.values(), key=lambda place: abs(place[1] - seen.mean))
        best: Displacement | None = None
        for place, _ in order:
            found = place.displacement(seen.small)
            if found is not None and found.share < MOVED_SHARE:
                return found
            if found is not None and (best is None or found.sure > best.sure):
                best = found
        return best

    def _lost(self, seen: Glance, pts_ns: int) -> float:
        """Nothing is recognised: another view when that lasts in a known light; else nothing can be said."""
        known_light = any(abs(brightness - seen.mean) < _SAME_LIGHT for _, brightness in self._places.values())
        if not known_light or (self._in_place_ns is None and not self._known_before):
            self._lost_ns = None
            return CHECK_S
        self._lost_ns = pts_ns if self._lost_ns is None else self._lost_ns
        if pts_ns - self._lost_ns >= LOST_S * SECOND_NS:
            self._detail = "the view is not the one of the reference picture"
        return LOST_S / 3


def _words(found: Displacement) -> str:
    if abs(found.scale - 1) / 2 > np.hypot(found.right, found.down):
        return f"zoomed {found.scale:.2f} times against the reference picture"
    return f"shifted by {np.hypot(found.right, found.down):.1%} of the width against the reference picture"
