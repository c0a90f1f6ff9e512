"""Letterbox: a picture scaled without distortion into the model's input, and boxes mapped back.

The rounding is that of ultralytics' `LetterBox` and `scale_boxes` (8.4), so that boxes agree to a hundredth of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from streams.frame import Image

PADDING = 114
"""Grey level around the picture, as in training."""


@dataclass(frozen=True)
class LetterboxPlan:
    """Where a picture of `source_hw` lies in an input of `input_hw`: scaled to `scaled_hw`, moved by `top`, `left`."""

    source_hw: tuple[int, int]
    input_hw: tuple[int, int]
    scaled_hw: tuple[int, int]
    top: int
    left: int

    @cached_property
    def gain_xyxy(self) -> npt.NDArray[np.float32]:
        """Input pixels per source pixel, (4,): each side is rounded by itself, so x and y differ a little."""
        x, y = self.scaled_hw[1] / self.source_hw[1], self.scaled_hw[0] / self.source_hw[0]
        return np.array([x, y, x, y], np.float32)

    @cached_property
    def offset_xyxy(self) -> npt.NDArray[np.float32]:
        """The padding left and above, (4,)."""
        return np.array([self.left, self.top, self.left, self.top], np.float32)

    @cached_property
    def odd_step(self) -> int | None:
        """Source pixels per scaled pixel where that is one odd number for both sides, as 3 from 1080p to 640x360."""
        step = self.source_hw[0] // self.scaled_hw[0]
        fits = self.source_hw == (step * self.scaled_hw[0], step * self.scaled_hw[1])
        return step if fits and step > 1 and step % 2 else None

    def to_source(self, xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Boxes (N, 4) of the input as boxes of the source picture, not clipped to it."""
        boxes: npt.NDArray[np.float32] = (xyxy - self.offset_xyxy) / self.gain_xyxy
        return boxes


@lru_cache(maxsize=256)
def plan_letterbox(
    source_hw: tuple[int, int], target_hw: tuple[int, int], stride: int, *, centred: bool = True, rect: bool = False
) -> LetterboxPlan:
    """Plan the letterbox of a picture into `target_hw`.

    `rect` shrinks the padding to what `stride` needs, so that a 16:9 picture becomes 384x640 and not 640x640: for
    models of dynamic size. `centred` false keeps the picture in the upper left corner, as YOLOX wants it.
    """
    ratio = min(target_hw[0] / source_hw[0], target_hw[1] / source_hw[1])
    height, width = max(round(source_hw[0] * ratio), 1), max(round(source_hw[1] * ratio), 1)
    pad_h, pad_w = target_hw[0] - height, target_hw[1] - width
    if rect:
        pad_h, pad_w = pad_h % stride, pad_w % stride
    top, left = (round(pad_h / 2 - 0.1), round(pad_w / 2 - 0.1)) if centred else (0, 0)
    return LetterboxPlan(source_hw, (height + pad_h, width + pad_w), (height, width), top, left)


class InputBuffer:
    """The input of one batch, kept between calls: `array` (B, 3, H, W) float32 or float16.

    Only the picture's own area is written again while the plan of a slot stays the same; the padding stays. One
    caller at a time.
    """

    def __init__(self, batch: int, input_hw: tuple[int, int], dtype: npt.DTypeLike, *, rgb_unit: bool) -> None:
        self.array = np.zeros((batch, 3, *input_hw), dtype)
        pixels = input_hw[0] * input_hw[1]
        self._scaled = np.empty(pixels * 3, np.uint8)
        self._planes = np.empty((3, pixels), np.uint8)
        self._plans: list[LetterboxPlan | None] = [None] * batch
        # Ultralytics: RGB in 0..1. YOLOX: BGR in 0..255.
        self._channels = (2, 1, 0) if rgb_unit else (0, 1, 2)
        self._lut = (np.arange(256) / (255 if rgb_unit else 1)).astype(dtype)

    def write(self, slot: int, image: Image, plan: LetterboxPlan) -> None:
        """Letterbox a BGR picture (H, W, 3) into `array[slot]`."""
        height, width = plan.scaled_hw
        if self._plans[slot] != plan:
            self.array[slot] = self._lut[PADDING]
            self._plans[slot] = plan
        planes = [plane[: height * width].reshape(height, width) for plane in self._planes]
        # Every step writes into kept memory: a fresh array a step would cost more in page faults than its arithmetic.
        cv2.split(self._scale(image, plan), planes)
        area = self.array[slot, :, plan.top : plan.top + height, plan.left : plan.left + width]
        for channel, plane in zip(self._channels, planes, strict=True):
            cv2.LUT(plane, self._lut, dst=area[channel])

    def _scale(self, image: Image, plan: LetterboxPlan) -> Image:
        if plan.scaled_hw == plan.source_hw:
            return image
        height, width = plan.scaled_hw
        scaled = self._scaled[: height * width * 3].reshape(height, width, 3)
        if plan.odd_step is None:
            cv2.resize(image, (width, height), dst=scaled, interpolation=cv2.INTER_LINEAR)
        else:
            # Linear interpolation by an odd step takes the middle pixel alone: a third of the memory is never read.
            middle, share = plan.odd_step // 2, 1 / plan.odd_step
            rest = image[middle:, middle:]
            cv2.resize(rest, None, dst=scaled, fx=share, fy=share, interpolation=cv2.INTER_NEAREST)
        return scaled
