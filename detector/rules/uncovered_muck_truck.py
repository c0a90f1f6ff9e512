"""Uncovered muck truck: a truck that drives through the zone with an open load (渣土车未密闭).

One pass is one incident. The load's state is voted over all looks of the pass; the truck must be seen to move, so that
one at a red light or at a building site is not accused before it drives. What it spills is a flag apart. A pass that
goes on through another zone of this kind is the first one's; it ends when most of the truck has left the zone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from detector.boxes import Box
from detector.incident import Incident, IncidentState, TrackPoint
from detector.rules.base import Judge, Look, Place, Rule, RuleConfig, Subject
from detector.rules.history import begun, ended, shifted, thinned
from detector.rules.load_votes import LoadVotes
from detector.rules.means import TimedMean
from detector.rules.shapes import area, covers, size
from detector.tracking.track import TrackView
from streams.demand import Demand

KIND = "uncovered_muck_truck"
NANOSECONDS = 1_000_000_000
OPEN_LOAD, SPILLED = "08011", "06014"
HOLD_SHARE = 0.5
LONGEST_STEP_S = 0.5
"""At rest looks are seconds apart, and a detector misses three of ten."""
ALL_VOTES_IN = 0.75
"""Share of the log-odds that is enough once a pass is over."""
MIN_VISIBLE = 0.6
"""Share of the looks' time in which the load must have been visible: a few glimpses into it prove nothing."""
STEP = 1.0
"""A lost truck is the one that is found within so many of its own sizes and as many more a second."""
BACKWARDS = 0.5
"""Sizes: so far a half hidden box may seem to fall behind."""
LOST_S = 0.3
"""One that is missed for less has not lost its id."""
SWATH = 0.3
"""What lies on the lower part of a box lay under or behind the truck."""


MAX_PASSES = 32
"""In a snapshot."""
LONGEST_AWAY_S = 5.0
"""A truck is not looked for further than it drives in so long unseen."""
LONGEST_PASS_S = 60


