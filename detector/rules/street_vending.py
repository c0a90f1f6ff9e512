"""Street vending: a stall, a vending tricycle or goods laid out, with people at it, standing for the limit.

What stands there is one spot, whatever of the three it is seen as; people around it are counted over the whole stay. A
stall with nobody at it is no vending, nor is a tricycle whose rider delivers alone. In a guided zone vending is allowed
in the permitted hours; in a guided or restricted zone it is at a permitted place. In a prohibited zone never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from detector.boxes import Box
from detector.calendar import Schedule
from detector.rules.base import Look, Place, Rule, RuleConfig, Subject, share_of_limit
from detector.rules.flags import Area
from detector.rules.permits import Permit
from detector.rules.spots import Spot, SpotConfig, SpotJudge
from detector.tracking.track import TrackView
from streams.demand import Demand

KIND = "street_vending"
MOBILE_VENDOR, SHOP_SPILLS_OVER, OCCUPIES_ROAD = "09001", "09005", "09006"
PERSON = "person"
PERSON_MEMORY_NS = 3_000_000_000
"""Somebody whom the detector misses for this long still stands there."""
STAYS_NS = 6_000_000_000
"""Who is at it for less walks past."""
ATTENDED, CROWDED = "attended", "crowded"


class StreetVendingConfig(SpotConfig):
    """Limits of street vending. `dwell_seconds` is how long it may stand."""

    kind: Literal["street_vending"] = "street_vending"
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("stall", "tricycle")
    stall_classes: Annotated[
        tuple[str, ...], Field(description="Classes that are themselves for sale or show goods; others need customers")
    ] = ("stall",)
    areas: Annotated[tuple[Area, ...], Field(description="What ground the zone was drawn on")] = ()
    permitted: Annotated[Schedule | None, Field(description="When vending is allowed, if not always")] = None
    permits: Annotated[tuple[Permit, ...], Field(max_length=200, description="Permitted places")] = ()
    reach: Annotated[
        float, Field(gt=0, le=5, description="How far from it people stand who are at it, in their own heights")
    ] = 0.6
    min_attended: Annotated[float, Field(ge=0, le=1, description="Share of the stay with somebody at it")] = 0.4
    min_crowded: Annotated[
        float, Field(ge=0, le=1, description="Share of the stay with two or more at what shows no goods")
    ] = 0.08
    gap_seconds: Annotated[float, Field(ge=0, le=14 * 86400, allow_inf_nan=False)] = 300.0
    clear_seconds: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 30.0

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.classes, PERSON, *self.hiders)))

    @property
    def looks(self) -> Demand:
        active_s = share_of_limit(self.dwell_seconds, 60, 2.0, 5.0)
        return Demand(rest_interval_s=10.0, active_interval_s=active_s, key_patience_s=10.0)


@dataclass(frozen=True, slots=True)
class VendingPolicy:
    """Who is at the stall, what is permitted, and which code it is."""

    config: StreetVendingConfig
    zone_class: str

    def is_candidate(self, subject: Subject, look: Look) -> bool:
        return not self._is_permitted(subject.track.xyxy, look)

    def _is_permitted(self, box: Box, look: Look) -> bool:
        if self.zone_class == "prohibited":
            return False
        hours = self.config.permitted
        if self.zone_class == "guided" and not self.config.permits:
            return hours is None or hours.in_force(look.captured_at_ns)
        if hours is not None and not hours.in_force(look.captured_at_ns):
            return False
        return any(permit.allows(box, look.frame_size_wh, look.captured_at_ns) for permit in self.config.permits)

    def note(self, spot: Spot, look: Look) -> None:
        came_ns = spot.incident.started_pts_ns
        near = [s.track for s in look.subjects if self._is_at(s.track, spot.box) and not _was_there(s.track, came_ns)]
        spot.near_since = {one.track_id: spot.near_since.get(one.track_id, look.pts_ns) for one in near}
        there = [one for one in near if one.held or look.pts_ns - one.last_seen_pts_ns <= PERSON_MEMORY_NS]
        count = sum(look.pts_ns - spot.near_since[one.track_id] >= STAYS_NS for one in there)
        spot.share(ATTENDED).add(look.pts_ns, float(count >= 1))
        spot.share(CROWDED).add(look.pts_ns, float(count >= 2))

    def _is_at(self, person: TrackView, box: Box) -> bool:
        """Whether somebody stands at it: feet beside, behind or in front of it, within reach."""
        if person.class_name != PERSON:
            return False
        left, top, right, bottom = person.xyxy
        far = self.config.reach * (bottom - top)
        beside = box[0] - far <= (left + right) / 2 <= box[2] + far
        return beside and min(box[1], box[3] - far) <= bottom <= box[3] + far

    def is_proven(self, spot: Spot, look: Look) -> bool:
        if spot.share(ATTENDED).value < self.config.min_attended:
            return False
        return self._shows_goods(spot) or spot.share(CROWDED).value >= self.config.min_crowded

    def _shows_goods(self, spot: Spot) -> bool:
        return spot.incident.class_name in self.config.stall_classes

    def labels(self, spot: Spot, look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
        # Who comes on wheels and sells in front of a shop is a vendor without a place, and not the shop.
        if not self._shows_goods(spot):
            return (MOBILE_VENDOR,), ("mobile",)
        if Area.SHOP_LINE in self.config.areas:
            return (SHOP_SPILLS_OVER,), ("over_shop_line",)
        if {Area.SIDEWALK, Area.ROADWAY} & set(self.config.areas):
            return (OCCUPIES_ROAD, MOBILE_VENDOR), ()
        return (MOBILE_VENDOR,), ()


def _was_there(person: TrackView, came_ns: int) -> bool:
    """Whether it has stood still since before the stall came: a traffic cone or a poster, taken for somebody."""
    still_ns = person.still_since_pts_ns
    return still_ns is not None and still_ns < came_ns - STAYS_NS


def _make_judge(place: Place, config: RuleConfig) -> SpotJudge:
    if not isinstance(config, StreetVendingConfig):
        raise TypeError(f"expected StreetVendingConfig, got {type(config).__name__}")
    local = _in_local_hours(config)
    return SpotJudge(place, local, VendingPolicy(local, place.zone_class))


def _in_local_hours(config: StreetVendingConfig) -> StreetVendingConfig:
    """Permitted hours that name no time zone are those of the rule's own schedule, which is the camera's."""
    permits = tuple(
        permit.model_copy(update={"schedule": _local(permit.schedule, config.schedule)}) for permit in config.permits
    )
    permitted = None if config.permitted is None else _local(config.permitted, config.schedule)
    return config.model_copy(update={"permits": permits, "permitted": permitted})


def _local(hours: Schedule, own: Schedule) -> Schedule:
    return hours if "timezone" in hours.model_fields_set else hours.model_copy(update={"timezone": own.timezone})


RULE = Rule(
    kind=KIND,
    title="Street vending",
    codes=(MOBILE_VENDOR, SHOP_SPILLS_OVER, OCCUPIES_ROAD),
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the stall, its goods and the people at it, twice and further apart than the limit",
        "the reminder that was served, and the re-check after its deadline",
    ),
    config=StreetVendingConfig,
    make_judge=_make_judge,
)
