"""Illegal parking: a vehicle that stands in the zone for the limit, while the rule is in force.

The timer starts when the vehicle stands still in the zone and the rule is in force; it goes on while the vehicle is
hidden or missed for at most `gap_seconds`, if it is then found in the same place; it ends when the vehicle moves away,
leaves the zone, stays unseen for longer, or the rule is no longer in force.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field

from detector.incident import Incident, IncidentState, TrackPoint
from detector.rules.base import Look, Place, Rule, RuleConfig, Subject
from detector.rules.history import ScoreMean, incident_id, thinned
from detector.tracking.track import TrackView

KIND = "illegal_parking"
NANOSECONDS = 1_000_000_000
HOLD_SHARE = 0.7
"""A vehicle once counted stays in down to this share of `min_footprint`: its box trembles, its wheels do not."""


class IllegalParkingConfig(RuleConfig):
    """Limits of illegal parking. `dwell_seconds` is how long a vehicle may stand."""

    kind: Literal["illegal_parking"] = "illegal_parking"
    dwell_seconds: Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)]
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("car", "bus", "truck")
    min_score: Annotated[float, Field(ge=0, le=1, description="Mean score over the stay")] = 0.3
    min_footprint: Annotated[float, Field(gt=0, le=1, description="Share of the footprint inside the zone")] = 0.5
    gap_seconds: Annotated[float, Field(ge=0, le=3600, description="Longest time unseen within one stay")] = 45.0

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.classes


@dataclass(slots=True)
class _Stay:
    """One vehicle standing in the zone. `still_since_ns` tells this standing from a later one of the same vehicle."""

    incident: Incident
    still_since_ns: int
    score: ScoreMean = field(default_factory=ScoreMean)


class IllegalParkingJudge:
    """The vehicles that stand in one zone."""

    def __init__(self, place: Place, config: IllegalParkingConfig) -> None:
        self._place = place
        self._config = config
        self._stays: dict[int, _Stay] = {}
        self._in_force_since_ns: int | None = None

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        return tuple(stay.incident for stay in self._stays.values())

    def observe(self, look: Look) -> list[Incident]:
        if not look.in_force:
            self._in_force_since_ns = None
            return [self._end(track_id, look) for track_id in list(self._stays)]
        if self._in_force_since_ns is None:
            self._in_force_since_ns = look.pts_ns
        vehicles = {subject.track.track_id: subject for subject in look.subjects if self._concerns(subject)}
        changes = [self._end(track_id, look) for track_id in list(self._stays) if track_id not in vehicles]
        for subject in vehicles.values():
            changes.extend(self._judge(subject, look, self._in_force_since_ns))
        return changes

    def _concerns(self, subject: Subject) -> bool:
        return subject.track.track_id in self._stays or subject.track.class_name in self._config.classes

    def _judge(self, subject: Subject, look: Look, in_force_since_ns: int) -> list[Incident]:
        track = subject.track
        stay = self._stays.get(track.track_id)
        if not track.seen:
            too_long = look.pts_ns - track.last_seen_pts_ns > self._config.gap_seconds * NANOSECONDS
            return [self._end(track.track_id, look)] if stay is not None and too_long else []
        standing = track.still_since_pts_ns is not None and self._inside(subject)
        changes = []
        if stay is not None and (not standing or track.still_since_pts_ns != stay.still_since_ns):
            changes.append(self._end(track.track_id, look))
            stay = None
        if standing and track.still_since_pts_ns is not None:
            if stay is None:
                changes.extend(self._begin(track, track.still_since_pts_ns, look, in_force_since_ns))
            else:
                changes.extend(self._extend(stay, track, look))
        return changes

    def _inside(self, subject: Subject) -> bool:
        needed = self._config.min_footprint
        if subject.track.track_id in self._stays:
            needed *= HOLD_SHARE
        return subject.is_home and subject.footprint_share >= needed

    def _begin(self, track: TrackView, still_since_ns: int, look: Look, in_force_since_ns: int) -> list[Incident]:
        started_ns = max(still_since_ns, in_force_since_ns)
        started_at_ns = look.captured_at_ns - (look.pts_ns - started_ns)
        incident = Incident(
            incident_id=incident_id(self._place, KIND, track.track_id, started_ns, started_at_ns),
            camera_id=self._place.camera_id,
            zone_id=self._place.zone_id,
            zone_version=self._place.zone_version,
            zone_class=self._place.zone_class,
            zone_polygon=self._place.zone_polygon,
            kind=KIND,
            state=IncidentState.PENDING,
            track_id=track.track_id,
            class_name=track.class_name,
            limit_seconds=self._config.dwell_seconds,
            started_pts_ns=started_ns,
            started_at_ns=started_at_ns,
            confirmed_pts_ns=None,
            confirmed_at_ns=None,
            ended_pts_ns=None,
            ended_at_ns=None,
            box_xyxy=track.xyxy,
            score=track.score,
            frame_size_wh=look.frame_size_wh,
            positions=(),
        )
        stay = self._stays[track.track_id] = _Stay(incident, still_since_ns)
        return self._extend(stay, track, look) or [stay.incident]

    def _extend(self, stay: _Stay, track: TrackView, look: Look) -> list[Incident]:
        """Add a look at the standing vehicle; the incident is a change only when this look confirms it."""
        score = stay.score.add(look.pts_ns, track.score)
        point = TrackPoint(look.pts_ns, track.xyxy, track.score)
        positions = thinned((*stay.incident.positions, point))
        if stay.incident.state is IncidentState.CONFIRMED:
            stay.incident = replace(stay.incident, positions=positions, score=score)
            return []
        stay.incident = replace(
            stay.incident, positions=positions, score=score, box_xyxy=track.xyxy, class_name=track.class_name
        )
        if not self._over_limit(stay.incident, look):
            return []
        stay.incident = replace(
            stay.incident,
            state=IncidentState.CONFIRMED,
            confirmed_pts_ns=look.pts_ns,
            confirmed_at_ns=look.captured_at_ns,
        )
        return [stay.incident]

    def _over_limit(self, incident: Incident, look: Look) -> bool:
        stood_ns = look.pts_ns - incident.started_pts_ns
        return stood_ns >= self._config.dwell_seconds * NANOSECONDS and incident.score >= self._config.min_score

    def _end(self, track_id: int, look: Look) -> Incident:
        """End a stay at the last moment at which the vehicle was seen standing."""
        incident = self._stays.pop(track_id).incident
        ended_ns = incident.positions[-1].pts_ns
        return replace(
            incident,
            state=IncidentState.ENDED,
            ended_pts_ns=ended_ns,
            ended_at_ns=look.captured_at_ns - (look.pts_ns - ended_ns),
        )


def _make_judge(place: Place, config: RuleConfig) -> IllegalParkingJudge:
    if not isinstance(config, IllegalParkingConfig):
        raise TypeError(f"expected IllegalParkingConfig, got {type(config).__name__}")
    return IllegalParkingJudge(place, config)


RULE = Rule(
    kind=KIND,
    title="Illegal parking",
    codes=("09009",),
    standard_ref="GB/T 47678.5-2026",
    evidence=(
        "two panoramas of the same vehicle, further apart than the allowed stop, and a close-up with its plate region",
        "the camera's own clip from before it stops until after the limit",
    ),
    config=IllegalParkingConfig,
    make_judge=_make_judge,
)
