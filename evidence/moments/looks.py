"""Which looks at the subject are worth a picture: whole, surely seen, near the wanted moment; and how sharp one is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import cv2

from detector.incident import Incident, TrackPoint
from evidence.moments.box import Box, Size, area, centre, common, pixels_of
from streams.frame import Image

BLURRED_BELOW: Final = 25.0
"""Variance of the Laplacian (8-bit luma) under which edges of the subject are gone: motion, rain, lost focus."""
_SIDE: Final = 320
_SURE: Final = 0.6
_NANOSECONDS: Final = 1_000_000_000
# Half of the subject's own length: less may be the trembling of a box.
_DISPLACED: Final = 0.5


def sharpness(image: Image, box: Box) -> float:
    """Variance of the Laplacian of the subject's luma, at most 320 pixels a side; 0 when it is not in the picture."""
    left, top, right, bottom = pixels_of(box, (image.shape[1], image.shape[0]))
    if right - left < 2 or bottom - top < 2:
        return 0.0
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    scale = _SIDE / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def visible(box: Box, size_wh: Size) -> float:
    """How much of the box is inside the picture, 0..1."""
    whole = area(box)
    return common(box, (0.0, 0.0, float(size_wh[0]), float(size_wh[1]))) / whole if whole > 0 else 0.0


def box_at(incident: Incident, pts_ns: int) -> Box:
    """Where the subject was at the look nearest to that time; the box of the confirmation is exact."""
    if pts_ns == incident.confirmed_pts_ns or not incident.positions:
        return incident.box_xyxy
    return min(incident.positions, key=lambda point: abs(point.pts_ns - pts_ns)).xyxy


def near(incident: Incident, wanted_ns: int, from_ns: int, to_ns: int, most: int) -> list[int]:
    """At most `most` times of looks between two times, the wanted one first, then by how well the subject is seen."""
    points = [p for p in incident.positions if from_ns <= p.pts_ns <= to_ns and p.pts_ns != wanted_ns]
    best = max((_worth(point, incident) for point in points), default=0.0)
    good = [point for point in points if _worth(point, incident) >= _SURE * best]
    good.sort(key=lambda point: abs(point.pts_ns - wanted_ns))
    return [wanted_ns, *(point.pts_ns for point in good)][:most]


def largest(incident: Incident, known: Iterable[int], most: int) -> list[int]:
    """At most `most` times among `known` at which a moving subject is surely, wholly and largely seen, best first."""
    times = frozenset(known)
    points = [point for point in incident.positions if point.pts_ns in times]
    points.sort(key=lambda point: -_worth(point, incident) * area(point.xyxy))
    return [point.pts_ns for point in points[:most]]


def displaced(one: Box, two: Box) -> bool:
    """Whether the subject clearly moved from one box to the other: by half of its own length."""
    (x1, y1), (x2, y2) = centre(one), centre(two)
    length = max(min(one[2] - one[0], two[2] - two[0]), min(one[3] - one[1], two[3] - two[1]))
    return math.hypot(x2 - x1, y2 - y1) >= _DISPLACED * length


def needed_apart_ns(limit_s: float, at_least_s: float) -> int:
    """How far apart the first and the last picture of something at rest are: the limit, and at least `at_least_s`."""
    return round(max(limit_s, at_least_s) * _NANOSECONDS)


def _worth(point: TrackPoint, incident: Incident) -> float:
    return point.score * visible(point.xyxy, incident.frame_size_wh)
