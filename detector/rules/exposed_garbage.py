"""Exposed garbage: bags and heaps that lie in the zone for the limit, and bins that run over (暴露垃圾, 积存垃圾).

It needs no motion: a heap that lay there before the camera was switched on is found as well. Code by place, size and
age: above a bin's mouth, beside it or alone, large and old. A heap that grows, or is hidden by a parked van, goes on as
one incident, and the end is when it was last seen before the place was clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from detector.boxes import Box
from detector.rules.base import Look, Place, Rule, RuleConfig, Subject
from detector.rules.shapes import covers, size
from detector.rules.spots import Spot, SpotConfig, SpotJudge
from streams.demand import Demand

KIND = "exposed_garbage"
LITTER, OLD_HEAP, OVERFLOW = "06010", "06011", "06042"
MOUTH_SHARE = 0.5
"""A bag over the upper half of a bin lies on its mouth."""
ON_BIN = "on_bin"


class ExposedGarbageConfig(SpotConfig):
    """Limits of exposed garbage. `dwell_seconds` is how long it may lie."""

    kind: Literal["exposed_garbage"] = "exposed_garbage"
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("garbage", "overflow")
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 300.0
    overflow_classes: Annotated[tuple[str, ...], Field(description="Classes that are a bin running over")] = (
        "overflow",
    )
    bin_classes: Annotated[tuple[str, ...], Field(description="Classes of bins")] = ("garbage_bin",)
    large_size: Annotated[
        float, Field(gt=0, le=2, description="Root of the box's area over the picture's height: a large heap")
    ] = 0.2
    old_seconds: Annotated[
        float, Field(gt=0, le=366 * 86400, allow_inf_nan=False, description="A large heap is an old one from then on")
    ] = 86400.0

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.classes, *self.overflow_classes, *self.bin_classes, *self.hiders)))

    def formerly(self, class_name: str) -> tuple[str, ...]:
        return self.bin_classes if class_name in self.overflow_classes else ()

    @property
    def looks(self) -> Demand:
        return Demand(rest_interval_s=60.0, active_interval_s=5.0, key_patience_s=10.0)


@dataclass(frozen=True, slots=True)
class GarbagePolicy:
    """Which code a heap falls under."""

    config: ExposedGarbageConfig

    def is_candidate(self, subject: Subject, look: Look) -> bool:
        return True

    def note(self, spot: Spot, look: Look) -> None:
        bins = [s.track.xyxy for s in look.subjects if s.track.class_name in self.config.bin_classes]
        spot.share(ON_BIN).add(look.pts_ns, float(any(covers(spot.box, _mouth(box)) > MOUTH_SHARE for box in bins)))

    def is_proven(self, spot: Spot, look: Look) -> bool:
        return True

    def labels(self, spot: Spot, look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if spot.incident.class_name in self.config.overflow_classes or spot.share(ON_BIN).value > 0.5:
            return (OVERFLOW,), ("bin_overflow",)
        age_s = look.judged_ns(spot.incident.started_pts_ns) / 1e9
        if size(spot.box, look) < self.config.large_size:
            return (LITTER,), ()
        return ((OLD_HEAP,), ("large_heap",)) if age_s >= self.config.old_seconds else ((LITTER,), ("large_heap",))


def _mouth(box: Box) -> Box:
    """The upper third of a bin, and a third of its height above."""
    third = (box[3] - box[1]) / 3
    return box[0], box[1] - third, box[2], box[1] + third


def _make_judge(place: Place, config: RuleConfig) -> SpotJudge:
    if not isinstance(config, ExposedGarbageConfig):
        raise TypeError(f"expected ExposedGarbageConfig, got {type(config).__name__}")
    return SpotJudge(place, config, GarbagePolicy(config))


RULE = Rule(
    kind=KIND,
    title="Exposed garbage",
    codes=(LITTER, OLD_HEAP, OVERFLOW),
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the garbage when first seen, and again after the limit in the same place",
        "the cleared place, which closes the case",
    ),
    config=ExposedGarbageConfig,
    make_judge=_make_judge,
)
