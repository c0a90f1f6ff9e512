"""The tracker of one camera: detections of irregular frames in, tracks with ids of their own out.

Two rounds of assignment, sure detections first and doubtful ones for what is left (after Zhang et al., ByteTrack,
ECCV 2022), on a motion model that knows only time. A thing that stands still is known by its place's pixels: it stays
itself while it is hidden or missed, and another thing in its place gets an id of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.boxes import Box, Floats, box_iou, iou
from detector.detections import NO_TRACK, Detections
from detector.tracking.appearance import DIFFERENT, SAME, Glimpse, GlimpseHistory, Patch, Recall, similarities
from detector.tracking.association import FORBIDDEN, assign, buffered_distance, duplicates, height_overlap, turning
from detector.tracking.motion import Motions
from detector.tracking.state import MAX_TRACKS, StillTrack, TrackerState, patch_from, patch_text
from detector.tracking.stillness import HIDDEN_NS, StillMeter
from detector.tracking.track import TrackView
from streams.frame import Image

SECOND_NS = 1_000_000_000

Found = tuple[Box, float, int]
"""One detection in plain numbers: box, score, class id."""


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
    """State of one track, all but its motion."""

    __slots__ = (
        "box", "class_seconds", "first_ns", "held", "last_ns", "mean_score", "meter", "score", "seconds", "seen",
        "skipped_ns", "track_id",
    )  # fmt: skip

    def __init__(self, track_id: int, pts_ns: int, found: Found, patch: Patch | None) -> None:
        box, score, class_id = found
        self.track_id = track_id
        self.first_ns = self.last_ns = pts_ns
        self.meter = StillMeter(box, pts_ns, patch)
        self.box = box
        self.score = self.mean_score = score
        self.seconds = 0.0
        self.skipped_ns = 0
        # A vote of one moment, soon outweighed by the votes of whole seconds.
        self.class_seconds = {class_id: 1e-3 * score}
        self.seen = True
        self.held = False

    @property
    def is_still(self) -> bool:
        return self.meter.since_ns is not None

    @property
    def class_id(self) -> int:
        seconds = self.class_seconds
        return next(iter(seconds)) if len(seconds) == 1 else max(seconds, key=seconds.__getitem__)

    def is_replaced(self, pts_ns: int) -> bool:
        """It stood still, and something else has been in its place for longer than a passer-by takes."""
        meter = self.meter
        return meter.tells and (meter.likeness or 0.0) < DIFFERENT and meter.absent_ns(pts_ns) > HIDDEN_NS

    def take(self, pts_ns: int, found: Found, history: GlimpseHistory) -> bool:
        """A detection of this frame belongs to this track. Whether it stayed in its place."""
        box, score, class_id = found
        seconds = min((pts_ns - self.last_ns - self.skipped_ns) / SECOND_NS, LONGEST_VOTE_S)
        self.class_seconds[class_id] = self.class_seconds.get(class_id, 0.0) + score * seconds
        self.seconds += seconds
        self.mean_score += (score - self.mean_score) * seconds / max(self.seconds, 1e-9)
        stayed = self.meter.seen(box, pts_ns, history)
        self.box, self.score, self.last_ns, self.skipped_ns = box, score, pts_ns, 0
        self.seen, self.held = True, False
        return stayed

    def miss(self, pts_ns: int, history: GlimpseHistory, *, is_alone: bool) -> None:
        """No detection of this frame belongs to this track; `is_alone`: nothing else stands in its place."""
        self.seen, self.held = False, self.meter.unseen(pts_ns, history, is_alone=is_alone)

    def skip(self, gap_ns: int) -> None:
        """Nothing could be seen for so long."""
        self.skipped_ns += gap_ns
        self.meter.skip(gap_ns)

    def state(self, class_names: Sequence[str]) -> StillTrack | None:
        """What is needed to know it again; None when it moves, or when its place shows nothing to know it by."""
        meter = self.meter
        if meter.since_ns is None or meter.reference is None:
            return None
        return StillTrack(
            track_id=self.track_id,
            class_seconds={class_names[class_id]: seconds for class_id, seconds in self.class_seconds.items()},
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            box=self.box,
            score=self.score,
            mean_score=self.mean_score,
            seconds=self.seconds,
            since_ns=meter.since_ns,
            held_ns=meter.held_ns,
            anchor=meter.anchor,
            reference=patch_text(meter.reference),
            empty=None if meter.empty is None else patch_text(meter.empty),
        )

    @classmethod
    def from_state(cls, state: StillTrack, class_names: Sequence[str], shift_ns: int) -> _Track | None:
        """The track again, on a timeline that is `shift_ns` ahead; None when the model knows its class no more."""
        known = {class_names.index(name): value for name, value in state.class_seconds.items() if name in class_names}
        if not known:
            return None
        track = cls(state.track_id, state.held_ns + shift_ns, (state.anchor, state.score, next(iter(known))), None)
        track.class_seconds = known
        track.first_ns, track.last_ns = state.first_ns + shift_ns, state.last_ns + shift_ns
        track.box, track.mean_score, track.seconds = state.box, state.mean_score, state.seconds
        track.seen = False
        track.meter.reference = patch_from(state.reference)
        empty = None if state.empty is None else patch_from(state.empty)
        track.meter.resume(state.since_ns + shift_ns, state.held_ns + shift_ns, empty)
        return track

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
            left_pts_ns=self.meter.left_ns,
        )


MIN_BUFFER = 0.2
MAX_BUFFER = 1.0
"""In box sizes: how far around its expected place a thing is looked for, the further the less is known of it."""
BUFFER_PER_SPREAD = 1.0
SURE_LIMIT = 0.85
DOUBTFUL_LIMIT = 0.6
STILL_LIMIT = 0.7
SAME_PLACE_BONUS = 0.3
"""Before all others, a detection belongs to the thing whose pixels still show in its place."""
HEIGHT_POWER = 2.0
"""How much the shared height counts beside the shared area."""
TURN_WEIGHT = 0.2
"""What turning right about costs."""
MAX_SOUGHT = 32
LONGEST_VOTE_S = 5.0
SPAWN_OVERLAP = 0.45


class Tracker:
    """Tracks of one camera. Give it every analysed frame in the order of `pts_ns`.

    `recall` is asked for pictures between two looks when something has come to stand or has gone: when exactly.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        options: TrackerOptions | None = None,
        *,
        first_id: int = 1,
        recall: Recall | None = None,
    ) -> None:
        self._class_names = tuple(class_names)
        self._options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self._motions = Motions()
        self._views: tuple[TrackView, ...] = ()
        self.next_id = first_id
        self._history = GlimpseHistory(recall=recall)
        self._pts_ns: int | None = None
        self._interval_ns = 0.0

    @property
    def views(self) -> tuple[TrackView, ...]:
        """Every live track after the last frame, seen in it or not, oldest first."""
        return self._views

    def state(self) -> TrackerState:
        """What outlives a restart: things that stand still, the latest seen first kept when there are too many."""
        states = [state for track in self._tracks if (state := track.state(self._class_names)) is not None]
        kept = sorted(states, key=lambda state: state.last_ns)[-MAX_TRACKS:]
        return TrackerState(next_id=self.next_id, tracks=tuple(sorted(kept, key=lambda state: state.track_id)))

    def resume(self, state: TrackerState, shift_ns: int) -> None:
        """Take up the tracks of an earlier life, on a timeline that is `shift_ns` ahead of theirs."""
        found = [_Track.from_state(one, self._class_names, shift_ns) for one in state.tracks]
        self._tracks = [track for track in found if track is not None]
        self._motions = Motions()
        for track in self._tracks:
            self._motions.add(track.last_ns, np.array([track.box]))
        self.next_id = max(self.next_id, state.next_id)
        self._views = tuple(track.view(self._class_names) for track in self._tracks)

    def skip(self, gap_ns: int) -> None:
        """For so long the picture has been unfit to judge: what stood still is remembered for so much longer.

        What moved is not: where it went meanwhile nobody knows.
        """
        for track in self._tracks:
            track.skip(gap_ns)

    def update(self, pts_ns: int, image: Image, detections: Detections) -> Detections:
        """Take in one frame and return its detections with track ids, `NO_TRACK` where none was given.

        Raises ValueError when `pts_ns` is not after the last frame's.
        """
        self._advance(pts_ns)
        glimpse = Glimpse(pts_ns, image)
        found = _found(detections)
        self._compare(glimpse)
        usable = ~duplicates(detections.xyxy, detections.score, self._options.duplicate_iou)
        owners = self._associate(pts_ns, detections, usable)
        self._take(glimpse, found, owners)
        ids = np.full(len(detections), NO_TRACK, np.int64)
        for index, row in owners.items():
            ids[index] = self._tracks[row].track_id
        fresh = self._fresh(detections, usable, owners)
        ids[fresh] = self._spawn(glimpse, [found[index] for index in fresh])
        self._evict(pts_ns)
        self._history.add(glimpse)
        self._views = tuple(track.view(self._class_names) for track in self._tracks)
        return Detections(detections.xyxy, detections.score, detections.class_id, ids)

    def _advance(self, pts_ns: int) -> None:
        if self._pts_ns is not None:
            step_ns = pts_ns - self._pts_ns
            if step_ns <= 0:
                raise ValueError(f"frames must come in order: {pts_ns} ns after {self._pts_ns} ns")
            self._interval_ns = step_ns if self._interval_ns == 0 else 0.8 * self._interval_ns + 0.2 * step_ns
        self._pts_ns = pts_ns

    def _compare(self, glimpse: Glimpse) -> None:
        """Show every track what its place looks like now."""
        now = glimpse.patches([track.meter.anchor for track in self._tracks])
        likeness_of = similarities([track.meter.reference for track in self._tracks], now)
        for track, patch, likeness in zip(self._tracks, now, likeness_of, strict=True):
            track.meter.look(patch, likeness)
        self._steady(glimpse)

    def _steady(self, glimpse: Glimpse) -> None:
        """What stood still and looks different now is looked for within a shake of the camera around its place."""
        lost = [track for track in self._tracks if track.meter.tells and not track.meter.is_alike][:MAX_SOUGHT]
        references = [track.meter.reference for track in lost]
        found = [
            None if reference is None else glimpse.shaken(track.meter.anchor, reference)
            for track, reference in zip(lost, references, strict=True)
        ]
        for track, patch, likeness in zip(lost, found, similarities(references, found), strict=True):
            if likeness is not None and likeness >= SAME:
                track.meter.look(patch, likeness)

    def _associate(self, pts_ns: int, detections: Detections, usable: npt.NDArray[np.bool_]) -> dict[int, int]:
        """Tracks, as rows, by the index of the detection that is theirs."""
        owners: dict[int, int] = {}
        if not self._tracks:
            return owners
        is_sure = detections.score >= self._options.sure
        sure, doubtful = np.flatnonzero(usable & is_sure), np.flatnonzero(usable & ~is_sure)
        distance = self._distance(pts_ns, detections.xyxy.astype(np.float64))
        free = np.array([not track.is_replaced(pts_ns) for track in self._tracks])
        for candidates, limit in ((sure, SURE_LIMIT), (doubtful, DOUBTFUL_LIMIT)):
            rows = np.flatnonzero(free)
            cost = distance[rows[:, None], candidates]
            cost[cost > limit] = FORBIDDEN
            for row, column in assign(cost, limit):
                owners[int(candidates[column])] = int(rows[row])
                free[rows[row]] = False
        return owners

    def _distance(self, pts_ns: int, seen: Floats) -> Floats:
        """Cost (T, D) of giving each detection (D, 4) to each track; `FORBIDDEN` where it must not be."""
        expected = self._motions.predict(pts_ns)
        buffers = np.clip(self._motions.spread(pts_ns) * BUFFER_PER_SPREAD, MIN_BUFFER, MAX_BUFFER)
        # Settled and with a likeness: it stands where it stood, or something hides it.
        known = [(row, track.meter) for row, track in enumerate(self._tracks) if track.meter.tells]
        standing = [row for row, meter in known if meter.is_alike]
        hidden = [row for row, meter in known if not meter.is_alike]
        for row, meter in known:
            expected[row] = meter.anchor
        buffers[standing], buffers[hidden] = 0.0, MIN_BUFFER
        near = buffered_distance(expected, seen, buffers)
        last = np.array([track.box for track in self._tracks])
        turns = turning(last, *self._motions.headings(), seen)
        distance: Floats = 1 - (1 - near) * height_overlap(expected, seen) ** HEIGHT_POWER + TURN_WEIGHT * turns
        # What stands does not turn, and half hidden it is less high.
        for rows, bonus in ((standing, SAME_PLACE_BONUS), (hidden, 0.0)):
            distance[rows] = np.where(near[rows] <= STILL_LIMIT, near[rows] - bonus, FORBIDDEN)
        return distance

    def _take(self, glimpse: Glimpse, found: Sequence[Found], owners: Mapping[int, int]) -> None:
        """Give the detections to their tracks, and let the others know that they were missed."""
        moved = []
        for index, row in owners.items():
            track = self._tracks[row]
            if not track.take(glimpse.pts_ns, found[index], self._history):
                moved.append(track)
        for track, patch in zip(moved, glimpse.patches([track.box for track in moved]), strict=True):
            track.meter.drop_anchor(track.box, glimpse.pts_ns, patch)
        if owners:
            rows = np.fromiter(owners.values(), np.int64, len(owners))
            self._motions.update(rows, glimpse.pts_ns, np.array([found[index][0] for index in owners]))
        taken = set(owners.values())
        for row, track in enumerate(self._tracks):
            if row not in taken:
                track.miss(glimpse.pts_ns, self._history, is_alone=self._is_alone(track))

    def _is_alone(self, track: _Track) -> bool:
        """Whether no other track is known to stand there: one thing is now and then found twice."""
        others = (other for other in self._tracks if other is not track and other.is_still)
        return not any(box_iou(other.meter.anchor, track.meter.anchor) > SPAWN_OVERLAP for other in others)

    def _fresh(self, detections: Detections, usable: npt.NDArray[np.bool_], owners: Mapping[int, int]) -> list[int]:
        """Sure detections that are nobody's and not a second box around somebody's."""
        sure = np.flatnonzero(usable & (detections.score >= self._options.spawn)).tolist()
        fresh = [index for index in sure if index not in owners]
        if not fresh or not owners:
            return fresh
        overlap = iou(detections.xyxy[fresh], detections.xyxy[sorted(owners)]).max(axis=1)
        return [index for index, share in zip(fresh, overlap.tolist(), strict=True) if share <= SPAWN_OVERLAP]

    def _spawn(self, glimpse: Glimpse, fresh: Sequence[Found]) -> list[int]:
        """Begin a track for each, and give their ids."""
        if not fresh:
            return []
        boxes = [box for box, _score, _class_id in fresh]
        ids = list(range(self.next_id, self.next_id + len(fresh)))
        self.next_id += len(fresh)
        for track_id, one, patch in zip(ids, fresh, glimpse.patches(boxes), strict=True):
            self._tracks.append(_Track(track_id, glimpse.pts_ns, one, patch))
        self._motions.add(glimpse.pts_ns, np.array(boxes))
        return ids

    def _evict(self, pts_ns: int) -> None:
        kept = [row for row, track in enumerate(self._tracks) if pts_ns - track.last_ns <= self._memory_ns(track)]
        if len(kept) > self._options.max_tracks:
            kept.sort(key=lambda row: (self._tracks[row].last_ns, self._tracks[row].track_id))
            kept = sorted(kept[-self._options.max_tracks :])
        if len(kept) < len(self._tracks):
            self._tracks = [self._tracks[row] for row in kept]
            self._motions.keep(np.array(kept, np.int64))

    def _memory_ns(self, track: _Track) -> float:
        options = self._options
        if track.meter.gone_ns == self._pts_ns:
            # Once more it is shown to whoever waits for it: when it left is known since this very look.
            return math.inf
        if track.held:
            return options.held_memory_s * SECOND_NS + track.skipped_ns
        if track.is_still:
            held_ns = track.meter.held_ns - track.last_ns
            return held_ns + options.still_memory_s * SECOND_NS + track.skipped_ns
        return max(options.moving_memory_s * SECOND_NS, options.moving_memory_frames * self._interval_ns)


def _found(detections: Detections) -> list[Found]:
    boxes = [(left, top, right, bottom) for left, top, right, bottom in detections.xyxy.tolist()]
    return list(zip(boxes, detections.score.tolist(), detections.class_id.tolist(), strict=True))
