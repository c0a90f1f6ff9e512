"""Overflowing bin: a litter bin that has been full above its mouth for the limit (垃圾箱满溢).

A bin that runs over looks much as it did before: what counts is since when it is not seen as a mere bin any more.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from detector.rules.base import Place, Rule, RuleConfig
from detector.rules.spots import PlainPolicy, SpotConfig, SpotJudge
from streams.demand import Demand

KIND = "overflowing_bin"
CODES = ("06042",)


class OverflowingBinConfig(SpotConfig):
    """Limits of an overflowing bin. `dwell_seconds` is how long it may stay full."""

    kind: Literal["overflowing_bin"] = "overflowing_bin"
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("overflow",)
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 300.0
    bin_classes: Annotated[tuple[str, ...], Field(description="Classes of bins that do not run over")] = (
        "garbage_bin",
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.classes, *self.bin_classes, *self.hiders)))

    def formerly(self, class_name: str) -> tuple[str, ...]:
        return self.bin_classes

    @property
    def looks(self) -> Demand:
        return Demand(rest_interval_s=60.0, active_interval_s=5.0, key_patience_s=10.0)


def _make_judge(place: Place, config: RuleConfig) -> SpotJudge:
    if not isinstance(config, OverflowingBinConfig):
        raise TypeError(f"expected OverflowingBinConfig, got {type(config).__name__}")
    return SpotJudge(place, config, PlainPolicy(CODES))


RULE = Rule(
    kind=KIND,
    title="Overflowing bin",
    codes=CODES,
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the bin with what stands above its mouth, first seen and again after the limit",
        "the emptied bin, which closes the case",
    ),
    config=OverflowingBinConfig,
    make_judge=_make_judge,
)
