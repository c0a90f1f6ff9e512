"""Do the pixels of a place still show the same thing? What keeps a parked car itself, and a queue from becoming one.

A place is cut from a small grey copy of the frame and compared block by block, each block by its own pattern. Light
that changes moves all pixels of a block alike and leaves its pattern; somebody who walks past hides a few blocks and
leaves the median. On a real street, places with a parked car stay above 0.9 for half a minute with traffic passing
in front, and places through which cars drive fall under 0.3 within a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from detector.boxes import Box
from streams.frame import Image

LONGEST_SIDE = 480
PATCH = 24
BLOCKS = 4
CELL = PATCH // BLOCKS
MIN_SIDE = 6
"""Pixels of the small copy: a smaller place shows nothing to compare."""
TEXTURE_FLOOR = 4.0
"""Grey levels: a block flatter than this in both pictures has no pattern but noise."""
MIN_BLOCKS = 4
SAME = 0.7
DIFFERENT = 0.45

Patch = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]


class Glimpse:
    """A small grey copy of one frame. `patch` cuts places out of it, given in pixels of the frame."""

    __slots__ = ("_grey", "_scale", "pts_ns")

    def __init__(self, pts_ns: int, image: Image) -> None:
        self.pts_ns = pts_ns
        self._scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        size = max(round(image.shape[1] * self._scale), 1), max(round(image.shape[0] * self._scale), 1)
        # Green stands for grey, and every second pixel for all where four or more become one: a tenth of the time.
        step = 2 if self._scale <= 0.5 else 1
        green = np.ascontiguousarray(image[::step, ::step, 1])
        small = cv2.resize(green, size, interpolation=cv2.INTER_AREA) if self._scale < 1 else green
        self._grey: Grey = np.asarray(small, np.uint8)

    def patch(self, box: Box) -> Patch | None:
        """The place as (PATCH, PATCH), or None when too little of it lies in the picture."""
        height, width = self._grey.shape
        left, top, right, bottom = (round(value * self._scale) for value in box)
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
            return None
        cut = cv2.resize(self._grey[top:bottom, left:right], (PATCH, PATCH), interpolation=cv2.INTER_AREA)
        return cut.astype(np.float32)


def similarity(first: Patch | None, second: Patch | None) -> float | None:
    """Median likeness of two patches' blocks, -1..1, or None when there is too little pattern to tell."""
    if first is None or second is None:
        return None
    a, b = _blocks(first), _blocks(second)
    spread_a, spread_b = a.std(axis=1), b.std(axis=1)
    telling = np.maximum(spread_a, spread_b) > TEXTURE_FLOOR
    if np.count_nonzero(telling) < MIN_BLOCKS:
        return None
    # The floor keeps a flat block against a patterned one at 0 and not at the chance of its noise.
    scale = np.maximum(spread_a * spread_b, TEXTURE_FLOOR**2 / 4)
    return float(np.median(((a * b).mean(axis=1) / scale)[telling]))


def difference(first: Patch, second: Patch) -> float:
    """Mean difference of two patches in grey levels, the light that moves all pixels alike left out."""
    apart = first - second
    return float(np.abs(apart - apart.mean()).mean())


def blended(reference: Patch, patch: Patch, weight: float) -> Patch:
    """The reference moved a little towards a newer look of the same place, so that it follows the light."""
    result: Patch = reference + np.float32(weight) * (patch - reference)
    return result


def _blocks(patch: Patch) -> Patch:
    """Pixels (BLOCKS * BLOCKS, CELL * CELL) of each block without their mean."""
    blocks = patch.reshape(BLOCKS, CELL, BLOCKS, CELL).transpose(0, 2, 1, 3).reshape(BLOCKS * BLOCKS, CELL * CELL)
    result: Patch = blocks - blocks.mean(axis=1, keepdims=True)
    return result


class GlimpseHistory:
    """The last few glimpses of a camera, at most one for every `spacing_ns`, newest first when iterated.

    Bounded: `limit` pictures of about 130 kB.
    """

    def __init__(self, limit: int = 16, spacing_ns: int = 900_000_000) -> None:
        self._glimpses: deque[Glimpse] = deque(maxlen=limit)
        self._spacing_ns = spacing_ns

    def __iter__(self) -> Iterator[Glimpse]:
        return reversed(self._glimpses)

    def add(self, glimpse: Glimpse) -> None:
        if not self._glimpses or glimpse.pts_ns - self._glimpses[-1].pts_ns >= self._spacing_ns:
            self._glimpses.append(glimpse)
