"""What a rule in a zone may be told, one model a kind, in one table.

Tests hold this table and the detector's against each other: a rule that is saved here is one that a worker takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from shapely.geometry import Polygon as ShapelyPolygon

from api.cameras.addresses import check_timezone

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY_MINUTES = 24 * 60
_LONGEST_PASS_S = 60
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_hours(value: str) -> str:
    match = _HOURS.fullmatch(value.strip())
    if match is None:
        raise ValueError(f'hours are written "HH:MM-HH:MM", got {value!r}')
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    too_late = from_hour * 60 + from_minute >= _DAY_MINUTES or to_hour * 60 + to_minute > _DAY_MINUTES
    if max(from_minute, to_minute) > 59 or too_late:
        raise ValueError(f"hours run from 00:00 to 24:00, got {value!r}")
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | date) else value


Hours = Annotated[str, Field(max_length=20), AfterValidator(_check_hours)]
HoursList = Annotated[list[Hours], BeforeValidator(_as_list), Field(max_length=24)]


class Window(_Model):
    """Hours that repeat every week, in a season if one is given."""

    weekdays: Annotated[list[Weekday], BeforeValidator(_as_list), Field(min_length=1, max_length=7)] | None = None
    hours: Annotated[HoursList, Field(min_length=1)] | None = None
    start: date | None = None
    end: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"the season ends ({self.end}) before it starts ({self.start})")
        return self


class DateException(_Model):
    """Days that do not follow the week; without hours the rule is not in force on them."""

    dates: Annotated[list[date], BeforeValidator(_as_list), Field(min_length=1, max_length=400)]
    hours: HoursList | None = None
    note: Annotated[str, Field(max_length=200)] = ""


class Schedule(_Model):
    """When a rule is in force; what is left out means always."""

    timezone: Annotated[str, Field(max_length=64), AfterValidator(check_timezone)] | None = None
    windows: Annotated[list[Window], Field(min_length=1, max_length=50)] | None = None
    exceptions: Annotated[list[DateException], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_exception_a_day(self) -> Self:
        days = [day for exception in self.exceptions or [] for day in exception.dates]
        if twice := sorted({str(day) for day in days if days.count(day) > 1}):
            raise ValueError(f"more than one exception for {', '.join(twice)}")
        return self


Seconds = Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
LongSeconds = Annotated[float, Field(gt=0, le=366 * 86400, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
SomeShare = Annotated[float, Field(gt=0, le=1)]
ClassName = Annotated[str, Field(min_length=1, max_length=64)]
ClassNames = Annotated[list[ClassName], Field(max_length=20)]
SomeClassNames = Annotated[ClassNames, Field(min_length=1)]
Area = Literal[
    "sidewalk", "tactile_paving", "fire_lane", "junction_50m", "bus_stop_30m", "roadway", "shop_line"
]  # fmt: skip
Unit = Annotated[float, Field(ge=0, le=1)]


class IllegalParkingRule(_Model):
    """A vehicle stands in the zone for `dwell_seconds` while the rule is in force."""

    kind: Literal["illegal_parking"]
    dwell_seconds: Seconds
    schedule: Schedule | None = None
    classes: SomeClassNames | None = None
    min_score: Share | None = None
    min_seen: Share | None = None
    min_footprint: SomeShare | None = None
    min_size: Share | None = None
    gap_seconds: Annotated[float, Field(ge=0, le=3600)] | None = None
    areas: Annotated[list[Area], Field(max_length=7)] | None = None
    exempt_classes: ClassNames | None = None


class _SpotRule(_Model):
    """Something stands in one spot of the zone for `dwell_seconds` while the rule is in force."""

    dwell_seconds: LongSeconds
    schedule: Schedule | None = None
    classes: SomeClassNames | None = None
    hiders: ClassNames | None = None
    min_score: Share | None = None
    min_seen: Share | None = None
    min_footprint: SomeShare | None = None
    min_size: Share | None = None
    gap_seconds: Annotated[float, Field(ge=0, le=14 * 86400, allow_inf_nan=False)] | None = None
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] | None = None


def _check_outline(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    shape = ShapelyPolygon(points)
    if not shape.is_valid or shape.area <= 0:
        raise ValueError("a permitted place is a polygon whose sides do not cross")
    return points


class Permit(_Model):
    """A permitted place of vending with its number; without hours it is always permitted."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    polygon: Annotated[list[tuple[Unit, Unit]], Field(min_length=3, max_length=200), AfterValidator(_check_outline)]
    schedule: Schedule | None = None


