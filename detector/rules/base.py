"""What every rule is made of: its config, its description, and the judge that watches one zone of one camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from detector.calendar import Schedule
from detector.incident import Incident
from detector.tracking.track import TrackView
from streams.demand import Demand

CLOSE_S = 1.0
"""A look that is not about motion itself is wanted no sooner than this after the last."""


def share_of_limit(limit_seconds: float, parts: float, least_s: float, most_s: float) -> float:
    """An interval of looks that grows with the limit: what is decided within minutes need not be looked at by seconds.

    >>> share_of_limit(120, 15, 4, 10)
    8.0
    """
    return min(max(limit_seconds / parts, least_s), most_s)


class RuleConfig(BaseModel):
    """What every kind of rule can be told. Each kind narrows `kind` and adds its own limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    schedule: Annotated[Schedule, Field(description="When the rule is in force; always, if not given")] = Schedule()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the model's classes that this rule looks at."""
        return ()

    @property
    def crop_classes(self) -> tuple[str, ...]:
        """Classes whose crops this rule wants to be judged by the load classifier; see `Look.crop_scores`."""
        return ()

    @property
    def looks(self) -> Demand:
        """How often this rule wants to look while it is in force."""
        return Demand(rest_interval_s=5.0, active_interval_s=4.0, key_patience_s=10.0)

    @property
    def settle_interval_s(self) -> float:
        """So often while something has just come into the zone and is not yet known to stand."""
        return CLOSE_S


@dataclass(frozen=True, slots=True)
class Place:
    """Where a judge sits: a zone of a camera, in plain values as incidents carry them."""

    camera_id: str
    zone_id: str
    zone_version: int
    zone_class: str
    zone_polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A track as one zone sees it: `footprint_share` of it lies in this zone, and no other zone holds more."""

    track: TrackView
    footprint_share: float
    is_home: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One analysed frame as a judge gets it: every live track of the camera, also those not seen in this frame.

    `unfit_spans`: the latest times (from, to; pts ns) in which the picture was unfit to judge: durations leave them
    out. `crop_scores`: for the tracks whose crop was classified in this frame, the score of each class of the crop
    model.
    """

    pts_ns: int
    captured_at_ns: int
    frame_size_wh: tuple[int, int]
    in_force: bool
    subjects: tuple[Subject, ...]
    unfit_spans: tuple[tuple[int, int], ...] = ()
    crop_scores: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def judged_ns(self, since_pts_ns: int) -> int:
        """Nanoseconds from `since_pts_ns` to this look, without the times in which the picture was unfit."""
        unfit_ns = sum(max(0, end_ns - max(begin_ns, since_pts_ns)) for begin_ns, end_ns in self.unfit_spans)
        return self.pts_ns - since_pts_ns - unfit_ns


class Judge(Protocol):
    """Watches one zone for one kind of violation. All durations come from `Look.pts_ns`; frames are never counted."""

    def observe(self, look: Look) -> list[Incident]:
        """The incidents that this look made, changed or ended."""
        ...

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        ...


@runtime_checkable
class Waiting(Protocol):
    """A judge that can say cheaply what it waits for; others are asked for their open incidents."""

    @property
    def waiting(self) -> tuple[tuple[int, int], ...]:
        """Start (pts ns) and limit (ns) of each pending incident."""
        ...


@runtime_checkable
class Joined(Protocol):
    """A judge whose incidents may go on through other zones of its kind."""

    def join(self, others: Sequence[Judge]) -> None:
        """Get to know the kind's judges of the same camera; itself may be among them."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A judge whose open incidents outlive a restart of the worker; others begin anew."""

    def snapshot(self) -> dict[str, Any]:
        """Its state as plain JSON of bounded size."""
        ...

    def restore(self, state: Mapping[str, Any], shift_ns: int) -> None:
        """Take up a state on a timeline that is `shift_ns` ahead of the one it was taken on.

        Raises ValueError, and changes nothing, when it is none. See `detector.rules.history.shifted`.
        """
        ...


JudgeMaker = Callable[[Place, RuleConfig], Judge]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of violation.

    `codes` are the matter codes under `standard_ref`; `evidence` says in words what a package of it must show.
    """

    kind: str
    title: str
    codes: tuple[str, ...]
    standard_ref: str
    evidence: tuple[str, ...]
    config: type[RuleConfig]
    make_judge: JudgeMaker
