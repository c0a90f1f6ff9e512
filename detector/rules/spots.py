"""Things that stand in one spot of a zone for long: heaps, stalls, bins, vehicles that nobody fetches.

A spot is told by its place and not by a tracker's id: a heap grows, a stall is hidden by its customers for minutes, a
night's light loses a track, and all of that is one continuing violation. A spot goes on while something of its classes
is seen there or the pixels of the place still show it, while something stands in front, and until it was looked for
often enough, with nothing in front, without being found. It ends at the last moment at which it was certainly there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Protocol

from pydantic import Field, TypeAdapter

from detector.boxes import Box
from detector.incident import Incident, IncidentState, TrackPoint
from detector.rules.base import CLOSE_S, Look, Place, RuleConfig, Subject, share_of_limit
from detector.rules.history import begun, ended, thinned
from detector.rules.means import TimedMean
from detector.rules.shapes import covers, shared, size
from detector.tracking.track import TrackView

NANOSECONDS = 1_000_000_000
HOLD_SHARE = 0.7
"""What was once counted stays in down to this share of `min_footprint`: its box trembles."""
COVERED = 0.4
"""Share of a spot behind something else from which on not finding it says nothing."""
ABSENT_STEP_S = 2.0
ABSENT_SECONDS = 16.0
"""A spot is empty once looks without a find add up to so many seconds, each counting for at most a step: eight looks at
least, for a detector misses three of ten."""
MISTAKEN_STEP_S = 15.0
"""One look at which it is taken for something else speaks for at most so many seconds, as one that finds it does."""
LONG_S = 60.0
"""What has stood in front for so long and is not seen to have left still stands there."""
FOLLOW = 0.2
"""Weight of a new box in the spot's: it follows a heap that grows."""
SAME_PLACE = 0.5
MAX_SPOTS = 128
"""In a snapshot; a picture has no room for more."""
HIDERS = ("person", "motorcycle", "tricycle", "car", "bus", "truck", "dump_truck")


class SpotConfig(RuleConfig):
    """What kinds that stand in a spot can be told. `dwell_seconds` is how long it may stand."""

    dwell_seconds: Annotated[float, Field(gt=0, le=366 * 86400, allow_inf_nan=False)]
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    hiders: Annotated[tuple[str, ...], Field(description="Classes that may stand in front")] = HIDERS
    min_score: Annotated[float, Field(ge=0, le=1, description="Mean score over the whole stay")] = 0.3
    min_seen: Annotated[float, Field(ge=0, le=1, description="Share of the visible stay with a detection")] = 0.15
    min_footprint: Annotated[float, Field(gt=0, le=1, description="Share of the footprint inside the zone")] = 0.5
    min_size: Annotated[float, Field(ge=0, le=1, description="Root of the box's area over the picture's height")] = 0.02
    gap_seconds: Annotated[
        float, Field(ge=0, le=14 * 86400, allow_inf_nan=False, description="Longest time hidden within one stay")
    ] = 3600.0
    clear_seconds: Annotated[
        float, Field(ge=0, le=86400, allow_inf_nan=False, description="Seen not to be there for so long: gone")
    ] = 60.0

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.classes, *self.hiders)))

    def formerly(self, class_name: str) -> tuple[str, ...]:
        """What a thing of this class may have been seen as while it was no violation: what runs over was a bin."""
        return ()

    @property
    def settle_interval_s(self) -> float:
        return share_of_limit(self.dwell_seconds, 45, CLOSE_S, 10.0)


@dataclass(slots=True, eq=False)
class Spot:
    """One thing in its place. `seen` and `score` are means over the time in which nothing hid it.

    `near_since`: for kinds that count others at it, since when (pts ns) each track has been there.
    `mistaken_s`: for how long the very thing has been seen as something else.
    """

    incident: Incident
    box: Box
    track_id: int
    seen: TimedMean = field(default_factory=TimedMean)
    score: TimedMean = field(default_factory=TimedMean)
    shares: dict[str, TimedMean] = field(default_factory=dict)
    class_seconds: dict[str, float] = field(default_factory=dict)
    near_since: dict[int, int] = field(default_factory=dict)
    absent_s: float = 0.0
    mistaken_s: float = 0.0

    @property
    def held_ns(self) -> int:
        """When it was last certainly there."""
        return self.incident.positions[-1].pts_ns

    @property
    def is_confirmed(self) -> bool:
        return self.incident.state is IncidentState.CONFIRMED

    def share(self, name: str) -> TimedMean:
        """A mean over time of the kind's own, begun when first asked for."""
        return self.shares.setdefault(name, TimedMean())


@dataclass(frozen=True, slots=True)
class _Harmless:
    """What was last seen at `pts_ns` as no violation: of another class, or permitted."""

    box: Box
    class_name: str
    pts_ns: int


