"""A track as everybody outside the tracker sees it."""

from __future__ import annotations

from dataclasses import dataclass

from detector.boxes import Box


@dataclass(frozen=True, slots=True)
class TrackView:
    """One tracked thing after one frame. Times are on the camera's timeline, boxes unclipped pixels of the frame.

    `seen`: a detection of this frame belongs to it; otherwise `xyxy` and `score` are those of `last_seen_pts_ns`.
    `held`: it is certainly in its place, seen or shown there by the pixels alone; `held_pts_ns`: when it last was.
    `mean_score` is the mean over the time it was seen. `still_since_pts_ns`: since when it stands where it stands
    now, None while it moves; `still_xyxy` is that place. `left_pts_ns`: the last picture between two looks that
    showed it in the place it has left, or is perhaps leaving; None where none is known.
    """

    track_id: int
    class_name: str
    seen: bool
    held: bool
    first_seen_pts_ns: int
    last_seen_pts_ns: int
    held_pts_ns: int
    xyxy: Box
    score: float
    mean_score: float
    still_since_pts_ns: int | None
    still_xyxy: Box | None
    left_pts_ns: int | None = None
