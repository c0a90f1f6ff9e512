"""Is it the same thing in both pictures? A figure from its outline's place and from what it looks like. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from evidence.moments.box import Box, iou, pixels_of
from streams.frame import Image

METHOD: Final = "aligned patches 96x64: correlation of luma, nearness of chroma; 1"
_PATCH_WH: Final = (96, 64)
# A box trembles by a twentieth of its side: so far the patches may slide over each other.
_SLIDE: Final = (8, 6)
_MIN_SIDE: Final = 12
# Mean distance of chroma (8 bit a*, b*) at which two colours are wholly different; under the other one both are grey.
_FAR_CHROMA: Final = 24.0
_Patch = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two looks at one thing are, each 0..1: what it looks like, and the overlap (IoU) of its outlines."""

    appearance: float
    overlap: float


def likeness(first: Image, first_box: Box, last: Image, last_box: Box) -> Likeness | None:
    """Compare the thing in two pictures (`bgr24`; boxes in their pixels, unclipped).

    The figure of appearance is the normalised cross-correlation of the two patches at the best alignment, lowered
    where their colours differ. None when either is too small or too far outside the picture to be compared.
    """
    patches = _patch(first, first_box), _patch(last, last_box)
    if patches[0] is None or patches[1] is None:
        return None
    structure = max(0.0, _correlation(patches[0][..., 0], patches[1][..., 0]))
    alike = structure * _colour(patches[0][..., 1:], patches[1][..., 1:])
    return Likeness(round(alike, 4), round(iou(first_box, last_box), 4))


def _patch(image: Image, box: Box) -> _Patch | None:
    """The thing as float32 (64, 96, 3) of L*, a*, b*."""
    left, top, right, bottom = pixels_of(box, (image.shape[1], image.shape[0]))
    if right - left < _MIN_SIDE or bottom - top < _MIN_SIDE:
        return None
    cut = cv2.resize(image[top:bottom, left:right], _PATCH_WH, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2LAB), np.float32)


def _correlation(one: _Patch, two: _Patch) -> float:
    """The best normalised cross-correlation, -1..1, of the middle of `one` with `two`; 0 when either is flat."""
    across, down = _SLIDE
    middle = np.ascontiguousarray(cv2.GaussianBlur(one, (3, 3), 0)[down:-down, across:-across])
    if float(middle.std()) < 1 or float(two.std()) < 1:
        return 0.0
    return float(cv2.matchTemplate(cv2.GaussianBlur(two, (3, 3), 0), middle, cv2.TM_CCOEFF_NORMED).max())


def _colour(one: _Patch, two: _Patch) -> float:
    """1 where the colours of the middle are alike, down to 0.5; a shift of the whole picture's tint counts little."""
    quarter = np.s_[16:48, 24:72]
    distance = float(np.linalg.norm(one[quarter].mean(axis=(0, 1)) - two[quarter].mean(axis=(0, 1))))
    return 1.0 - 0.5 * min(1.0, distance / _FAR_CHROMA)
