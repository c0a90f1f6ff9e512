"""What the judges get to know of one picture: the whole of it, so that whoever stores it can judge it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from detector.boxes import Box
from detector.tracking.track import TrackView

BOX_STEPS = 8
"""Steps of a pixel in which boxes are judged: a detector is off by more, and a store keeps them small."""
SCORE_STEPS = 1024

CropScores = Mapping[int, Mapping[str, float]]
"""By track id, the score of each class of the crop model."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture as the judges get it; made by `seen_of`, which rounds what is in it.

    Times in nanoseconds: `pts_ns` on the camera's timeline, `captured_at_ns` UTC. `since_pts_ns`: since when the
    picture has been as fit or unfit as it is, where that is known. An unfit picture has neither tracks nor scores.
    """

    pts_ns: int
    captured_at_ns: int
    frame_size_wh: tuple[int, int]
    is_fit: bool = True
    since_pts_ns: int | None = None
    tracks: tuple[TrackView, ...] = ()
    crop_scores: CropScores = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Began:
    """A watch began, `resumed` where an earlier one stopped; what it then tracked and classified, and how often.

    `active_s` and `rest_s`: the shortest intervals, seconds, that its rules asked for; infinite without rules.
    """

    resumed: bool
    classes: tuple[str, ...] = ()
    crop_classes: tuple[str, ...] = ()
    active_s: float = float("inf")
    rest_s: float = float("inf")


def rounded(tracks: Iterable[TrackView]) -> tuple[TrackView, ...]:
    """The tracks to the steps in which they are judged and stored."""
    return tuple(_rounded(track) for track in tracks)


def rounded_scores(scores: CropScores) -> CropScores:
    """The crops' scores to the same steps as the tracks'."""
    return {
        track_id: {name: round(score * SCORE_STEPS) / SCORE_STEPS for name, score in row.items()}
        for track_id, row in scores.items()
    }


def _rounded(track: TrackView) -> TrackView:
    return replace(
        track,
        xyxy=_box(track.xyxy),
        score=round(track.score * SCORE_STEPS) / SCORE_STEPS,
        mean_score=round(track.mean_score * SCORE_STEPS) / SCORE_STEPS,
        still_xyxy=None if track.still_xyxy is None else _box(track.still_xyxy),
    )


def _box(box: Box) -> Box:
    left, top, right, bottom = box
    return (
        round(left * BOX_STEPS) / BOX_STEPS,
        round(top * BOX_STEPS) / BOX_STEPS,
        round(right * BOX_STEPS) / BOX_STEPS,
        round(bottom * BOX_STEPS) / BOX_STEPS,
    )
