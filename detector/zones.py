"""Zones: polygons on a camera's picture, what they forbid, and which vehicle stands in which.

A vehicle is where its wheels are: the lower part of its box, as the detector gave it. A box that reaches out of the
picture is not clipped first, or a vehicle beside the zone would seem to stand in it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
import shapely
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator
from pydantic_core import PydanticCustomError

from detector.detections import Boxes
from detector.rules.base import RuleConfig
from detector.rules.table import AnyRuleConfig

FOOTPRINT_SHARE = 1 / 3
"""The lower part of a box that lies on the road, for cameras on poles and walls."""
RASTER_LONGEST_SIDE = 512
"""Enough for a thousandth of the picture, and half a megabyte for each zone whatever the camera's size."""

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


def check_polygon(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    """The polygon, when it has an area and does not cross itself; PydanticCustomError otherwise."""
    if len(polygon) < 3:
        raise PydanticCustomError("polygon", "a polygon has at least 3 points, got {count}", {"count": len(polygon)})
    shape = shapely.Polygon(polygon)
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise PydanticCustomError("polygon", "the polygon crosses or touches itself ({reason})", {"reason": reason})
    if shape.area <= 0:
        raise PydanticCustomError("polygon", "the polygon has no area")
    return polygon


class ZoneClass(StrEnum):
    """Prohibited (禁止区), restricted (严控区), guided (疏导区)."""

    PROHIBITED = "prohibited"
    RESTRICTED = "restricted"
    GUIDED = "guided"


class Zone(BaseModel):
    """One version of a zone: `polygon` in 0..1 of the picture's width and height, and the rules that hold there."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    id: Annotated[str, Field(min_length=1, max_length=100)]
    zone_class: Annotated[ZoneClass, Field(alias="class")] = ZoneClass.PROHIBITED
    polygon: tuple[Point, ...]
    version: Annotated[int, Field(ge=1)] = 1
    warning_only_until: Annotated[date | None, Field(description="Last day on which violations are only warned of")] = (
        None
    )
    rules: tuple[SerializeAsAny[AnyRuleConfig], ...] = ()

    _simple = field_validator("polygon")(check_polygon)

    @model_validator(mode="after")
    def _one_rule_a_kind(self) -> Self:
        kinds = [rule.kind for rule in self.rules]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        if twice:
            raise PydanticCustomError("rules", "more than one rule of kind {kinds}", {"kinds": ", ".join(twice)})
        return self

    def rule(self, kind: str) -> RuleConfig | None:
        """The rule of that kind, if the zone has one."""
        return next((rule for rule in self.rules if rule.kind == kind), None)


class ZoneMask:
    """A zone rasterised once for one frame size, ready to measure boxes against."""

    def __init__(self, zone: Zone, frame_size_wh: tuple[int, int]) -> None:
        longest = max(frame_size_wh)
        frame_wh = np.array(frame_size_wh, np.float64)
        grid_wh = np.maximum(np.round(frame_wh * min(1.0, RASTER_LONGEST_SIDE / longest)), 1)
        self._scale, self._limit = np.tile(grid_wh / frame_wh, 2), np.tile(grid_wh, 2)
        self._last_cell = int(grid_wh[0]) - 1, int(grid_wh[1]) - 1
        self._sums = _summed(zone.polygon, int(grid_wh[0]), int(grid_wh[1]))

    def share(self, boxes: Boxes) -> npt.NDArray[np.float64]:
        """How much of each box (N, 4) lies inside the zone, 0..1 of the box's whole area, outside the picture too."""
        corners = boxes.astype(np.float64) * self._scale
        left, top, right, bottom = np.minimum(np.maximum(corners, 0), self._limit).T
        sums = self._below(np.array([right, left, right, left]), np.array([bottom, bottom, top, top]))
        inside = sums[0] - sums[1] - sums[2] + sums[3]
        whole = np.maximum((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]), 1e-9)
        share: npt.NDArray[np.float64] = np.minimum(np.maximum(inside / whole, 0), 1)
        return share

    def footprint_share(self, boxes: Boxes) -> npt.NDArray[np.float64]:
        """How much of each vehicle's footprint lies inside the zone, (N,) in 0..1. Boxes (N, 4) unclipped."""
        return self.share(footprints(boxes))

    def _below(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The raster's sum left of x and above y, between the grid's points by bilinear weights."""
        column = np.minimum(x.astype(np.int64), self._last_cell[0])
        row = np.minimum(y.astype(np.int64), self._last_cell[1])
        fx, fy = x - column, y - row
        upper = self._sums[row, column] * (1 - fx) + self._sums[row, column + 1] * fx
        lower = self._sums[row + 1, column] * (1 - fx) + self._sums[row + 1, column + 1] * fx
        total: npt.NDArray[np.float64] = upper * (1 - fy) + lower * fy
        return total


def footprints(boxes: Boxes) -> Boxes:
    """The lower `FOOTPRINT_SHARE` of boxes (N, 4): where the wheels stand."""
    lower = boxes.copy()
    lower[:, 1] = boxes[:, 3] - (boxes[:, 3] - boxes[:, 1]) * np.float32(FOOTPRINT_SHARE)
    return lower


def _summed(polygon: tuple[Point, ...], width: int, height: int) -> npt.NDArray[np.int32]:
    """Summed-area table (height + 1, width + 1) of the cells whose centre is inside the polygon."""
    shape = shapely.Polygon(polygon)
    shapely.prepare(shape)
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    inside = shapely.contains_xy(shape, x, y)
    sums = np.zeros((height + 1, width + 1), np.int32)
    sums[1:, 1:] = inside.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    return sums