def _check_pass(value: Any) -> Any:
    """Who gives a limit of minutes means the stay of another kind. Raises PydanticCustomError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > LONGEST_PASS_S:
        raise PydanticCustomError(
            "pass_seconds",
            "for a pass dwell_seconds is how long its load must have been seen: more than 0 and at most {most} "
            "seconds, got {value}; leave it out for 0.6",
            {"most": LONGEST_PASS_S, "value": value},
        )
    return value


class UncoveredMuckTruckConfig(RuleConfig):
    """Limits of uncovered muck trucks. `dwell_seconds` is for how long a pass must have shown the load."""

    kind: Literal["uncovered_muck_truck"] = "uncovered_muck_truck"
    dwell_seconds: Annotated[
        float, Field(gt=0, le=LONGEST_PASS_S, allow_inf_nan=False), BeforeValidator(_check_pass)
    ] = 0.6
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("dump_truck", "truck")
    loads: Annotated[
        tuple[Literal["uncovered", "partly"], ...], Field(min_length=1, description="States of the load that violate")
    ] = ("uncovered", "partly")
    spill_classes: Annotated[tuple[str, ...], Field(description="Classes that are spilled load")] = ("garbage",)
    min_odds: Annotated[float, Field(ge=1, le=1e6, description="Odds, open against closed, over the pass")] = 50.0
    min_open: Annotated[float, Field(ge=0, le=1, description="Share of the load's visible time that it was open")] = (
        0.55
    )
    min_displacement: Annotated[float, Field(ge=0, le=10, description="Way through the zone, in truck sizes")] = 0.5
    min_score: Annotated[float, Field(ge=0, le=1, description="Mean score over the pass")] = 0.3
    min_footprint: Annotated[float, Field(gt=0, le=1, description="Share of the footprint inside the zone")] = 0.5
    min_size: Annotated[float, Field(ge=0, le=1, description="Root of the box's area over the picture's height")] = 0.1
    gap_seconds: Annotated[float, Field(ge=0, le=60, description="Longest time unseen within one pass")] = 2.0
    spill_seconds: Annotated[float, Field(ge=0, le=60, description="How long after the truck its spill may show")] = 8.0

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.classes, *self.spill_classes)))

    @property
    def crop_classes(self) -> tuple[str, ...]:
        return self.classes

    @property
    def looks(self) -> Demand:
        return Demand(rest_interval_s=5.0, active_interval_s=0.2, look_back_s=2.0, peek_interval_s=2.0)


@dataclass(slots=True, eq=False)
class _Pass:
    """One truck on its way through the zone; its last position is where it was last in it, or first out of it."""

    incident: Incident
    track_ids: set[int]
    votes: LoadVotes
    score: TimedMean
    way: float = 0.0
    absent_s: float = 0.0
    spilled: bool = False
    is_out: bool = False

    @property
    def last(self) -> TrackPoint:
        return self.incident.positions[-1]


@dataclass(frozen=True, slots=True)
class _State:
    """What of a judge outlives a restart of the worker."""

    passes: tuple[_Pass, ...]


_STATE = TypeAdapter(_State)


class MuckTruckJudge:
    """The trucks that pass through one zone, and on from it through others of the kind."""

    def __init__(self, place: Place, config: UncoveredMuckTruckConfig) -> None:
        self._place = place
        self._config = config
        self.passes: list[_Pass] = []
        """The open ones, oldest first."""
        self._pts_ns: int | None = None
        self._all: tuple[MuckTruckJudge, ...] = (self,)

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        return tuple(one.incident for one in self.passes)

    @property
    def longest_gap_s(self) -> float:
        """For so long unseen a truck may be within one pass."""
        return self._config.gap_seconds

    def join(self, others: Sequence[Judge]) -> None:
        """The judges of the kind's other zones: a pass that began in one of them stays with it."""
        self._all = (self, *(one for one in others if isinstance(one, MuckTruckJudge) and one is not self))

    def snapshot(self) -> dict[str, Any]:
        """Its open passes as plain JSON, the latest when there are too many."""
        dumped: dict[str, Any] = _STATE.dump_python(_State(tuple(self.passes[-MAX_PASSES:])), mode="json")
        return dumped

    def restore(self, state: Mapping[str, Any], shift_ns: int) -> None:
        """Take up `snapshot`'s state on a timeline that is `shift_ns` ahead. Raises ValueError when it is none."""
        before = _STATE.validate_python(state)
        for one in before.passes:
            one.incident = shifted(one.incident, shift_ns)
            one.score.last_pts_ns = _later(one.score.last_pts_ns, shift_ns)
            one.votes.last_pts_ns = _later(one.votes.last_pts_ns, shift_ns)
            # No tracker knows a truck again that drove on meanwhile: it comes under another id.
            one.absent_s = max(one.absent_s, LOST_S)
        self.passes = list(before.passes)

    def observe(self, look: Look) -> list[Incident]:
        if not look.in_force:
            return [self._end(one, look) for one in list(self.passes)]
        self._wait(look)
        changes: list[Incident] = []
        # One that stands and is missed for a look is still its tracker's own, whatever drives past it.
        stand = (s.track for s in look.subjects if s.track.seen or s.track.still_since_pts_ns is not None)
        kept_ids = {track.track_id for track in stand}
        for subject in look.subjects:
            if self._counts(subject, look):
                changes.extend(self._see(subject, look, kept_ids))
        self._look_for_spill(look)
        waited_for = {s.track.track_id for s in look.subjects if s.track.held or not s.track.seen}
        over = [one for one in self.passes if self._is_over(one, look, waited_for)]
        return changes + [change for one in over for change in self._close(one, look)]

    def _wait(self, look: Look) -> None:
        """Every pass waits for its truck; one look counts for at most a step, for at rest they are far apart."""
        step_s = look.judged_ns(self._pts_ns) / NANOSECONDS if self._pts_ns is not None else 0.0
        self._pts_ns = look.pts_ns
        for one in self.passes:
            one.absent_s += min(step_s, LONGEST_STEP_S)

    def _counts(self, subject: Subject, look: Look) -> bool:
        track = subject.track
        if not track.seen or track.class_name not in self._config.classes or not subject.is_home:
            return False
        known = any(track.track_id in one.track_ids for judge in self._all for one in judge.passes)
        needed = self._config.min_footprint * (HOLD_SHARE if known else 1.0)
        return subject.footprint_share >= needed and size(track.xyxy, look) >= self._config.min_size

    def _see(self, subject: Subject, look: Look, kept_ids: set[int]) -> list[Incident]:
        track = subject.track
        holder, one = self._known(track) or self._lost(track, look, kept_ids) or (self, None)
        changes = []
        if one is None:
            one = self._begin(track, look)
            changes = [one.incident]
        one.track_ids.add(track.track_id)
        holder.add(one, subject, look)
        return holder.confirm(one, look) or [replace(change, positions=one.incident.positions) for change in changes]

    def _known(self, track: TrackView) -> tuple[MuckTruckJudge, _Pass] | None:
        every = ((judge, one) for judge in self._all for one in judge.passes)
        return next(((judge, one) for judge, one in every if track.track_id in one.track_ids), None)

    def _lost(self, track: TrackView, look: Look, kept_ids: set[int]) -> tuple[MuckTruckJudge, _Pass] | None:
        """The pass whose truck was lost a moment ago about here: the tracker gave it another id."""
        every = [(judge, one) for judge in self._all for one in judge.passes]
        # One that waits for nothing but its spill has gone; the next truck is another.
        lost = [
            (judge, one)
            for judge, one in every
            if not one.track_ids & kept_ids and LOST_S <= one.absent_s <= judge.longest_gap_s
        ]
        since_ns = track.first_seen_pts_ns
        near = [
            (judge, one)
            for judge, one in lost
            if one.last.pts_ns < since_ns and _is_near(one, track.xyxy, _unfit_s(one, look))
        ]
        return min(near, key=lambda pair: _distance(pair[1].last.xyxy, track.xyxy), default=None)

    def _begin(self, track: TrackView, look: Look) -> _Pass:
        incident = begun(self._place, KIND, self._config.dwell_seconds, track, look, look.pts_ns)
        one = _Pass(incident, {track.track_id}, LoadVotes(self._config.loads), TimedMean())
        self.passes.append(one)
        return one

    def add(self, one: _Pass, subject: Subject, look: Look) -> None:
        """Take in a look at the truck. Mostly out of the zone it still votes; the first such look is its end."""
        track = subject.track
        one.absent_s = 0.0
        one.score.add(look.pts_ns, track.score)
        positions = one.incident.positions
        is_out = subject.footprint_share < self._config.min_footprint
        if not (one.is_out and is_out):
            positions = thinned((*positions, TrackPoint(look.pts_ns, track.xyxy, track.score)))
        one.is_out = is_out
        one.way = max(one.way, _distance(positions[0].xyxy, track.xyxy))
        if track.track_id in look.crop_scores:
            one.votes.add(look.pts_ns, look.crop_scores[track.track_id])
        incident = replace(one.incident, positions=positions, score=one.score.value)
        if incident.state is not IncidentState.CONFIRMED:
            incident = replace(incident, box_xyxy=track.xyxy, class_name=track.class_name)
        codes, flags = self._labels(one)
        one.incident = replace(incident, codes=codes, flags=flags)

    def _labels(self, one: _Pass) -> tuple[tuple[str, ...], tuple[str, ...]]:
        flags = (("partly_covered",) if one.votes.is_partly else ()) + (("spill",) if one.spilled else ())
        return (OPEN_LOAD, SPILLED) if one.spilled else (OPEN_LOAD,), flags

    def confirm(self, one: _Pass, look: Look) -> list[Incident]:
        """The pass as an incident when this look proves it."""
        if one.incident.state is IncidentState.CONFIRMED or not self._is_proven(one, self._config.min_odds):
            return []
        return [self._confirmed(one, look.pts_ns, look.captured_at_ns)]

    def _confirmed(self, one: _Pass, pts_ns: int, captured_at_ns: int) -> Incident:
        one.incident = replace(
            one.incident, state=IncidentState.CONFIRMED, confirmed_pts_ns=pts_ns, confirmed_at_ns=captured_at_ns
        )
        return one.incident

    def _is_proven(self, one: _Pass, odds: float) -> bool:
        config, votes = self._config, one.votes
        seen_enough = votes.seen_s >= config.dwell_seconds and votes.visible_share >= MIN_VISIBLE
        if not seen_enough or one.way < config.min_displacement:
            return False
        is_open = votes.log_odds >= math.log(odds) and votes.open_share >= config.min_open
        return is_open and one.score.value >= config.min_score

    def _look_for_spill(self, look: Look) -> None:
        """Load that lies where the truck drove, and was not there before it came."""
        lying = [s.track for s in look.subjects if s.track.class_name in self._config.spill_classes and s.track.held]
        for one in self.passes:
            fresh = [track for track in lying if _since_ns(track) > one.incident.started_pts_ns]
            if one.spilled or not any(_under(track.xyxy, one.incident.positions) for track in fresh):
                continue
            one.spilled = True
            codes, flags = self._labels(one)
            one.incident = replace(one.incident, codes=codes, flags=flags)

    def _is_over(self, one: _Pass, look: Look, waited_for: set[int]) -> bool:
        if one.track_ids & waited_for:
            return False
        confirmed = one.incident.state is IncidentState.CONFIRMED
        spill_ns = self._config.spill_seconds * NANOSECONDS if confirmed else 0.0
        return one.absent_s > self._config.gap_seconds and look.judged_ns(one.last.pts_ns) > spill_ns

    def _close(self, one: _Pass, look: Look) -> list[Incident]:
        """End a pass; when all votes are in, fewer of them are enough, for none can change it any more."""
        changes = []
        if one.incident.state is not IncidentState.CONFIRMED and self._is_proven(
            one, self._config.min_odds**ALL_VOTES_IN
        ):
            at_ns = one.last.pts_ns
            changes = [self._confirmed(one, at_ns, look.captured_at_ns - (look.pts_ns - at_ns))]
        return [*changes, self._end(one, look)]

    def _end(self, one: _Pass, look: Look) -> Incident:
        self.passes.remove(one)
        return ended(one.incident, look)


