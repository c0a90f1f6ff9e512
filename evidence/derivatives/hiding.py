"""What a share copy hides, as cells of a fixed grid: people, other vehicles' plates, what nobody knows.

It fails closed. Whatever is detected stays hidden for a while before and after, and on its way between two looks; a
stretch without a good look is hidden whole; what moves and is no vehicle that is known is hidden as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from evidence.moments.box import Box, area, common, grown, iou
from streams.frame import Image

CELLS_ACROSS: Final = 40
"""Cells in a row: a person's face is about one of them in a street camera's picture."""
Cells = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Seen:
    """One detection: its class, and its box in pixels of the picture, unclipped."""

    class_name: str
    box: Box


Detect = Callable[[Image], Sequence[Seen]]
"""Everything that is seen in a `bgr24` picture. May raise: then nothing of that stretch is shown."""


@dataclass(frozen=True, slots=True)
class HidingRules:
    """What is hidden, and for how long.

    `look_s`: time between two looks of the detector. `hold_s`: how long something stays hidden before its first and
    after its last look. `margin`: share of its sides by which a person's box grows. `plate_share`: the lower part of
    another vehicle that may carry a plate. `motion`: mean difference of luma (0..255) at which a cell moves.
    """

    look_s: float = 0.2
    hold_s: float = 1.0
    margin: float = 0.15
    plate_share: float = 0.6
    motion: float = 14.0
    people: frozenset[str] = frozenset({"person", "rider", "pedestrian", "stall"})
    vehicles: frozenset[str] = frozenset(
        {"car", "truck", "bus", "dump_truck", "tricycle", "motorcycle", "bicycle", "van"}
    )
    show_subject_plate: bool = True


@dataclass(slots=True)
class Look:
    """What the detector said of one picture; `seen` None: it failed."""

    at_s: float
    seen: tuple[Seen, ...] | None


@dataclass(slots=True)
class HidingPlan:
    """The looks at a clip, and where it moves; `cells_at` then says what to hide at any time.

    `subject_at` gives the subject's box at a time of the clip, None: unknown then, and it is hidden as any other.
    """

    size_wh: tuple[int, int]
    rules: HidingRules
    subject_at: Callable[[float], Box | None]
    looks: list[Look] = field(default_factory=list)
    _motion: dict[float, Cells] = field(default_factory=dict)
    _before: npt.NDArray[np.uint8] | None = None

    @property
    def cell(self) -> int:
        """Pixels of a cell's side."""
        return max(16, -(-self.size_wh[0] // CELLS_ACROSS))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return -(-self.size_wh[1] // self.cell), -(-self.size_wh[0] // self.cell)

    def look(self, at_s: float, image: Image, detect: Detect) -> None:
        """Note the motion, and when it is time, what the detector sees."""
        self._note_motion(at_s, image)
        if not self.looks or at_s - self.looks[-1].at_s >= self.rules.look_s - 1e-6:
            try:
                self.looks.append(Look(at_s, tuple(detect(image))))
            except Exception:  # whatever it is, nobody looked
                self.looks.append(Look(at_s, None))

    def cells_at(self, at_s: float) -> Cells:
        """The cells to hide in the picture of that time, as bool (rows, columns)."""
        hidden = np.zeros(self.shape, bool)
        if self._is_blind(at_s):
            hidden[:] = True
            return hidden
        subject = self.subject_at(at_s)
        near = [look for look in self.looks if abs(look.at_s - at_s) <= self.rules.hold_s and look.seen is not None]
        hidden |= self._moving(at_s, subject)
        for look in near:
            for seen in look.seen or ():
                self._hide(hidden, seen, self.subject_at(look.at_s))
        for box in self._on_the_way(at_s):
            self.cover(hidden, box)
        return hidden

    def cover(self, hidden: Cells, box: Box) -> None:
        """Hide every cell that the box touches."""
        rows, columns = self.shape
        left, right = (int(np.clip(x // self.cell, 0, columns - 1)) for x in (box[0], box[2]))
        top, bottom = (int(np.clip(y // self.cell, 0, rows - 1)) for y in (box[1], box[3]))
        if box[2] > 0 and box[3] > 0 and box[0] < self.size_wh[0] and box[1] < self.size_wh[1]:
            hidden[top : bottom + 1, left : right + 1] = True

    def _is_blind(self, at_s: float) -> bool:
        """No good look near enough, or a failed one next to it."""
        times = [look.at_s for look in self.looks if look.seen is not None]
        if not times or min(abs(time - at_s) for time in times) > self.rules.hold_s:
            return True
        nearest = sorted(self.looks, key=lambda look: abs(look.at_s - at_s))[:2]
        return any(look.seen is None for look in nearest)

    def _hide(self, hidden: Cells, seen: Seen, subject: Box | None) -> None:
        for box in self._hidden_of(seen, subject):
            self.cover(hidden, box)

    def _hidden_of(self, seen: Seen, subject: Box | None) -> Iterable[Box]:
        if seen.class_name in self.rules.people:
            yield grown(seen.box, self.rules.margin)
        elif seen.class_name in self.rules.vehicles and not self._is_subject(seen.box, subject):
            left, top, right, bottom = seen.box
            yield left, bottom - self.rules.plate_share * (bottom - top), right, bottom

    def _is_subject(self, box: Box, subject: Box | None) -> bool:
        return self.rules.show_subject_plate and subject is not None and iou(box, subject) >= 0.5

    def _on_the_way(self, at_s: float) -> Iterable[Box]:
        """Between two looks everything is hidden on the whole way that it may have gone: the hull of both boxes."""
        before = max((look for look in self.looks if look.at_s <= at_s), key=lambda look: look.at_s, default=None)
        after = min((look for look in self.looks if look.at_s > at_s), key=lambda look: look.at_s, default=None)
        if before is None or after is None:
            return
        for one in before.seen or ():
            for box in self._hidden_of(one, self.subject_at(before.at_s)):
                for other in after.seen or ():
                    if other.class_name == one.class_name and common(grown(one.box, 1.0), other.box) > 0:
                        yield _hull(box, *self._hidden_of(other, self.subject_at(after.at_s)))

    def _note_motion(self, at_s: float, image: Image) -> None:
        """Which cells differ from the picture before."""
        rows, columns = self.shape
        grey = cv2.cvtColor(
            cv2.resize(image, (columns * 8, rows * 8), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
        )
        now = np.asarray(grey, np.uint8)
        if self._before is not None:
            differs = cv2.absdiff(now, self._before).reshape(rows, 8, columns, 8)
            # A small thing fills a part of a cell only: its strongest quarter counts.
            strongest = np.sort(differs.transpose(0, 2, 1, 3).reshape(rows, columns, 64), axis=2)[..., 48:]
            moving = strongest.mean(axis=2) > self.rules.motion
            if moving.any():
                self._motion[at_s] = moving
        self._before = now

    def _moving(self, at_s: float, subject: Box | None) -> Cells:
        """Cells that moved lately or will move shortly, and their neighbours; not those well inside the subject."""
        hidden = np.zeros(self.shape, np.uint8)
        for time_s, cells in self._motion.items():
            if abs(time_s - at_s) <= self.rules.hold_s / 2:
                hidden |= cells
        spread = np.asarray(cv2.dilate(hidden, np.ones((3, 3), np.uint8)), bool)
        if subject is not None and self.rules.show_subject_plate and area(subject) > 0:
            own = np.zeros(self.shape, bool)
            self.cover(own, subject)
            spread &= ~own | hidden.astype(bool)
        return spread


def _hull(first: Box, *others: Box) -> Box:
    boxes = (first, *others)
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def pixelated(image: Image, hidden: Cells, cell: int) -> Image:
    """The picture with every hidden cell of one colour: its mean, in steps of 16, so that nothing can be undone."""
    if not hidden.any():
        return image
    rows, columns = hidden.shape
    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(image, 0, rows * cell - height, 0, columns * cell - width, cv2.BORDER_REPLICATE)
    means = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA) // 16 * 16 + 8
    mosaic = np.repeat(np.repeat(means, cell, axis=0), cell, axis=1)[:height, :width]
    where = np.repeat(np.repeat(hidden, cell, axis=0), cell, axis=1)[:height, :width]
    return np.asarray(np.where(where[..., None], mosaic, image), np.uint8)
