"""Abandoned vehicle: one that stands in the same place for days (废弃车辆, 僵尸车).

Days outlast a tracker, a worker and many a night in infrared, so the vehicle is told by its place, outline and class,
and its stay is little enough to be kept across restarts (`SpotJudge.snapshot`). What a camera cannot tell (no plate,
flat tyres, dust) is left to the reviewer, and said so.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from detector.rules.base import Place, Rule, RuleConfig
from detector.rules.same_vehicle import SameVehicle
from detector.rules.spots import PlainPolicy, SpotConfig, SpotJudge
from streams.demand import Demand

KIND = "abandoned_vehicle"
CODES = ("06034",)
OWNER_UNKNOWN = "owner_unknown"


class AbandonedVehicleConfig(SpotConfig):
    """Limits of an abandoned vehicle. `dwell_seconds` is how long it may stand, usually days."""

    kind: Literal["abandoned_vehicle"] = "abandoned_vehicle"
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("car", "bus", "truck")
    min_seen: Annotated[float, Field(ge=0, le=1)] = 0.3
    min_size: Annotated[float, Field(ge=0, le=1)] = 0.06
    gap_seconds: Annotated[float, Field(ge=0, le=14 * 86400, allow_inf_nan=False)] = 12 * 3600.0
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 1800.0

    @property
    def looks(self) -> Demand:
        return Demand(rest_interval_s=60.0, active_interval_s=10.0, key_patience_s=10.0)


def _make_judge(place: Place, config: RuleConfig) -> SpotJudge:
    if not isinstance(config, AbandonedVehicleConfig):
        raise TypeError(f"expected AbandonedVehicleConfig, got {type(config).__name__}")
    return SpotJudge(place, config, PlainPolicy(CODES, (OWNER_UNKNOWN,)), SameVehicle(trust_ids=False))


RULE = Rule(
    kind=KIND,
    title="Abandoned vehicle",
    codes=CODES,
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the vehicle in the same place on the first and the last day, and on days between",
        "its plate region and its state (tyres, dust, papers), which the reviewer judges",
    ),
    config=AbandonedVehicleConfig,
    make_judge=_make_judge,
)