def _since_ns(track: TrackView) -> int:
    """When it was first there, by pictures from before it was found too."""
    still_ns = track.still_since_pts_ns
    return track.first_seen_pts_ns if still_ns is None else min(track.first_seen_pts_ns, still_ns)


def _distance(first: Box, second: Box) -> float:
    """Between two boxes' feet, in sizes of the larger one."""
    return math.dist(_feet(first), _feet(second)) / math.sqrt(max(area(first), area(second), 1.0))


def _is_near(one: _Pass, box: Box, unfit_s: float) -> bool:
    """Whether a truck may have come so far; one that drives does not turn up behind itself: that is who follows it."""
    far = STEP + STEP * min(one.absent_s + unfit_s, LONGEST_AWAY_S)
    return _distance(one.last.xyxy, box) <= far and _ahead(one, box) >= -BACKWARDS


def _ahead(one: _Pass, box: Box) -> float:
    """How far a box lies ahead of where a truck was last seen, in its sizes; 0 for one that was not seen to drive."""
    first, last = (_feet(point.xyxy) for point in (one.incident.positions[0], one.last))
    way = math.dist(first, last)
    unit = math.sqrt(max(area(one.last.xyxy), 1.0))
    if way < STEP * unit:
        return 0.0
    along = [(end - begin) / way for begin, end in zip(first, last, strict=True)]
    return sum(a * (now - then) for a, now, then in zip(along, _feet(box), last, strict=True)) / unit


