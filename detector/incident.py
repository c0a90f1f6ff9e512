"""Incident: one continuing violation seen by one camera."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IncidentState(StrEnum):
    """Pending: it may become one. Confirmed: the limit is passed. Ended: over (or, if never confirmed, dropped)."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where the subject was at one time; `xyxy` in pixels of the source frame, unclipped."""

    pts_ns: int
    xyxy: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class Incident:
    """One state of one incident; every change is a new object with the same `incident_id`.

    `*_pts_ns` are on the camera's timeline, `*_at_ns` are UTC nanoseconds since the epoch. `box_xyxy` is the subject
    at the moment of confirmation (before it: at the latest look), unclipped pixels of a frame of `frame_size_wh`.
    `incident_id` is made from camera, zone, kind and start alone, so that the same clip gives the same ids.
    `positions` is bounded: a thinned history that always holds the first and the last point.
    `codes` are the matter codes (last five digits) that this very incident falls under, the fittest first, empty where
    only the kind's own are known. `flags` are plain identifiers of what else was seen, or could not be told.
    `unfit_seconds`: how much of the time since its start the picture was unfit to judge; no limit counts them.
    """

    incident_id: str
    camera_id: str
    zone_id: str
    zone_version: int
    zone_class: str
    zone_polygon: tuple[tuple[float, float], ...]
    kind: str
    state: IncidentState
    track_id: int
    class_name: str
    limit_seconds: float
    started_pts_ns: int
    started_at_ns: int
    confirmed_pts_ns: int | None
    confirmed_at_ns: int | None
    ended_pts_ns: int | None
    ended_at_ns: int | None
    box_xyxy: tuple[float, float, float, float]
    score: float
    frame_size_wh: tuple[int, int]
    positions: tuple[TrackPoint, ...]
    reasons: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    unfit_seconds: float = 0.0
