"""The letterbox holds every pixel of the picture, and resizes as OpenCV's linear interpolation does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detector.letterbox import InputBuffer, plan_letterbox
from tests.detector.test_engine import picture


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("rgb_unit", [True, False], ids=["rgb_unit", "bgr"])
@pytest.mark.parametrize("source_hw", [(32, 48), (20, 64), (64, 20), (64, 64)], ids=str)
def test_a_letterboxed_picture_holds_every_pixel(source_hw: tuple[int, int], rgb_unit: bool, dtype: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*source_hw, 3), np.uint8)
    plan = plan_letterbox(source_hw, (max(source_hw), max(source_hw)), 32)
    buffer = InputBuffer(1, plan.input_hw, dtype, rgb_unit=rgb_unit)
    buffer.write(0, picture(max(source_hw), max(source_hw)), plan_letterbox(plan.input_hw, plan.input_hw, 32))
    buffer.write(0, image, plan)
    expected = np.full((*plan.input_hw, 3), 114, np.uint8)
    expected[plan.top : plan.top + source_hw[0], plan.left : plan.left + source_hw[1]] = image
    planes = (expected[..., ::-1] / 255 if rgb_unit else expected).transpose(2, 0, 1)
    assert np.array_equal(buffer.array[0], planes.astype(dtype))


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("scaled_hw", [(36, 64), (61, 64)], ids=str)
def test_every_step_of_size_gives_what_linear_interpolation_gives(scaled_hw: tuple[int, int], step: int) -> None:
    size_hw = scaled_hw[0] * step, scaled_hw[1] * step
    image = np.random.default_rng(step).integers(0, 256, (*size_hw, 3), np.uint8)
    plan = plan_letterbox(size_hw, (64, 64), 32)
    assert plan.odd_step == (step if step in {3, 5, 7} else None)
    buffer = InputBuffer(1, plan.input_hw, np.float32, rgb_unit=False)
    buffer.write(0, image, plan)
    expected = cv2.resize(image, scaled_hw[::-1], interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
    assert np.array_equal(buffer.array[0, :, plan.top : plan.top + scaled_hw[0]], expected)


def test_sides_of_unlike_steps_are_interpolated() -> None:
    assert plan_letterbox((300, 192), (64, 64), 32).odd_step is None
