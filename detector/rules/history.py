"""What judges of different kinds share: the life of an incident, evidence over time, bounded histories."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from detector.incident import Incident, IncidentState, TrackPoint
from detector.rules.base import Look, Place
from detector.tracking.track import TrackView

NAMESPACE = uuid.UUID("6f1b2c56-9a55-5c0e-8a39-0b7d2f6f3c11")
MAX_POINTS = 64
LONGEST_STEP_NS = 5_000_000_000
"""One look speaks for at most this long before it: a single lucky look after a gap cannot outweigh the others."""


def incident_id(place: Place, kind: str, track_id: int, started_pts_ns: int, started_at_ns: int) -> str:
    """The same for the same start of the same subject in the same zone: an analysis repeated gives the same ids.

    The track is part of it, for several vehicles may stand in a zone since the very first frame.
    """
    parts = (place.camera_id, place.zone_id, kind, str(track_id), str(started_pts_ns), str(started_at_ns))
    return str(uuid.uuid5(NAMESPACE, "\n".join(parts)))


def begun(place: Place, kind: str, limit_seconds: float, track: TrackView, look: Look, started_pts_ns: int) -> Incident:
    """A pending incident that started at `started_pts_ns`, at this look or before it."""
    started_at_ns = look.captured_at_ns - (look.pts_ns - started_pts_ns)
    return Incident(
        incident_id=incident_id(place, kind, track.track_id, started_pts_ns, started_at_ns),
        camera_id=place.camera_id,
        zone_id=place.zone_id,
        zone_version=place.zone_version,
        zone_class=place.zone_class,
        zone_polygon=place.zone_polygon,
        kind=kind,
        state=IncidentState.PENDING,
        track_id=track.track_id,
        class_name=track.class_name,
        limit_seconds=limit_seconds,
        started_pts_ns=started_pts_ns,
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


def ended(incident: Incident, look: Look) -> Incident:
    """The incident, ended at its last position."""
    ended_pts_ns = incident.positions[-1].pts_ns
    return replace(
        incident,
        state=IncidentState.ENDED,
        ended_pts_ns=ended_pts_ns,
        ended_at_ns=look.captured_at_ns - (look.pts_ns - ended_pts_ns),
    )


def shifted(incident: Incident, shift_ns: int) -> Incident:
    """The incident on a timeline that is `shift_ns` ahead; its id and its UTC times stay."""

    def moved(pts_ns: int | None) -> int | None:
        return None if pts_ns is None else pts_ns + shift_ns

    return replace(
        incident,
        started_pts_ns=incident.started_pts_ns + shift_ns,
        confirmed_pts_ns=moved(incident.confirmed_pts_ns),
        ended_pts_ns=moved(incident.ended_pts_ns),
        positions=tuple(shifted_points(incident.positions, shift_ns)),
    )


def shifted_points(points: Iterable[TrackPoint], shift_ns: int) -> list[TrackPoint]:
    """The points on a timeline that is `shift_ns` ahead."""
    return [replace(point, pts_ns=point.pts_ns + shift_ns) for point in points]


def thinned(points: tuple[TrackPoint, ...]) -> tuple[TrackPoint, ...]:
    """At most `MAX_POINTS` points, the first and the last among them; older ones lie further apart."""
    if len(points) <= MAX_POINTS:
        return points
    return (points[0], *points[2:-1:2], points[-1])


def thin(points: list[TrackPoint]) -> None:
    """The same in place, for a history that grows look by look."""
    if len(points) > MAX_POINTS:
        points[:] = thinned(tuple(points))


@dataclass(slots=True)
class StayEvidence:
    """Scores gathered over the time of a stay, so that many quick looks weigh no more than a few slow ones.

    `score` is the mean of the looks that saw it, each weighed by its seconds and by itself: sure looks count more than
    glimpses through leaves. `seen_share` is the part of the time in which the detector saw it at all.
    """

    score: float = 0.0
    seen_share: float = 1.0
    weighted: float = 0.0
    weights: float = 0.0
    seen_seconds: float = 0.0
    seconds: float = 0.0
    last_pts_ns: int | None = None
    best: float = 0.0

    def add(self, pts_ns: int, score: float | None) -> bool:
        """Take in one look, `score` None when only the pixels told. Returns whether it is the surest so far."""
        seconds = 1e-3 if self.last_pts_ns is None else min(pts_ns - self.last_pts_ns, LONGEST_STEP_NS) / 1e9
        self.last_pts_ns = pts_ns
        self.seconds += seconds
        if score is not None:
            self.seen_seconds += seconds
            self.weighted += score * score * seconds
            self.weights += score * seconds
            self.score = self.weighted / max(self.weights, 1e-9)
        self.seen_share = self.seen_seconds / self.seconds
        if score is None or score < self.best:
            return False
        self.best = score
        return True
