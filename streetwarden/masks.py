"""Privacy masks: what the office promised that nobody looks at is grey before anything looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from streams.frame import Frame

GREY = 114
Outline = Sequence[tuple[float, float]]


class PrivacyMasks:
    """The masks of one camera; outlines in 0..1 of the picture. Thread-safe."""

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = [np.array(outline, np.float64) for outline in outlines]

    def hide(self, frame: Frame) -> Frame:
        """The same frame with the masks filled; the very same object when there are none. `image` (H, W, 3) uint8."""
        if not self._outlines:
            return frame
        image = frame.image.copy()
        # A pixel that the edge only touches is hidden too.
        corners = [self._pixels(outline, frame.size_wh) for outline in self._outlines]
        cv2.fillPoly(image, corners, (GREY, GREY, GREY))
        return replace(frame, image=image)

    def _pixels(self, outline: npt.NDArray[np.float64], size_wh: tuple[int, int]) -> npt.NDArray[np.int32]:
        pixels: npt.NDArray[np.int32] = np.round(outline * (np.array(size_wh) - 1)).astype(np.int32)
        return pixels
