"""Zones as JSON."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from shapely.geometry import Polygon as ShapelyPolygon

from api.text import Id, Note
from api.zones.rules import AnyRule, Rule

Point = tuple[Annotated[float, Field(allow_inf_nan=False)], Annotated[float, Field(allow_inf_nan=False)]]
# Below a thousandth of the picture nothing can stand in a zone: a slip of the hand.
SMALLEST_AREA = 1e-5


def _usable_outline(points: list[Point]) -> list[Point]:
    if len(points) < 3:
        raise ValueError(f"the polygon has {len(points)} points, it needs at least 3")
    for index, (x, y) in enumerate(points):
        if not (0 <= x <= 1 and 0 <= y <= 1) or math.isnan(x + y):
            raise ValueError(f"point {index + 1} ({x:g}, {y:g}) is outside the picture: coordinates go from 0 to 1")
    shape = ShapelyPolygon(points)
    if not shape.is_simple or not shape.is_valid:
        raise ValueError("the polygon's sides cross or touch each other")
    if shape.area < SMALLEST_AREA:
        raise ValueError("the polygon is too small to hold anything")
    return points


def _one_rule_a_kind(rules: list[AnyRule]) -> list[AnyRule]:
    kinds = [rule.kind for rule in rules]
    if len(set(kinds)) != len(kinds):
        raise ValueError("a kind stands in two rules of one zone")
    return rules


Outline = Annotated[list[Point], Field(max_length=200), AfterValidator(_usable_outline)]
Rules = Annotated[list[Rule], Field(max_length=20), AfterValidator(_one_rule_a_kind)]


class ZoneIn(BaseModel):
    """A new version of a zone; `base_version` is the one that was seen (0: the zone is new)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    zone_class: Annotated[Literal["prohibited", "restricted", "guided"], Field(alias="class")]
    polygon: Outline
    rules: Rules
    base_version: Annotated[int, Field(ge=0, le=2**31 - 2)]
    reason: Note = ""
    spot: Annotated[Id | None, Field(description="Shared by zones of several cameras that look at the same place")] = (
        None
    )
    warning_only_until: Annotated[date | None, Field(description="Up to this day a violation is only warned of")] = None


class RetirementIn(BaseModel):
    """Why a zone ends; `base_version` is the one that was seen."""

    model_config = ConfigDict(extra="forbid")
    base_version: Annotated[int, Field(ge=1, le=2**31 - 2)]
    reason: Note = ""


class ZoneOut(BaseModel):
    """One version of a zone."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)
    camera_id: str
    id: Annotated[str, Field(validation_alias="zone_id")]
    version: int
    zone_class: Annotated[str, Field(serialization_alias="class")]
    polygon: list[tuple[float, float]]
    rules: list[dict[str, Any]]
    retired: bool
    author: str
    reason: str
    created_at: datetime
    spot: str | None
    warning_only_until: date | None


class ZoneList(BaseModel):
    """Zones, or the versions of one, newest first."""

    items: list[ZoneOut]