def _feet(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, box[3]


def _unfit_s(one: _Pass, look: Look) -> float:
    """Seconds since a truck was last seen in which nobody could have seen it: the worker was off, or blind."""
    return (look.pts_ns - one.last.pts_ns - look.judged_ns(one.last.pts_ns)) / NANOSECONDS


def _later(pts_ns: int | None, shift_ns: int) -> int | None:
    return None if pts_ns is None else pts_ns + shift_ns


def _under(box: Box, positions: tuple[TrackPoint, ...]) -> bool:
    """Whether something lies in the swath of a truck's wheels."""
    grounds = [(p.xyxy[0], p.xyxy[3] - (p.xyxy[3] - p.xyxy[1]) * SWATH, p.xyxy[2], p.xyxy[3]) for p in positions]
    return any(covers(ground, box) > SWATH for ground in grounds)


def _make_judge(place: Place, config: RuleConfig) -> MuckTruckJudge:
    if not isinstance(config, UncoveredMuckTruckConfig):
        raise TypeError(f"expected UncoveredMuckTruckConfig, got {type(config).__name__}")
    return MuckTruckJudge(place, config)


RULE = Rule(
    kind=KIND,
    title="Uncovered muck truck",
    codes=(OPEN_LOAD, SPILLED),
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "the truck with its open load and its plate region, at least twice with a clear displacement",
        "what it spilled, where it did, as a fact apart",
    ),
    config=UncoveredMuckTruckConfig,
    make_judge=_make_judge,
)
