"""The little of a picture that its fitness is judged by, taken in well under a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streams.frame import Image

Grey = npt.NDArray[np.uint8]
SMALL_WH = (256, 144)
"""The small picture's size, whatever the camera's: thresholds in its pixels mean shares of the picture."""
TILES_WH = (16, 9)
_SAMPLES_HIGH = 135
_SCAN_LINES = 72
_DECODER_GREY = ((127, 127, 127), (133, 133, 133))


@dataclass(frozen=True, slots=True)
class Glance:
    """What one look at a picture keeps.

    `samples`: single pixels of the green channel on an even grid, noise and all, uint8 (h, w). `small`: the picture
    averaged down to grey, uint8 (144, 256). `lines`: some whole rows of the green channel, uint8 (n, W).
    `darker`: the share of the small picture that is at most so bright, float64 (256,). `neutral`: the share of tiles
    that are one flat middle grey.
    """

    size_wh: tuple[int, int]
    samples: Grey
    small: Grey
    lines: Grey
    darker: npt.NDArray[np.float64]
    neutral: float

    @property
    def mean(self) -> float:
        """Mean brightness, 0..255."""
        return float(255 - self.darker[:255].sum())

    def percentile(self, share: float) -> int:
        """The brightness below or at which this share (0..1) of the small picture lies."""
        return int(np.searchsorted(self.darker, share))


def glance(image: Image) -> Glance:
    """Take it from a bgr24 picture, uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    step = max(1, height // _SAMPLES_HIGH)
    # Every few rows, averaged along themselves: nearly the mean of all, for a fraction of the memory traffic.
    thin = np.ascontiguousarray(image[step // 2 :: max(1, height // SMALL_WH[1])])
    grey = cv2.blur(cv2.cvtColor(thin, cv2.COLOR_BGR2GRAY), (max(1, width // SMALL_WH[0]), 1))
    small = cv2.resize(grey, SMALL_WH, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
    histogram = np.bincount(small.ravel(), minlength=256)
    samples = np.ascontiguousarray(image[step // 2 :: step, step // 2 :: step, 1])
    lines = np.ascontiguousarray(image[:: max(1, height // _SCAN_LINES), :, 1])
    return Glance((width, height), samples, small, lines, np.cumsum(histogram) / small.size, _neutral(thin))


def tiles(grey: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A small picture's pixels by tile, (tiles, pixels of one)."""
    across, down = TILES_WH
    high, wide = grey.shape[0] // down, grey.shape[1] // across
    cut = grey[: high * down, : wide * across].reshape(down, high, across, wide)
    return cut.transpose(0, 2, 1, 3).reshape(down * across, high * wide)


def _neutral(thin: npt.NDArray[Any]) -> float:
    """A decoder that misses what a picture is predicted from paints it Y = U = V = 128."""
    few = cv2.resize(thin, SMALL_WH, interpolation=cv2.INTER_NEAREST)
    grey = cv2.inRange(few, *(np.array(limit, np.uint8) for limit in _DECODER_GREY))
    return float((tiles(np.asarray(grey)).mean(axis=1) > 0.95 * 255).mean())
