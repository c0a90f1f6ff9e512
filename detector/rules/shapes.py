"""Boxes of one picture against each other, in plain numbers: how large, how much they share, how much one hides."""

from __future__ import annotations

import math

from detector.boxes import Box
from detector.rules.base import Look

GROUND_SHARE = 1 / 3
SAME_GROUND = 0.6
INSIDE = 0.85
PART = 0.3


def size(box: Box, look: Look) -> float:
    """Root of a box's area, in heights of the picture."""
    return math.sqrt(area(box)) / look.frame_size_wh[1]


def area(box: Box) -> float:
    """Pixels of a box; an inverted one has none."""
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def common(first: Box, second: Box) -> float:
    """Pixels that two boxes share."""
    return area(
        (max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3]))
    )


def shared(first: Box, second: Box) -> float:
    """What two boxes share, as a part of the smaller one: a heap that has grown holds what it was."""
    return common(first, second) / max(min(area(first), area(second)), 1e-9)


def covers(front: Box, back: Box) -> float:
    """The part of `back` that `front` hides."""
    return common(front, back) / max(area(back), 1e-9)


def same_ground(first: Box, second: Box) -> bool:
    """Whether two boxes stand on the same ground: two vehicles cannot, but one is often found whole and in part.

    A part is a fair share of the whole: a car in the corner of a bus's box is a car.
    """
    if shared(_ground(first), _ground(second)) > SAME_GROUND:
        return True
    smaller, larger = sorted((area(first), area(second)))
    return shared(first, second) > INSIDE and smaller > PART * larger


def _ground(box: Box) -> Box:
    return box[0], box[3] - (box[3] - box[1]) * GROUND_SHARE, box[2], box[3]
