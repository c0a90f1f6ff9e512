"""Boxes as `(left, top, right, bottom)` in pixels of a picture, not clipped to it."""

from __future__ import annotations

Box = tuple[float, float, float, float]
PixelBox = tuple[int, int, int, int]
Size = tuple[int, int]


def scaled(box: Box, of_size_wh: Size, to_size_wh: Size) -> Box:
    """The box of a picture of one size in a picture of another."""
    across, down = to_size_wh[0] / of_size_wh[0], to_size_wh[1] / of_size_wh[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def grown(box: Box, share: float) -> Box:
    """The box with a margin of `share` of its sides on each side."""
    across, down = share * (box[2] - box[0]), share * (box[3] - box[1])
    return box[0] - across, box[1] - down, box[2] + across, box[3] + down


def pixels_of(box: Box, size_wh: Size) -> PixelBox:
    """The box in whole pixels, clipped to a picture of that size; empty when it lies outside."""
    width, height = size_wh
    left, right = (min(max(round(x), 0), width) for x in (box[0], box[2]))
    top, bottom = (min(max(round(y), 0), height) for y in (box[1], box[3]))
    return left, top, right, bottom


def area(box: Box) -> float:
    """Square pixels; 0 for a box without inside."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def common(one: Box, two: Box) -> float:
    """Square pixels that both boxes cover."""
    return area((max(one[0], two[0]), max(one[1], two[1]), min(one[2], two[2]), min(one[3], two[3])))


def iou(one: Box, two: Box) -> float:
    """Intersection over union, 0..1."""
    shared = common(one, two)
    both = area(one) + area(two) - shared
    return shared / both if both > 0 else 0.0


def centre(box: Box) -> tuple[float, float]:
    """The box's middle."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
