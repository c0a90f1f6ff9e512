"""Privacy masks: what the office promised that nobody looks at is grey before anything looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from detector.tracking.appearance import Recall
from streams.frame import Frame, Image

GREY = 114
Outline = Sequence[tuple[float, float]]


class PrivacyMasks:
    """The masks of one camera; outlines in 0..1 of the picture. Thread-safe."""

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = [np.array(outline, np.float64) for outline in outlines]

    def hide(self, frame: Frame) -> Frame:
        """The same frame with the masks filled; the very same object when there are none. `image` (H, W, 3) uint8."""
        return replace(frame, image=self.hide_in(frame.image)) if self._outlines else frame

    def hide_in(self, image: Image) -> Image:
        """A copy of the picture, uint8 (H, W, 3), with the masks filled."""
        hidden = image.copy()
        height, width = image.shape[:2]
        # A pixel that the edge only touches is hidden too.
        cv2.fillPoly(hidden, [_pixels(outline, (width, height)) for outline in self._outlines], (GREY, GREY, GREY))
        return hidden

    def recall(self, shown: Recall) -> Recall:
        """The same pictures of a moment ago, with the masks filled."""
        if not self._outlines:
            return shown
        return lambda after_ns, before_ns: [(pts, self.hide_in(image)) for pts, image in shown(after_ns, before_ns)]


def _pixels(outline: npt.NDArray[np.float64], size_wh: tuple[int, int]) -> npt.NDArray[np.int32]:
    pixels: npt.NDArray[np.int32] = np.round(outline * (np.array(size_wh) - 1)).astype(np.int32)
    return pixels
