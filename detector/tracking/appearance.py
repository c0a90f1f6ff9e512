"""Do the pixels of a place still show the same thing? What keeps a parked car itself, and a queue from becoming one.

A place is cut from a small grey copy of the frame and compared block by block, each block by its own pattern. Light
that changes moves all pixels of a block alike and leaves its pattern; somebody who walks past hides a few blocks and
leaves the median. On a real street, places with a parked car stay above 0.9 for half a minute with traffic passing
in front, and places through which cars drive fall under 0.3 within a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

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
"""(PATCH, PATCH) grey levels."""
Patches = npt.NDArray[np.float32]
"""(N, PATCH, PATCH) grey levels."""
Grey = npt.NDArray[np.uint8]


class Glimpse:
    """A small grey copy of one frame. `patches` cuts places out of it, given in pixels of the frame."""

    __slots__ = ("_grey", "_scale", "pts_ns")

    def __init__(self, pts_ns: int, image: Image) -> None:
        self.pts_ns = pts_ns
        self._scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        self._grey = _small(image, self._scale)

    def patches(self, boxes: Sequence[Box]) -> list[Patch | None]:
        """Each place as (PATCH, PATCH), or None where too little of it lies in the picture."""
        height, width = self._grey.shape
        scale, grey = self._scale, self._grey
        cuts = np.empty((len(boxes), PATCH, PATCH), np.uint8)
        usable = []
        for index, (x0, y0, x1, y1) in enumerate(boxes):
            left, top = max(round(x0 * scale), 0), max(round(y0 * scale), 0)
            right, bottom = min(round(x1 * scale), width), min(round(y1 * scale), height)
            usable.append(right - left >= MIN_SIDE and bottom - top >= MIN_SIDE)
            if usable[-1]:
                place = grey[top:bottom, left:right]
                cv2.resize(place, (PATCH, PATCH), dst=cuts[index], interpolation=cv2.INTER_AREA)
        every = cuts.astype(np.float32)
        return [patch if good else None for patch, good in zip(every, usable, strict=True)]

    def patch(self, box: Box) -> Patch | None:
        """One place as (PATCH, PATCH), or None when too little of it lies in the picture."""
        return self.patches([box])[0]


def _small(image: Image, scale: float) -> Grey:
    """Green stands for grey, and every second pixel for all where four or more become one: a tenth of the time."""
    step = 2 if scale <= 0.5 else 1
    green = np.ascontiguousarray(image[::step, ::step, 1])
    if scale == 1.0:
        return green
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    # Between half and whole size two neighbours are all that an area holds: linear gives the same at a tenth of it.
    method = cv2.INTER_AREA if green.shape[1] >= 2 * size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(green, size, interpolation=method), np.uint8)


def similarities(pairs: Sequence[tuple[Patch | None, Patch | None]]) -> list[float | None]:
    """For each pair the median likeness of its blocks, -1..1, or None when there is too little pattern to tell."""
    result: list[float | None] = [None] * len(pairs)
    rows = [index for index, (first, second) in enumerate(pairs) if first is not None and second is not None]
    if not rows:
        return result
    both = np.array([pairs[index] for index in rows], np.float32).swapaxes(0, 1)
    blocks = both.reshape(2, len(rows), BLOCKS, CELL, BLOCKS, CELL).swapaxes(3, 4)
    flat = np.ascontiguousarray(blocks).reshape(2, len(rows), BLOCKS * BLOCKS, CELL * CELL)
    flat = flat - (flat.sum(axis=3, keepdims=True) / np.float32(CELL * CELL))
    spread = np.sqrt(np.einsum("abcd,abcd->abc", flat, flat) / (CELL * CELL))
    shared = np.einsum("bcd,bcd->bc", flat[0], flat[1]) / (CELL * CELL)
    telling = np.maximum(spread[0], spread[1]) > TEXTURE_FLOOR
    # The floor keeps a flat block against a patterned one at 0 and not at the chance of its noise.
    scale = np.maximum(spread[0] * spread[1], TEXTURE_FLOOR**2 / 4)
    ranked = np.sort(np.where(telling, shared / scale, np.inf), axis=1).tolist()
    for index, values, count in zip(rows, ranked, telling.sum(axis=1).tolist(), strict=True):
        if count >= MIN_BLOCKS:
            result[index] = (values[(count - 1) // 2] + values[count // 2]) / 2
    return result


def similarity(first: Patch | None, second: Patch | None) -> float | None:
    """Median likeness of two patches' blocks, -1..1, or None when there is too little pattern to tell."""
    return similarities([(first, second)])[0]


def difference(first: Patch, second: Patch) -> float:
    """Mean difference of two patches in grey levels, the light that moves all pixels alike left out."""
    apart = first - second
    return float(np.abs(apart - apart.mean()).mean())


def blended(reference: Patch, patch: Patch, weight: float) -> Patch:
    """The reference moved a little towards a newer look of the same place, so that it follows the light."""
    result: Patch = reference + np.float32(weight) * (patch - reference)
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
