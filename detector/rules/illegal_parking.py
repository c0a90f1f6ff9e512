"""Illegal parking: a vehicle that stands in the zone for the limit, while the rule is in force.

The timer starts when the vehicle stands still in the zone while the rule is in force. It goes on while the detector
misses the vehicle but the pixels of its place still show it, and while it is hidden for at most `gap_seconds` if the
same thing is then found in the same place. It ends when the vehicle moves away, stays hidden for longer, or the rule is
no longer in force.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from detector.boxes import Box
from detector.incident import Incident, IncidentState, TrackPoint
from detector.rules.base import CLOSE_S, Look, Place, Rule, RuleConfig, Subject, share_of_limit
from detector.rules.flags import ACCESSIBLE_WAY, FIRE_LANE, PARKING, Area, parking_codes, parking_flags
from detector.rules.history import StayEvidence, begun, ended, shifted, shifted_points, thin
from detector.rules.shapes import same_ground, size
from detector.tracking.track import TrackView
from streams.demand import Demand

KIND = "illegal_parking"
NANOSECONDS = 1_000_000_000
MAX_STAYS = 128
"""In a snapshot; a picture has no room for more."""


class IllegalParkingConfig(RuleConfig):
    """Limits of illegal parking. `dwell_seconds` is how long a vehicle may stand."""

    kind: Literal["illegal_parking"] = "illegal_parking"
    dwell_seconds: Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("car", "bus", "truck")
    min_score: Annotated[float, Field(ge=0, le=1, description="Score over the whole stay")] = 0.3
    min_seen: Annotated[float, Field(ge=0, le=1, description="Share of the stay in which the detector saw it")] = 0.15
    min_footprint: Annotated[float, Field(gt=0, le=1, description="Share of the footprint inside the zone")] = 0.5
    min_size: Annotated[
        float, Field(ge=0, le=1, description="Root of the box's area over the picture's height: smaller proves nothing")
    ] = 0.1
    gap_seconds: Annotated[float, Field(ge=0, le=3600, description="Longest time hidden within one stay")] = 45.0
    areas: Annotated[tuple[Area, ...], Field(max_length=7, description="What ground the zone was drawn on")] = ()
    exempt_classes: Annotated[tuple[str, ...], Field(description="Classes that may stand here, like buses")] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        # Exempt classes are tracked too: what the model takes for one of them most of the time is one.
        return tuple(dict.fromkeys((*self.classes, *self.exempt_classes)))

    @property
    def counted(self) -> tuple[str, ...]:
        """The classes whose vehicles may not stand here."""
        return tuple(name for name in self.classes if name not in self.exempt_classes)

    @model_validator(mode="after")
    def _somebody_is_left(self) -> Self:
        if not self.counted:
            raise ValueError("classes: every one of them is in exempt_classes, so that nothing is left to find")
        return self

    @property
    def looks(self) -> Demand:
        rest_s = share_of_limit(self.dwell_seconds, 15, 4.0, 10.0)
        # Motion asks for nothing: when a vehicle came and went the key frames between two looks tell.
        return Demand(rest_interval_s=rest_s, active_interval_s=rest_s, key_patience_s=10.0)

    @property
    def settle_interval_s(self) -> float:
        return share_of_limit(self.dwell_seconds, 45, CLOSE_S, 10.0)


@dataclass(slots=True)
class _Stay:
    """One vehicle standing in the zone. `still_since_ns` tells this standing from a later one of the same vehicle.

    `incident` is what was last reported; `points`, `evidence` and `class_name` go on from look to look.
    """

    incident: Incident
    still_since_ns: int
    class_name: str
    box: Box
    points: list[TrackPoint] = field(default_factory=list)
    evidence: StayEvidence = field(default_factory=StayEvidence)

    @property
    def is_confirmed(self) -> bool:
        return self.incident.state is IncidentState.CONFIRMED

    @property
    def now(self) -> Incident:
        """The incident as the last look left it."""
        return replace(
            self.incident,
            class_name=self.class_name,
            box_xyxy=self.box,
            score=self.evidence.score,
            positions=tuple(self.points),
        )


@dataclass(frozen=True, slots=True)
class _State:
    """What of a judge outlives a restart of the worker."""

    stays: tuple[_Stay, ...]
    not_before_ns: dict[int, int]
    in_force_since_ns: int | None
    away: tuple[int, ...] = ()


_STATE = TypeAdapter(_State)


class IllegalParkingJudge:
    """The vehicles that stand in one zone."""

    def __init__(self, place: Place, config: IllegalParkingConfig) -> None:
        self._place = place
        self._config = config
        self._stays: dict[int, _Stay] = {}
        self._not_before_ns: dict[int, int] = {}
        self._away: set[int] = set()
        """Vehicles hidden for too long and not found again yet: should they be, their time begins then."""
        self._in_force_since_ns: int | None = None

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        return tuple(stay.now for stay in self._stays.values())

    @property
    def waiting(self) -> tuple[tuple[int, int], ...]:
        limit_ns = round(self._config.dwell_seconds * NANOSECONDS)
        return tuple((stay.incident.started_pts_ns, limit_ns) for stay in self._stays.values() if not stay.is_confirmed)

    def snapshot(self) -> dict[str, Any]:
        """Its open stays as plain JSON, the oldest when there are too many."""
        longest = tuple(self._stays.values())[:MAX_STAYS]
        state = _State(longest, self._not_before_ns, self._in_force_since_ns, tuple(sorted(self._away)))
        dumped: dict[str, Any] = _STATE.dump_python(state, mode="json")
        return dumped

    def restore(self, state: Mapping[str, Any], shift_ns: int) -> None:
        """Take up `snapshot`'s state. Raises ValueError when it is none."""
        before = _STATE.validate_python(state)
        for stay in before.stays:
            stay.incident = shifted(stay.incident, shift_ns)
            stay.still_since_ns += shift_ns
            stay.points = shifted_points(stay.points, shift_ns)
            if stay.evidence.last_pts_ns is not None:
                stay.evidence.last_pts_ns += shift_ns
        self._stays = {stay.incident.track_id: stay for stay in before.stays}
        self._not_before_ns = {track_id: pts_ns + shift_ns for track_id, pts_ns in before.not_before_ns.items()}
        self._away = set(before.away)
        since_ns = before.in_force_since_ns
        self._in_force_since_ns = None if since_ns is None else since_ns + shift_ns

    def observe(self, look: Look) -> list[Incident]:
        if not look.in_force:
            self._in_force_since_ns = None
            return [self._end(track_id, look) for track_id in list(self._stays)]
        if self._in_force_since_ns is None:
            self._in_force_since_ns = look.pts_ns
        subjects = {subject.track.track_id: subject for subject in look.subjects}
        changes = [self._end(track_id, look) for track_id in list(self._stays) if track_id not in subjects]
        self._not_before_ns = {key: value for key, value in self._not_before_ns.items() if key in subjects}
        self._find_again(subjects, look)
        for subject in subjects.values():
            changes.extend(self._judge(subject, look))
        return changes

    def _find_again(self, subjects: Mapping[int, Subject], look: Look) -> None:
        found = {track_id for track_id in self._away if track_id in subjects and subjects[track_id].track.held}
        self._not_before_ns.update(dict.fromkeys(found, look.pts_ns))
        self._away = {track_id for track_id in self._away - found if track_id in subjects}

    def _judge(self, subject: Subject, look: Look) -> list[Incident]:
        changes = []
        stay = self._stays.get(subject.track.track_id)
        if stay is not None:
            _catch_up(stay, subject.track)
        if stay is not None and self._is_over(stay, subject, look):
            changes.append(self._end(subject.track.track_id, look))
            stay = None
        if stay is not None and subject.track.held:
            changes.extend(self._extend(stay, subject.track, look))
        still_since_ns = subject.track.still_since_pts_ns
        if stay is None and still_since_ns is not None and self._may_begin(subject, look):
            changes.extend(self._begin(subject.track, still_since_ns, look))
        return changes

    def _is_over(self, stay: _Stay, subject: Subject, look: Look) -> bool:
        track = subject.track
        if look.judged_ns(stay.points[-1].pts_ns) > self._config.gap_seconds * NANOSECONDS:
            # Found again after too long, now or later: what it did meanwhile nobody knows, so its time starts anew.
            self._not_before_ns[track.track_id] = look.pts_ns
            self._away |= set() if track.held else {track.track_id}
            return True
        if track.still_since_pts_ns is None or track.still_since_pts_ns > stay.still_since_ns:
            return True
        # What stands still has not left the zone, though somebody in front cuts its box off above the kerb.
        return track.seen and not subject.is_home

    def _may_begin(self, subject: Subject, look: Look) -> bool:
        track = subject.track
        if not (track.seen and track.held and subject.is_home) or track.class_name not in self._config.counted:
            return False
        if subject.footprint_share < self._config.min_footprint or size(track.xyxy, look) < self._config.min_size:
            return False
        return not self._on_ground_of_another(track.track_id, track.xyxy)

    def _on_ground_of_another(self, track_id: int, box: Box) -> bool:
        """Whether an older stay has that ground: one vehicle found in part, or half hidden and taken for another."""
        older = itertools.takewhile(lambda key: key != track_id, self._stays)
        return any(same_ground(box, self._stays[key].box) for key in older)

    def _begin(self, track: TrackView, still_since_ns: int, look: Look) -> list[Incident]:
        limits = (still_since_ns, self._in_force_since_ns, self._not_before_ns.get(track.track_id))
        started_ns = max(limit for limit in limits if limit is not None)
        plain = begun(self._place, KIND, self._config.dwell_seconds, track, look, started_ns)
        incident = replace(plain, codes=parking_codes(self._config.areas), flags=parking_flags(self._config.areas))
        stay = self._stays[track.track_id] = _Stay(incident, still_since_ns, track.class_name, track.xyxy)
        return self._extend(stay, track, look) or [stay.now]

    def _extend(self, stay: _Stay, track: TrackView, look: Look) -> list[Incident]:
        """Add a look at the standing vehicle; the incident is a change only when this look confirms it."""
        surest = stay.evidence.add(look.pts_ns, track.score if track.seen else None)
        stay.points.append(TrackPoint(look.pts_ns, track.xyxy, track.score))
        thin(stay.points)
        if stay.is_confirmed:
            return []
        stay.class_name = track.class_name
        if surest:
            stay.box = track.xyxy
        if not self._over_limit(stay, look):
            return []
        stay.incident = replace(
            stay.now,
            state=IncidentState.CONFIRMED,
            confirmed_pts_ns=look.pts_ns,
            confirmed_at_ns=look.captured_at_ns,
        )
        return [stay.incident]

    def _over_limit(self, stay: _Stay, look: Look) -> bool:
        if look.judged_ns(stay.incident.started_pts_ns) < self._config.dwell_seconds * NANOSECONDS:
            return False
        proven = stay.evidence.score >= self._config.min_score and stay.evidence.seen_share >= self._config.min_seen
        known = stay.class_name in self._config.counted
        return proven and known and not self._on_ground_of_another(stay.incident.track_id, stay.box)

    def _end(self, track_id: int, look: Look) -> Incident:
        """End a stay at the last moment at which the vehicle was certainly there."""
        return ended(self._stays.pop(track_id).now, look)


def _catch_up(stay: _Stay, track: TrackView) -> None:
    """Take in what pictures between two looks told: it was still in its place."""
    last, left_ns = stay.points[-1], track.left_pts_ns
    if left_ns is not None and left_ns > last.pts_ns:
        stay.points.append(replace(last, pts_ns=left_ns))
        thin(stay.points)


def _make_judge(place: Place, config: RuleConfig) -> IllegalParkingJudge:
    if not isinstance(config, IllegalParkingConfig):
        raise TypeError(f"expected IllegalParkingConfig, got {type(config).__name__}")
    return IllegalParkingJudge(place, config)


RULE = Rule(
    kind=KIND,
    title="Illegal parking",
    codes=(PARKING, FIRE_LANE, ACCESSIBLE_WAY),
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "two panoramas of the same vehicle, further apart than the allowed stop, and a close-up with its plate region",
        "the camera's own clip from before it stops until after the limit",
    ),
    config=IllegalParkingConfig,
    make_judge=_make_judge,
)
