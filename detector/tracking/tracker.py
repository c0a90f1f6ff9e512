"""The tracker of one camera: detections of irregular frames in, tracks with ids of their own out.

Two rounds of assignment, sure detections first and doubtful ones for what is left (after Zhang et al., ByteTrack,
ECCV 2022), on a motion model that knows only time. A thing that stands still is known by its place's pixels: it stays
itself while it is hidden or missed, and another thing in its place gets an id of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.boxes import Box, Floats, iou
from detector.detections import NO_TRACK, Detections
from detector.tracking.appearance import DIFFERENT, SAME, Glimpse, GlimpseHistory
from detector.tracking.association import FORBIDDEN, assign, buffered_distance, duplicates
from detector.tracking.motion import BoxMotion
from detector.tracking.stillness import HIDDEN_NS, StillMeter
from detector.tracking.track import TrackView
from streams.frame import Image

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """Scores: from `sure` on a detection is assigned first, from `spawn` on it may begin a track. Times in seconds:
    how long a track is kept unseen when it moved, when it stood still, and when its pixels show that it still stands.
    """

    sure: float = 0.3
    spawn: float = 0.3
    moving_memory_s: float = 2.0
    moving_memory_frames: float = 2.5
    still_memory_s: float = 90.0
    held_memory_s: float = 1800.0
    duplicate_iou: float = 0.75
    max_tracks: int = 512


class _Track:
    """State of one track."""

    __slots__ = (
        "box", "class_seconds", "first_ns", "held", "last_ns", "mean_score", "meter", "motion", "score", "seconds",
        "seen", "track_id",
    )  # fmt: skip

    def __init__(self, track_id: int, glimpse: Glimpse, box: Box, score: float, class_id: int) -> None:
        self.track_id = track_id
        self.first_ns = self.last_ns = glimpse.pts_ns
        self.motion = BoxMotion(glimpse.pts_ns, np.array(box))
        self.meter = StillMeter(box, glimpse)
        self.box = box
        self.score = self.mean_score = score
        self.seconds = 0.0
        # A vote of one moment, soon outweighed by the votes of whole seconds.
        self.class_seconds = {class_id: 1e-3 * score}
        self.seen = True
        self.held = False

    @property
    def is_still(self) -> bool:
        return self.meter.since_ns is not None

    @property
    def stands_there(self) -> bool:
        """The pixels of its place show that it still stands where it stood."""
        return self.is_still and self.meter.likeness is not None and self.meter.likeness >= SAME

    @property
    def is_hidden(self) -> bool:
        """It stood still, and the pixels of its place show something else, or it was moved a little."""
        return self.is_still and self.meter.likeness is not None and self.meter.likeness < SAME

    @property
    def class_id(self) -> int:
        return max(self.class_seconds, key=lambda class_id: self.class_seconds[class_id])

    def expected(self, pts_ns: int) -> tuple[Floats, float]:
        """The box to look for, and how far to grow it."""
        if self.stands_there:
            return np.array(self.meter.anchor), 0.0
        if self.is_hidden:
            return np.array(self.meter.anchor), MIN_BUFFER
        spread = self.motion.spread(pts_ns) * BUFFER_PER_SPREAD
        return self.motion.predict(pts_ns), min(max(spread, MIN_BUFFER), MAX_BUFFER)

    def is_replaced(self, pts_ns: int) -> bool:
        """It stood still, and something else has been in its place for longer than a passer-by takes."""
        likeness = self.meter.likeness
        long_ago = pts_ns - self.meter.held_ns > HIDDEN_NS
        return self.is_still and likeness is not None and likeness < DIFFERENT and long_ago

    def take(self, glimpse: Glimpse, box: Box, score: float, class_id: int, history: GlimpseHistory) -> None:
        """A detection of this frame belongs to this track."""
        seconds = min((glimpse.pts_ns - self.last_ns) / SECOND_NS, LONGEST_VOTE_S)
        self.class_seconds[class_id] = self.class_seconds.get(class_id, 0.0) + score * seconds
        self.seconds += seconds
        self.mean_score += (score - self.mean_score) * seconds / max(self.seconds, 1e-9)
        self.motion.update(glimpse.pts_ns, np.array(box))
        self.meter.seen(box, glimpse, history)
        self.box, self.score, self.last_ns = box, score, glimpse.pts_ns
        self.seen, self.held = True, False

    def miss(self, glimpse: Glimpse) -> None:
        """No detection of this frame belongs to this track."""
        self.seen, self.held = False, self.meter.unseen(glimpse)

    def view(self, class_names: Sequence[str]) -> TrackView:
        return TrackView(
            track_id=self.track_id,
            class_name=class_names[self.class_id],
            seen=self.seen,
            held=self.held or (self.seen and self.meter.held_ns == self.last_ns),
            first_seen_pts_ns=self.first_ns,
            last_seen_pts_ns=self.last_ns,
            held_pts_ns=self.meter.held_ns,
            xyxy=self.box,
            score=self.score,
            mean_score=self.mean_score,
            still_since_pts_ns=self.meter.since_ns,
            still_xyxy=self.meter.anchor if self.is_still else None,
        )


MIN_BUFFER = 0.2
MAX_BUFFER = 0.3
BUFFER_PER_SPREAD = 0.2
SURE_LIMIT = 0.85
DOUBTFUL_LIMIT = 0.6
STILL_LIMIT = 0.7
SAME_PLACE_BONUS = 0.3
"""Before all others, a detection belongs to the thing whose pixels still show in its place."""
LONGEST_VOTE_S = 5.0
SPAWN_OVERLAP = 0.45


class Tracker:
    """Tracks of one camera. Give it every analysed frame in the order of `pts_ns`."""

    def __init__(self, class_names: Sequence[str], options: TrackerOptions | None = None, *, first_id: int = 1) -> None:
        self._class_names = tuple(class_names)
        self._options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self.next_id = first_id
        self._history = GlimpseHistory()
        self._pts_ns: int | None = None
        self._interval_ns = 0.0

    @property
    def views(self) -> tuple[TrackView, ...]:
        """Every live track after the last frame, seen in it or not, oldest first."""
        return tuple(track.view(self._class_names) for track in self._tracks)

    def update(self, pts_ns: int, image: Image, detections: Detections) -> Detections:
        """Take in one frame and return its detections with track ids, `NO_TRACK` where none was given.

        Raises ValueError when `pts_ns` is not after the last frame's.
        """
        self._advance(pts_ns)
        glimpse = Glimpse(pts_ns, image)
        for track in self._tracks:
            track.meter.compare(glimpse)
        owners = self._associate(pts_ns, detections)
        for index, track in owners.items():
            track.take(glimpse, *_row(detections, index), self._history)
        taken = {track.track_id for track in owners.values()}
        for track in self._tracks:
            if track.track_id not in taken:
                track.miss(glimpse)
        self._spawn(glimpse, detections, owners)
        self._evict(pts_ns)
        self._history.add(glimpse)
        ids = np.full(len(detections), NO_TRACK, np.int64)
        for index, track in owners.items():
            ids[index] = track.track_id
        return Detections(detections.xyxy, detections.score, detections.class_id, ids)

    def _advance(self, pts_ns: int) -> None:
        if self._pts_ns is not None:
            step_ns = pts_ns - self._pts_ns
            if step_ns <= 0:
                raise ValueError(f"frames must come in order: {pts_ns} ns after {self._pts_ns} ns")
            self._interval_ns = step_ns if self._interval_ns == 0 else 0.8 * self._interval_ns + 0.2 * step_ns
        self._pts_ns = pts_ns

    def _associate(self, pts_ns: int, detections: Detections) -> dict[int, _Track]:
        """Tracks by the index of the detection that is theirs."""
        usable = ~duplicates(detections.xyxy, detections.score, self._options.duplicate_iou)
        sure = np.flatnonzero(usable & (detections.score >= self._options.sure))
        doubtful = np.flatnonzero(usable & (detections.score < self._options.sure))
        owners: dict[int, _Track] = {}
        free = [track for track in self._tracks if not track.is_replaced(pts_ns)]
        for candidates, limit in ((sure, SURE_LIMIT), (doubtful, DOUBTFUL_LIMIT)):
            cost = _cost(free, pts_ns, detections.xyxy[candidates].astype(np.float64), limit)
            for row, column in assign(cost, limit):
                owners[int(candidates[column])] = free[row]
            taken = {track.track_id for track in owners.values()}
            free = [track for track in free if track.track_id not in taken]
        return owners

    def _spawn(self, glimpse: Glimpse, detections: Detections, owners: dict[int, _Track]) -> None:
        """New tracks for sure detections that are nobody's and not a second box around somebody's."""
        dropped = duplicates(detections.xyxy, detections.score, self._options.duplicate_iou)
        fresh = [
            index
            for index in np.flatnonzero(~dropped & (detections.score >= self._options.spawn)).tolist()
            if index not in owners
        ]
        owned = np.array(sorted(owners), np.int64)
        overlap = iou(detections.xyxy[fresh], detections.xyxy[owned]) if fresh else np.zeros((0, 0))
        for row, index in enumerate(fresh):
            if overlap[row].max(initial=0.0) > SPAWN_OVERLAP:
                continue
            track = _Track(self.next_id, glimpse, *_row(detections, index))
            self.next_id += 1
            self._tracks.append(track)
            owners[index] = track

    def _evict(self, pts_ns: int) -> None:
        kept = [track for track in self._tracks if pts_ns - track.last_ns <= self._memory_ns(track)]
        if len(kept) > self._options.max_tracks:
            newest = sorted(kept, key=lambda track: (track.last_ns, track.track_id))[-self._options.max_tracks :]
            kept = [track for track in kept if track in newest]
        self._tracks = kept

    def _memory_ns(self, track: _Track) -> float:
        options = self._options
        if track.held:
            return options.held_memory_s * SECOND_NS
        if track.is_still:
            return track.meter.held_ns - track.last_ns + options.still_memory_s * SECOND_NS
        return max(options.moving_memory_s * SECOND_NS, options.moving_memory_frames * self._interval_ns)


def _row(detections: Detections, index: int) -> tuple[Box, float, int]:
    left, top, right, bottom = (float(value) for value in detections.xyxy[index])
    return (left, top, right, bottom), float(detections.score[index]), int(detections.class_id[index])


def _cost(tracks: Sequence[_Track], pts_ns: int, seen: Floats, limit: float) -> npt.NDArray[np.floating]:
    """Cost (T, D) of giving each detection (D, 4) to each track; over `limit` where it must not be."""
    if not tracks or not len(seen):
        return np.zeros((len(tracks), len(seen)))
    boxes, buffers = zip(*(track.expected(pts_ns) for track in tracks), strict=True)
    cost = buffered_distance(np.array(boxes), seen, np.array(buffers))
    for row, track in enumerate(tracks):
        if track.stands_there or track.is_hidden:
            bonus = SAME_PLACE_BONUS if track.stands_there else 0.0
            cost[row] = np.where(cost[row] <= STILL_LIMIT, cost[row] - bonus, FORBIDDEN)
    cost[cost > limit] = FORBIDDEN
    return cost
