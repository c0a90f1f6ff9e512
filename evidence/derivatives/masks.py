"""Privacy masks: what the office promised nobody looks at is grey on everything that is made from a package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streams.frame import Image

GREY = 114
_Corners = npt.NDArray[np.float64]
Outline = Sequence[tuple[float, float]]


def masked(image: Image, masks: Iterable[Outline]) -> Image:
    """The whole picture with the outlines (0..1 of it) filled; the same object when there are none."""
    return masked_crop(image, masks, (0, 0, image.shape[1], image.shape[0]), (image.shape[1], image.shape[0]))


def masked_crop(
    image: Image, masks: Iterable[Outline], crop_xyxy: tuple[int, int, int, int], whole_size_wh: tuple[int, int]
) -> Image:
    """The same for a cut-out of a picture of `whole_size_wh`."""
    outlines = [np.asarray(mask, np.float64) for mask in masks]
    return _filled(image, outlines, whole_size_wh, crop_xyxy[:2]) if outlines else image


def _filled(image: Image, outlines: Sequence[_Corners], size_wh: tuple[int, int], origin: tuple[int, int]) -> Image:
    """A pixel that an edge only touches is hidden too."""
    hidden = image.copy()
    scale = np.array(size_wh) - 1
    corners = [np.round(outline * scale - np.array(origin)).astype(np.int32) for outline in outlines]
    for outline in corners:
        cv2.fillPoly(hidden, [outline], (GREY, GREY, GREY))
    return hidden