class StreetVendingRule(_SpotRule):
    """A stall, a tricycle or goods with people at it."""

    kind: Literal["street_vending"]
    stall_classes: ClassNames | None = None
    areas: Annotated[list[Area], Field(max_length=7)] | None = None
    permitted: Schedule | None = None
    permits: Annotated[list[Permit], Field(max_length=200)] | None = None
    reach: Annotated[float, Field(gt=0, le=5)] | None = None
    min_attended: Share | None = None
    min_crowded: Share | None = None


class ExposedGarbageRule(_SpotRule):
    """Bags, heaps and bins that run over."""

    kind: Literal["exposed_garbage"]
    overflow_classes: ClassNames | None = None
    bin_classes: ClassNames | None = None
    large_size: Annotated[float, Field(gt=0, le=2)] | None = None
    old_seconds: LongSeconds | None = None


def _check_pass(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > _LONGEST_PASS_S:
        raise ValueError(
            "for a pass dwell_seconds is how long its load must have been seen: more than 0 and at most "
            f"{_LONGEST_PASS_S} seconds, got {value}; leave it out for 0.6"
        )
    return value


PassSeconds = Annotated[
    float, Field(gt=0, le=_LONGEST_PASS_S, allow_inf_nan=False), BeforeValidator(_check_pass)
]  # fmt: skip


class UncoveredMuckTruckRule(_Model):
    """A truck drives through the zone with an open load, seen for `dwell_seconds` in one pass."""

    kind: Literal["uncovered_muck_truck"]
    dwell_seconds: PassSeconds | None = None
    schedule: Schedule | None = None
    classes: SomeClassNames | None = None
    loads: Annotated[list[Literal["uncovered", "partly"]], Field(min_length=1, max_length=2)] | None = None
    spill_classes: ClassNames | None = None
    min_odds: Annotated[float, Field(ge=1, le=1e6)] | None = None
    min_open: Share | None = None
    min_displacement: Annotated[float, Field(ge=0, le=10)] | None = None
    min_score: Share | None = None
    min_footprint: SomeShare | None = None
    min_size: Share | None = None
    gap_seconds: Annotated[float, Field(ge=0, le=60)] | None = None
    spill_seconds: Annotated[float, Field(ge=0, le=60)] | None = None


class AbandonedVehicleRule(_SpotRule):
    """A vehicle stands in the same place for days."""

    kind: Literal["abandoned_vehicle"]


class OverflowingBinRule(_SpotRule):
    """A litter bin stays full above its mouth."""

    kind: Literal["overflowing_bin"]
    bin_classes: ClassNames | None = None


class BlockedTactilePavingRule(_SpotRule):
    """Something stands on the paving for the blind."""

    kind: Literal["blocked_tactile_paving"]


AnyRule = (
    IllegalParkingRule
    | StreetVendingRule
    | ExposedGarbageRule
    | UncoveredMuckTruckRule
    | AbandonedVehicleRule
    | OverflowingBinRule
    | BlockedTactilePavingRule
)
RULES: Mapping[str, type[BaseModel]] = {
    "illegal_parking": IllegalParkingRule,
    "street_vending": StreetVendingRule,
    "exposed_garbage": ExposedGarbageRule,
    "uncovered_muck_truck": UncoveredMuckTruckRule,
    "abandoned_vehicle": AbandonedVehicleRule,
    "overflowing_bin": OverflowingBinRule,
    "blocked_tactile_paving": BlockedTactilePavingRule,
}


def _check_kind(value: Any) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(value, dict) and kind not in RULES:
        raise ValueError(f"unknown kind {kind!r}: known are {', '.join(sorted(RULES))}")
    return value


Rule = Annotated[AnyRule, Field(discriminator="kind"), BeforeValidator(_check_kind)]


def as_stored(rule: AnyRule) -> dict[str, Any]:
    """A rule as it was given: what was left out stays out, so that the worker's own defaults hold."""
    return rule.model_dump(mode="json", exclude_none=True)