@dataclass(frozen=True, slots=True)
class _State:
    """What of a judge outlives a restart of the worker."""

    spots: tuple[Spot, ...]
    in_force_since_ns: int | None
    harmless: dict[int, _Harmless] = field(default_factory=dict)


_STATE = TypeAdapter(_State)


class Likeness(Protocol):
    """Whether what is seen now is what stood in the spot."""

    def learn(self, look: Look) -> None:
        """Take in a look before its subjects are compared."""
        ...

    def is_same(self, spot: Spot, subject: Subject, look: Look) -> bool:
        """Whether this subject is the spot's thing."""
        ...

    def has_left(self, spot: Spot, look: Look) -> bool:
        """Whether the thing was seen to leave, so that nothing need be waited for."""
        ...


class SpotPolicy(Protocol):
    """What one kind adds: what counts, what more must be proven, and what the incident falls under."""

    def is_candidate(self, subject: Subject, look: Look) -> bool:
        """Whether such a thing there and then can be a violation (class and ground have been looked at)."""
        ...

    def note(self, spot: Spot, look: Look) -> None:
        """Gather the kind's own evidence about a spot that is there now."""
        ...

    def is_proven(self, spot: Spot, look: Look) -> bool:
        """Whether the kind's own evidence is enough to confirm."""
        ...

    def labels(self, spot: Spot, look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Codes and flags of the incident as it stands now."""
        ...


class SamePlace:
    """Whatever of the kind stands on the same ground is the same: heaps, bins and stalls."""

    def learn(self, look: Look) -> None:
        """Nothing is remembered of things outside their spots."""

    def is_same(self, spot: Spot, subject: Subject, look: Look) -> bool:
        is_there = subject.track.seen or subject.track.held
        return is_there and shared(subject.track.xyxy, spot.box) >= SAME_PLACE

    def has_left(self, spot: Spot, look: Look) -> bool:
        return False


class SpotJudge:
    """The spots of one zone for one kind."""

    def __init__(self, place: Place, config: SpotConfig, policy: SpotPolicy, likeness: Likeness | None = None) -> None:
        self._place = place
        self._config = config
        self._policy = policy
        self._likeness = likeness or SamePlace()
        self._spots: list[Spot] = []
        self._harmless: dict[int, _Harmless] = {}
        self._in_force_since_ns: int | None = None
        self._pts_ns: int | None = None

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        return tuple(spot.incident for spot in self._spots)

    @property
    def waiting(self) -> tuple[tuple[int, int], ...]:
        """Limits to come; and a spot that was not found is looked at closely until it is clear whether it is gone."""
        limit_ns = round(self._config.dwell_seconds * NANOSECONDS)
        pending = [(s.incident.started_pts_ns, limit_ns) for s in self._spots if not s.is_confirmed]
        looked_for = [s for s in self._spots if 0 < s.absent_s < ABSENT_SECONDS]
        missed = [(self._pts_ns, 0) for _ in looked_for if self._pts_ns is not None]
        return (*pending, *missed)

    @property
    def spots(self) -> tuple[Spot, ...]:
        """The open spots, oldest first."""
        return tuple(self._spots)

    def snapshot(self) -> dict[str, Any]:
        """Its open spots as plain JSON, the oldest when there are too many: what outlives a restart."""
        state = _State(tuple(self._spots[:MAX_SPOTS]), self._in_force_since_ns, self._harmless)
        dumped: dict[str, Any] = _STATE.dump_python(state, mode="json")
        return dumped

    def restore(self, state: Mapping[str, Any], shift_ns: int) -> None:
        """Take up `snapshot`'s state on a timeline that is `shift_ns` ahead. Raises ValueError when it is none."""
        before = _STATE.validate_python(state)
        self._spots = [_moved(spot, shift_ns) for spot in before.spots]
        self._harmless = {
            track_id: replace(one, pts_ns=one.pts_ns + shift_ns) for track_id, one in before.harmless.items()
        }
        self._in_force_since_ns = _later(before.in_force_since_ns, shift_ns)

    def observe(self, look: Look) -> list[Incident]:
        if not look.in_force:
            self._in_force_since_ns = self._pts_ns = None
            return [self._end(spot, look) for spot in list(self._spots)]
        if self._in_force_since_ns is None:
            self._in_force_since_ns = look.pts_ns
        self._likeness.learn(look)
        self._note_harmless(look)
        changes = [self._end(spot, look) for spot in list(self._spots) if self._likeness.has_left(spot, look)]
        taken = self._match(look)
        for spot in list(self._spots):
            changes.extend(self._go_on(spot, taken.get(id(spot), []), look))
        changes.extend(self._merge(look))
        known = {subject.track.track_id for subjects in taken.values() for subject in subjects}
        for subject in look.subjects:
            if subject.track.track_id not in known and self._may_begin(subject, look):
                changes.extend(self._begin(subject, look))
        self._pts_ns = look.pts_ns
        return changes

    def _match(self, look: Look) -> dict[int, list[Subject]]:
        """The subjects that are each spot's, oldest spot first, by the identity of the spot."""
        taken: dict[int, list[Subject]] = {}
        for subject in look.subjects:
            if not self._counts(subject, look, HOLD_SHARE):
                continue
            spot = next((spot for spot in self._spots if self._likeness.is_same(spot, subject, look)), None)
            if spot is not None:
                taken.setdefault(id(spot), []).append(subject)
        return taken

    def _counts(self, subject: Subject, look: Look, share: float = 1.0) -> bool:
        on_ground = subject.is_home and subject.footprint_share >= self._config.min_footprint * share
        return on_ground and subject.track.class_name in self._config.classes and self._is_ours(subject, look)

    def _is_ours(self, subject: Subject, look: Look) -> bool:
        return size(subject.track.xyxy, look) >= self._config.min_size and self._policy.is_candidate(subject, look)

    def _note_harmless(self, look: Look) -> None:
        """Remember of each live track when it was last seen as no violation; the tracker bounds how many there are."""
        live = {subject.track.track_id for subject in look.subjects}
        self._harmless = {track_id: one for track_id, one in self._harmless.items() if track_id in live}
        former = {name for counted in self._config.classes for name in self._config.formerly(counted)}
        for subject in look.subjects:
            track = subject.track
            permitted = track.class_name in self._config.classes and not self._policy.is_candidate(subject, look)
            if track.seen and (permitted or track.class_name in former):
                self._harmless[track.track_id] = _Harmless(track.xyxy, track.class_name, look.pts_ns)

    def _harmless_until_ns(self, track: TrackView) -> int | None:
        """When this very thing, or what stood in its place, was last seen as no violation."""
        return max(
            (one.pts_ns for track_id, one in self._harmless.items() if self._was(track_id, one, track)), default=None
        )

    def _was(self, track_id: int, one: _Harmless, track: TrackView) -> bool:
        """Whether what was harmless then is the track now. Its own class is a vote, and tells of all its time."""
        if track_id == track.track_id:
            return one.class_name == track.class_name
        names = (track.class_name, *self._config.formerly(track.class_name))
        return one.class_name in names and shared(one.box, track.xyxy) >= SAME_PLACE

    def _may_begin(self, subject: Subject, look: Look) -> bool:
        track = subject.track
        return track.seen and track.held and track.still_since_pts_ns is not None and self._counts(subject, look)

    def _begin(self, subject: Subject, look: Look) -> list[Incident]:
        track = subject.track
        limits = (track.still_since_pts_ns, self._in_force_since_ns, self._harmless_until_ns(track))
        started_ns = max(value for value in limits if value is not None)
        incident = begun(self._place, self._config.kind, self._config.dwell_seconds, subject.track, look, started_ns)
        spot = Spot(incident, subject.track.xyxy, subject.track.track_id)
        self._spots.append(spot)
        return self._hold(spot, [subject], look) or [spot.incident]

    def _go_on(self, spot: Spot, subjects: Sequence[Subject], look: Look) -> list[Incident]:
        if look.judged_ns(spot.held_ns) > max(self._config.gap_seconds, self._config.clear_seconds) * NANOSECONDS:
            return [self._end(spot, look)]
        if subjects:
            return self._hold(spot, subjects, look)
        if not spot.is_confirmed and self._was_mistaken(spot, look):
            return [self._end(spot, look)]
        if not self._is_covered(spot, look):
            step_s = look.judged_ns(self._pts_ns) / NANOSECONDS if self._pts_ns is not None else 0.0
            spot.absent_s += min(step_s, ABSENT_STEP_S)
            spot.seen.add(look.pts_ns, 0.0)
            long_enough = look.judged_ns(spot.held_ns) >= self._config.clear_seconds * NANOSECONDS
            if long_enough and spot.absent_s >= ABSENT_SECONDS:
                return [self._end(spot, look)]
        return []

    def _was_mistaken(self, spot: Spot, look: Look) -> bool:
        """Whether the very thing is longer seen as something else than as itself: a bin, found running over once."""
        own = next((subject.track for subject in look.subjects if subject.track.track_id == spot.track_id), None)
        if own is None or not own.seen or own.class_name in self._config.classes:
            return False
        step_s = look.judged_ns(self._pts_ns) / NANOSECONDS if self._pts_ns is not None else 0.0
        spot.mistaken_s += min(step_s, MISTAKEN_STEP_S)
        return spot.mistaken_s > sum(spot.class_seconds.values())

    def _is_covered(self, spot: Spot, look: Look) -> bool:
        """Whether something stands in front; what stood there long and was not seen to go, as in glare, still does."""
        tracks = [s.track for s in look.subjects if s.track.class_name in self._config.hiders]
        in_front = [track for track in tracks if track.seen or track.held or _stood_long(track)]
        return any(covers(track.xyxy, spot.box) >= COVERED for track in in_front)

    def _hold(self, spot: Spot, subjects: Sequence[Subject], look: Look) -> list[Incident]:
        """Add a look at which it is there; the incident is a change only when this look confirms it."""
        best = max(subjects, key=lambda subject: (subject.track.seen, subject.track.score))
        track = best.track
        self._gather(spot, best, look)
        spot.incident = replace(
            spot.incident,
            positions=thinned((*spot.incident.positions, TrackPoint(look.pts_ns, track.xyxy, track.score))),
            score=spot.score.value,
        )
        self._policy.note(spot, look)
        codes, flags = self._policy.labels(spot, look)
        spot.incident = replace(spot.incident, codes=codes, flags=flags)
        if spot.is_confirmed:
            return []
        spot.incident = replace(spot.incident, box_xyxy=spot.box, class_name=_most(spot.class_seconds))
        if not self._over_limit(spot, look):
            return []
        spot.incident = replace(
            spot.incident,
            state=IncidentState.CONFIRMED,
            confirmed_pts_ns=look.pts_ns,
            confirmed_at_ns=look.captured_at_ns,
        )
        return [spot.incident]

    def _gather(self, spot: Spot, subject: Subject, look: Look) -> None:
        track = subject.track
        spot.track_id = track.track_id
        spot.absent_s = 0.0
        before_s = spot.seen.seconds
        spot.seen.add(look.pts_ns, float(track.seen))
        spot.score.add(look.pts_ns, track.score, track.score if track.seen else 0.0)
        if track.seen:
            seconds = spot.seen.seconds - before_s
            spot.class_seconds[track.class_name] = spot.class_seconds.get(track.class_name, 0.0) + seconds
            spot.box = _followed(spot.box, track.xyxy)

    def _over_limit(self, spot: Spot, look: Look) -> bool:
        if look.judged_ns(spot.incident.started_pts_ns) < self._config.dwell_seconds * NANOSECONDS:
            return False
        surely = spot.score.value >= self._config.min_score and spot.seen.value >= self._config.min_seen
        return surely and self._policy.is_proven(spot, look)

    def _merge(self, look: Look) -> list[Incident]:
        """Heaps that have grown into one go on as the oldest."""
        if not isinstance(self._likeness, SamePlace):
            return []
        kept: list[Spot] = []
        for spot in self._spots:
            if not any(shared(other.box, spot.box) >= SAME_PLACE for other in kept):
                kept.append(spot)
        return [self._end(spot, look) for spot in list(self._spots) if spot not in kept]

    def _end(self, spot: Spot, look: Look) -> Incident:
        self._spots.remove(spot)
        return ended(spot.incident, look)


def _stood_long(track: TrackView) -> bool:
    since_ns = track.still_since_pts_ns
    return since_ns is not None and track.held_pts_ns - since_ns >= LONG_S * NANOSECONDS


def _followed(box: Box, newer: Box) -> Box:
    """The box, moved a little towards a newer one."""
    left, top, right, bottom = (old + FOLLOW * (new - old) for old, new in zip(box, newer, strict=True))
    return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class PlainPolicy:
    """A kind that asks for nothing but to stand there: always the same codes and flags."""

    codes: tuple[str, ...]
    flags: tuple[str, ...] = ()

    def is_candidate(self, subject: Subject, look: Look) -> bool:
        return True

    def note(self, spot: Spot, look: Look) -> None:
        """There is nothing more to know."""

    def is_proven(self, spot: Spot, look: Look) -> bool:
        return True

    def labels(self, spot: Spot, look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.codes, self.flags


def _moved(spot: Spot, shift_ns: int) -> Spot:
    """The spot on a timeline that is `shift_ns` ahead; its id and its UTC times stay."""
    incident = spot.incident
    spot.incident = replace(
        incident,
        started_pts_ns=incident.started_pts_ns + shift_ns,
        confirmed_pts_ns=_later(incident.confirmed_pts_ns, shift_ns),
        positions=tuple(replace(point, pts_ns=point.pts_ns + shift_ns) for point in incident.positions),
    )
    for mean in (spot.seen, spot.score, *spot.shares.values()):
        mean.last_pts_ns = _later(mean.last_pts_ns, shift_ns)
    spot.near_since = {}
    return spot


def _later(pts_ns: int | None, shift_ns: int) -> int | None:
    return None if pts_ns is None else pts_ns + shift_ns


def _most(seconds: dict[str, float]) -> str:
    return max(seconds, key=lambda name: seconds[name])
