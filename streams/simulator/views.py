"""What a camera shows when something is wrong with its picture; arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

View = Callable[[npt.NDArray[Any]], npt.NDArray[np.uint8]]
"""A bgr24 picture, uint8 (H, W, 3), to another of the same shape."""

_BLIND_WH = (6, 4)


def black(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Nothing at all: a dead sensor."""
    return np.zeros(image.shape, np.uint8)


def overexposed(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Nearly white, as with a broken iris or the sun in the lens: only the darkest parts still show."""
    return cv2.convertScaleAbs(np.asarray(image), alpha=0.25, beta=212).astype(np.uint8, copy=False)


def covered(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """A bag, a hand or paint over the lens: some light comes through, no shape does."""
    height, width = image.shape[:2]
    blurred = cv2.resize(image, _BLIND_WH, interpolation=cv2.INTER_AREA).astype(np.float32)
    dim = blurred * 0.12 + np.array([28.0, 34.0, 40.0], np.float32)
    return cv2.resize(dim.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )


def moved_by(share: float) -> View:
    """The camera was turned aside, so that the picture stands `share` of its width further left (right when < 0)."""

    def moved(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        height, width = image.shape[:2]
        shift = np.array([[1, 0, -share * width], [0, 1, -share * height / 4]], np.float32)
        # What comes into view is not in the clip; its mirror image is as good as any other street.
        turned = cv2.warpAffine(np.asarray(image), shift, (width, height), borderMode=cv2.BORDER_REFLECT)
        return cast("npt.NDArray[np.uint8]", turned)

    return moved
