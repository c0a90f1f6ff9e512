"""Blocked tactile paving: something stands on the paving for the blind for the limit (占用盲道).

The zone is the paving itself, a narrow strip: a small share of a thing's footprint blocks it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from detector.rules.base import Place, Rule, RuleConfig, share_of_limit
from detector.rules.flags import ACCESSIBLE_WAY
from detector.rules.same_vehicle import SameVehicle
from detector.rules.spots import PlainPolicy, SpotConfig, SpotJudge
from streams.demand import Demand

KIND = "blocked_tactile_paving"
CODES = (ACCESSIBLE_WAY,)
BLOCKERS = ("bicycle", "motorcycle", "tricycle", "car", "bus", "truck", "stall")


class BlockedTactilePavingConfig(SpotConfig):
    """Limits of blocked tactile paving. `dwell_seconds` is how long a thing may stand on it."""

    kind: Literal["blocked_tactile_paving"] = "blocked_tactile_paving"
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = BLOCKERS
    min_footprint: Annotated[float, Field(gt=0, le=1, description="Share of the footprint on the paving")] = 0.15
    gap_seconds: Annotated[float, Field(ge=0, le=14 * 86400, allow_inf_nan=False)] = 120.0
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 20.0

    @property
    def looks(self) -> Demand:
        active_s = share_of_limit(self.dwell_seconds, 30, 2.0, 10.0)
        return Demand(rest_interval_s=10.0, active_interval_s=active_s, key_patience_s=10.0)


def _make_judge(place: Place, config: RuleConfig) -> SpotJudge:
    if not isinstance(config, BlockedTactilePavingConfig):
        raise TypeError(f"expected BlockedTactilePavingConfig, got {type(config).__name__}")
    return SpotJudge(place, config, PlainPolicy(CODES, ("on_tactile_paving",)), SameVehicle(trust_ids=True))


RULE = Rule(
    kind=KIND,
    title="Blocked tactile paving",
    codes=CODES,
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the thing on the paving, with the paving before and behind it, twice and further apart than the limit",
        "the camera's own clip of the time between",
    ),
    config=BlockedTactilePavingConfig,
    make_judge=_make_judge,
)
