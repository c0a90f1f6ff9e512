"""What judges of different kinds share: identity of incidents, evidence over time, bounded histories."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from detector.incident import TrackPoint
from detector.rules.base import Place

NAMESPACE = uuid.UUID("6f1b2c56-9a55-5c0e-8a39-0b7d2f6f3c11")
MAX_POINTS = 64
LONGEST_STEP_NS = 5_000_000_000
"""One look speaks for at most this long before it: a single lucky look after a gap cannot outweigh the others."""


def incident_id(place: Place, kind: str, track_id: int, started_pts_ns: int, started_at_ns: int) -> str:
    """The same for the same start of the same subject in the same zone: an analysis repeated gives the same ids."""
    parts = (place.camera_id, place.zone_id, kind, str(track_id), str(started_pts_ns), str(started_at_ns))
    return str(uuid.uuid5(NAMESPACE, "\n".join(parts)))


def thinned(points: tuple[TrackPoint, ...]) -> tuple[TrackPoint, ...]:
    """At most `MAX_POINTS` points, the first and the last among them; older ones lie further apart."""
    if len(points) <= MAX_POINTS:
        return points
    return (points[0], *points[2:-1:2], points[-1])


@dataclass(slots=True)
class ScoreMean:
    """Mean of a score over the time it was seen, so that many quick looks weigh no more than a few slow ones."""

    _weighted: float = 0.0
    _seconds: float = 0.0
    _last_pts_ns: int | None = None
    _first: float = 0.0

    def add(self, pts_ns: int, score: float) -> float:
        """Take in one look and return the mean so far."""
        if self._last_pts_ns is None:
            self._first = score
        else:
            seconds = min(pts_ns - self._last_pts_ns, LONGEST_STEP_NS) / 1e9
            self._weighted += score * seconds
            self._seconds += seconds
        self._last_pts_ns = pts_ns
        return self._weighted / self._seconds if self._seconds > 0 else self._first
