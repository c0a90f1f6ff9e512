"""Looks written by hand: tracks as a judge gets them, without a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detector.boxes import Box
from detector.rules.base import Judge, Look, Place, Subject
from detector.rules.table import rule_for
from detector.tracking.track import TrackView
from tests.detector.scripted import EPOCH_NS

S = 1_000_000_000
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def judge(kind: str, zone_class: str = "prohibited", **rule: object) -> Judge:
    """A judge of one zone over the whole picture."""
    config = rule_for(kind).config.model_validate({"kind": kind, **rule})
    return rule_for(kind).make_judge(Place("cam", "zone", 1, zone_class, SQUARE), config)


def track(
    track_id: int, name: str, box: Box, now: float, *, since: float | None = 0.0, seen: bool = True, score: float = 0.6
) -> TrackView:
    """A thing that stands since `since` (None: it moves); unseen, it is not held by its pixels either."""
    still_ns = None if since is None else round(since * S)
    now_ns = round(now * S)
    first_ns = now_ns if still_ns is None else still_ns
    return TrackView(
        *(track_id, name, seen, seen, first_ns, now_ns, now_ns, box, score, score),
        still_since_pts_ns=still_ns,
        still_xyxy=box if still_ns is not None else None,
    )


def look(
    now: float,
    tracks: Sequence[TrackView],
    crops: Mapping[int, Mapping[str, float]] | None = None,
    *,
    in_force: bool = True,
    unfit: Sequence[tuple[float, float]] = (),
) -> Look:
    """One look at a picture of 320 x 180, everything in the zone."""
    now_ns = round(now * S)
    return Look(
        now_ns,
        EPOCH_NS + now_ns,
        (320, 180),
        in_force,
        tuple(Subject(one, 1.0, is_home=True) for one in tracks),
        tuple((round(begin * S), round(end * S)) for begin, end in unfit),
        crops or {},
    )
