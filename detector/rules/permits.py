"""Where and when vending is permitted: the hours of a guided zone, and the places given to somebody by permit."""

from __future__ import annotations

from typing import Annotated, Any

import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from detector.boxes import Box
from detector.calendar import Schedule

WHEELS = 1 / 3
"""The lower part of a box, which stands on the ground."""
MIN_INSIDE = 0.5
Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


def _simple(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    shape = shapely.Polygon(polygon) if len(polygon) >= 3 else None
    if shape is None or not shape.is_valid or shape.area <= 0:
        raise PydanticCustomError("polygon", "a permitted place is a polygon of 3 or more points that crosses nothing")
    return polygon


class Permit(BaseModel):
    """One permitted place: its number in the office's register, its outline in 0..1 of the picture, and its hours.

    It names no holder: who stands there is for people to find out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    polygon: Annotated[tuple[Point, ...], AfterValidator(_simple)]
    schedule: Schedule = Schedule()

    def allows(self, box: Box, frame_size_wh: tuple[int, int], utc_ns: int) -> bool:
        """Whether what stands at `box` (pixels, unclipped) stands in this place, and in its hours."""
        width, height = frame_size_wh
        top = box[3] - (box[3] - box[1]) * WHEELS
        ground: Any = shapely.box(box[0] / width, top / height, box[2] / width, box[3] / height)
        inside = ground.intersection(shapely.Polygon(self.polygon)).area
        return bool(inside >= MIN_INSIDE * max(ground.area, 1e-12)) and self.schedule.in_force(utc_ns)
