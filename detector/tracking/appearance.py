"""Do the pixels of a place still show the same thing? What keeps a parked car itself, and a queue from becoming one.

A place is cut from a small grey copy of the frame and compared block by block, each block by its own pattern. Light
that changes moves all pixels of a block alike and leaves its pattern; somebody who walks past hides a few blocks and
leaves the median. On a real street, places with a parked car stay above 0.9 for half a minute with traffic passing
in front, and places through which cars drive fall under 0.3 within a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from detector.boxes import Box
from streams.frame import Image

LONGEST_SIDE = 400
"""Of the small copy, about: it takes every so-manieth pixel."""
PATCH = 24
BLOCKS = 4
CELL = PATCH // BLOCKS
MIN_SIDE = 6
"""Pixels of the small copy: a smaller place shows nothing to compare."""
TEXTURE_FLOOR = 4.0
"""Grey levels: a block flatter than this in both pictures has no pattern but noise."""
MIN_BLOCKS = 4
SHAKE = 0.012
"""How far a mast in the wind moves the picture, in its longest side."""
MAX_SHAKEN_SIDE = 96
SAME = 0.7
DIFFERENT = 0.45

Patch = npt.NDArray[np.float32]
"""(PATCH, PATCH) grey levels."""
Patches = npt.NDArray[np.float32]
"""(N, PATCH, PATCH) grey levels."""
Grey = npt.NDArray[np.uint8]
Recall = Callable[[int, int], Sequence[tuple[int, Image]]]
"""Pts (ns) and picture of what a camera still holds from strictly between two moments, oldest first: key frames."""


class Glimpse:
    """A small grey copy of one frame. `patches` cuts places out of it, given in pixels of the frame."""

    __slots__ = ("_grey", "_step", "pts_ns")

    def __init__(self, pts_ns: int, image: Image) -> None:
        self.pts_ns = pts_ns
        # Green stands for grey and one pixel for its neighbours: patches are shrunk by area afterwards, and reading
        # every pixel of a picture costs more than all that is done with it.
        self._step = max(1, round(max(image.shape[:2]) / LONGEST_SIDE))
        first = self._step // 2
        self._grey: Grey = np.ascontiguousarray(image[first :: self._step, first :: self._step, 1])

    def patches(self, boxes: Sequence[Box]) -> list[Patch | None]:
        """Each place as (PATCH, PATCH), or None where too little of it lies in the picture."""
        if not boxes:
            return []
        height, width = self._grey.shape
        edges = np.rint(np.array(boxes) / self._step).clip(0, (width, height, width, height)).astype(np.int64).tolist()
        cuts = np.empty((len(boxes), PATCH, PATCH), np.uint8)
        usable = []
        for index, (left, top, right, bottom) in enumerate(edges):
            usable.append(right - left >= MIN_SIDE and bottom - top >= MIN_SIDE)
            if usable[-1]:
                place = self._grey[top:bottom, left:right]
                cv2.resize(place, (PATCH, PATCH), dst=cuts[index], interpolation=cv2.INTER_AREA)
        every = cuts.astype(np.float32)
        return [patch if good else None for patch, good in zip(every, usable, strict=True)]

    def shaken(self, box: Box, reference: Patch) -> Patch | None:
        """What looks most like the reference within a shake of the camera around a place, as (PATCH, PATCH).

        None where there is no room for a shake, and where the place is so large that it changes little.
        """
        height, width = self._grey.shape
        left, top, right, bottom = (round(value / self._step) for value in box)
        shake = round(max(height, width) * SHAKE)
        if not (left - shake >= 0 and right + shake <= width and top - shake >= 0 and bottom + shake <= height):
            return None
        size = right - left, bottom - top
        if min(size) < MIN_SIDE or max(size) > MAX_SHAKEN_SIDE:
            return None
        around = self._grey[top - shake : bottom + shake, left - shake : right + shake]
        sought = cv2.resize(np.rint(reference).clip(0, 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
        likeness = cv2.matchTemplate(around, sought, cv2.TM_CCOEFF_NORMED)
        y, x = np.unravel_index(int(likeness.argmax()), likeness.shape)
        place = around[y : y + size[1], x : x + size[0]]
        return np.asarray(cv2.resize(place, (PATCH, PATCH), interpolation=cv2.INTER_AREA), np.float32)

    def patch(self, box: Box) -> Patch | None:
        """One place as (PATCH, PATCH), or None when too little of it lies in the picture."""
        return self.patches([box])[0]


def similarities(firsts: Sequence[Patch | None], seconds: Sequence[Patch | None]) -> list[float | None]:
    """For each pair the median likeness of its blocks, -1..1, or None when there is too little pattern to tell."""
    result: list[float | None] = [None] * len(firsts)
    pairs = [(i, a, b) for i, (a, b) in enumerate(zip(firsts, seconds, strict=True)) if a is not None and b is not None]
    if not pairs:
        return result
    a, b = _blocks([first for _i, first, _second in pairs]), _blocks([second for _i, _first, second in pairs])
    pixels = CELL * CELL
    spread_a, spread_b = np.sqrt(_product(a, a) / pixels), np.sqrt(_product(b, b) / pixels)
    telling = np.maximum(spread_a, spread_b) > TEXTURE_FLOOR
    # The floor keeps a flat block against a patterned one at 0 and not at the chance of its noise.
    scale = np.maximum(spread_a * spread_b, TEXTURE_FLOOR**2 / 4)
    likeness = np.where(telling, _product(a, b) / (scale * pixels), np.inf)
    likeness.sort(axis=1)
    rows = zip(pairs, likeness.tolist(), telling.sum(axis=1).tolist(), strict=True)
    for (index, _first, _second), values, count in rows:
        if count >= MIN_BLOCKS:
            result[index] = (values[(count - 1) // 2] + values[count // 2]) / 2
    return result


def _blocks(patches: Sequence[Patch]) -> Patches:
    """Pixels (N, BLOCKS * BLOCKS, CELL * CELL) of each block without their mean."""
    shape = len(patches), BLOCKS, CELL, BLOCKS, CELL
    blocks = np.ascontiguousarray(np.array(patches).reshape(shape).transpose(0, 1, 3, 2, 4))
    flat = blocks.reshape(len(patches), BLOCKS * BLOCKS, CELL * CELL)
    flat -= flat.sum(axis=2, keepdims=True) * np.float32(1 / (CELL * CELL))
    return flat


def _product(first: Patches, second: Patches) -> Patches:
    result: Patches = np.einsum("nbp,nbp->nb", first, second)
    return result


def similarity(first: Patch | None, second: Patch | None) -> float | None:
    """Median likeness of two patches' blocks, -1..1, or None when there is too little pattern to tell."""
    return similarities([first], [second])[0]


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

    Bounded: `limit` pictures of about 80 kB. `recall` brings back pictures from between two looks, where there is one.
    """

    def __init__(self, limit: int = 16, spacing_ns: int = 900_000_000, recall: Recall | None = None) -> None:
        self._glimpses: deque[Glimpse] = deque(maxlen=limit)
        self._spacing_ns = spacing_ns
        self._recall = recall
        self._recalled: dict[tuple[int, int], tuple[Glimpse, ...]] = {}

    def __iter__(self) -> Iterator[Glimpse]:
        return reversed(self._glimpses)

    def add(self, glimpse: Glimpse) -> None:
        self._recalled.clear()
        if not self._glimpses or glimpse.pts_ns - self._glimpses[-1].pts_ns >= self._spacing_ns:
            self._glimpses.append(glimpse)

    def recalled(self, after_ns: int, before_ns: int) -> tuple[Glimpse, ...]:
        """What was not looked at between two moments, oldest first; kept until the next look, for it costs decoding."""
        if self._recall is None or before_ns - after_ns < self._spacing_ns:
            return ()
        span = after_ns, before_ns
        if span not in self._recalled:
            self._recalled[span] = tuple(Glimpse(pts_ns, image) for pts_ns, image in self._recall(*span))
        return self._recalled[span]
