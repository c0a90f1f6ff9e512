"""One camera's watch: its tracker, its zones and their rules. Arrays in, incidents out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from detector.attention import attended
from detector.detections import Boxes, Detections
from detector.errors import DetectorError
from detector.incident import Incident
from detector.judges import Judges
from detector.seen import Began, CropScores, Seen, rounded, rounded_scores
from detector.snapshot import MAX_DOWNTIME_S, SnapshotError, WatchState
from detector.tracking.appearance import Recall
from detector.tracking.track import TrackView
from detector.tracking.tracker import Tracker, TrackerOptions
from detector.zones import Zone
from streams.demand import Demand, strictest
from streams.frame import Frame, Image

MIN_SCORE = 0.1
"""Score from which detections are worth giving to a watch: the doubtful ones keep a known vehicle, and begin none."""

Classify = Callable[[Image, Boxes], Sequence[Mapping[str, float]]]
"""Scores of each class of the crop model for each box (N, 4) of a picture."""


class CameraWatch:
    """Watches the frames of one camera, in the order of their `pts_ns`, and no other camera's.

    Pure: no files, sockets, threads or clocks; the same frames and detections give the same incidents. `classify` is
    asked for the crops of the classes that a rule in force wants judged; without it `Look.crop_scores` stays empty.
    `recall` is asked for what the camera showed between two looks when something has come to stand or has gone: without
    it a stay is known to the look.

    Raises DetectorError when a rule asks for a class that the model does not know.
    """

    def __init__(
        self,
        camera_id: str,
        zones: Sequence[Zone],
        class_names: Sequence[str],
        tracker_options: TrackerOptions | None = None,
        classify: Classify | None = None,
        *,
        recall: Recall | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.skipped_frames = 0
        self.unfit_frames = 0
        self._zones = tuple(zones)
        self._class_names = tuple(class_names)
        self._options = tracker_options
        self._classify = classify
        self._recall = recall
        self._judges = Judges(camera_id, zones)
        self._wanted = self._wanted_classes()
        self._tracker = Tracker(self._class_names, tracker_options, recall=recall)
        self._tracked = Detections.empty()
        self._pts_ns: int | None = None
        self._resumed = False
        self._seen: Seen | None = None

    @property
    def tracked(self) -> Detections:
        """The detections of the last frame with their track ids."""
        return self._tracked

    @property
    def tracks(self) -> tuple[TrackView, ...]:
        """Every live track after the last frame."""
        return self._tracker.views

    @property
    def unfit_spans(self) -> tuple[tuple[int, int], ...]:
        """The latest times (from, to; pts ns) in which the picture was unfit to judge, while anything needs them."""
        return self._judges.unfit.spans

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        return self._judges.incidents

    @property
    def seen(self) -> Seen | None:
        """What the judges got to know of the last frame; None when it was left out."""
        return self._seen

    @property
    def began(self) -> Began:
        """How this watch began, and what it tells its judges of."""
        configs = [post.config for post in self._judges.posts]
        wanted = strictest(config.looks for config in configs)
        crop_classes = {name for config in configs for name in config.crop_classes} if self._classify else set()
        return Began(
            resumed=self._resumed,
            classes=tuple(sorted({name for config in configs for name in config.class_names})),
            crop_classes=tuple(sorted(crop_classes)),
            active_s=wanted.active_interval_s if wanted else float("inf"),
            rest_s=wanted.rest_interval_s if wanted else float("inf"),
        )

    def demand(self, captured_at_ns: int, pts_ns: int) -> Demand | None:
        """What the rules want to see of the camera now; None when none is in force and nothing waits for its end.

        `captured_at_ns` tells which rules are in force, `pts_ns` how near a decision is. See `detector.attention`.
        """
        every = strictest(post.config.looks for post in self._judges.posts if post.wants_looks(captured_at_ns))
        look = self._judges.look
        if every is None or look is None:
            return every
        waits = [wait for post in self._judges.posts for wait in post.waits_ns(look)]
        return attended(every, waits, pts_ns, settle_s=self._settle_s(captured_at_ns, pts_ns))

    def next_change_ns(self, captured_at_ns: int) -> int | None:
        """When (UTC, nanoseconds) the next rule comes into force or goes out of it; None when none ever will."""
        changes = [post.next_change_ns(captured_at_ns) for post in self._judges.posts]
        return min((change for change in changes if change is not None), default=None)

    def snapshot(self) -> dict[str, Any] | None:
        """What outlives a restart of the worker, as plain JSON; None before the first look.

        Open stays, and the tracks that stand still with what their places look like: a few kB most often, about a
        megabyte at most. Write it where a kill leaves either the old one or the new one whole.
        """
        look, size_wh = self._judges.look, self._judges.size_wh
        if look is None or size_wh is None:
            return None
        state = WatchState(
            camera_id=self.camera_id,
            pts_ns=look.pts_ns,
            captured_at_ns=look.captured_at_ns,
            frame_size_wh=size_wh,
            unfit_spans=self._judges.unfit.spans,
            tracker=self._tracker.state(),
            judges=self._judges.states(),
        )
        return state.model_dump(mode="json")

    def restore(self, snapshot: dict[str, Any], pts_ns: int, captured_at_ns: int) -> None:
        """Go on where an earlier worker stopped: the same stays keep their ids, starts and evidence.

        Call it before the first look. `pts_ns` and `captured_at_ns` are one moment on the new timeline and its UTC. The
        time between the two lives counts as unfit to judge: in no duration, and held against nothing. Whatever is not
        found again in its place, by its pixels, ends as ever. Raises SnapshotError, and changes nothing, when the
        snapshot is none of this camera, or older than `MAX_DOWNTIME_S`.
        """
        state = WatchState.parse(snapshot, self.camera_id)
        away_s = (captured_at_ns - state.captured_at_ns) / 1e9
        if not -1 <= away_s <= MAX_DOWNTIME_S:
            raise SnapshotError(f"camera {self.camera_id}: the snapshot is {away_s:.0f} s old")
        shift_ns = pts_ns - captured_at_ns - (state.pts_ns - state.captured_at_ns)
        self._judges.resume(state.judges, shift_ns)
        self._fit(state.frame_size_wh)
        self._tracker.resume(state.tracker, shift_ns)
        self._judges.resume_times(state.unfit_spans, state.pts_ns, shift_ns)
        self._resumed = True

    def observe(self, frame: Frame, detections: Detections) -> list[Incident]:
        """Take in one frame with its detections, and return the incidents that it began, confirmed or ended.

        A frame that is not after the last one tells nothing about durations: it is left out and counted in
        `skipped_frames`. On one that is unfit to judge nothing is tracked or judged; it is counted in `unfit_frames`,
        and that time is left out of every duration. Raises ValueError for a frame of another camera or of another
        pixel format.
        """
        if frame.camera_id != self.camera_id or frame.pixel_format != "bgr24":
            raise ValueError(
                f"watch of {self.camera_id!r}: expected its own bgr24 frames, "
                f"got {frame.pixel_format} of {frame.camera_id!r}"
            )
        self._seen = None
        if self._pts_ns is not None and frame.pts_ns <= self._pts_ns:
            self.skipped_frames += 1
            return []
        self._pts_ns = frame.pts_ns
        fitness = frame.fitness
        gap_ns = self._judges.take_time(frame.pts_ns, is_fit=fitness.is_fit, since_pts_ns=fitness.since_pts_ns)
        if not fitness.is_fit:
            self.unfit_frames += 1
            self._tracked = detections
            self._seen = _seen(frame)
            return []
        if gap_ns:
            self._tracker.skip(gap_ns)
        self._fit(frame.size_wh)
        self._tracked = self._track(frame, detections)
        return self._judge(frame)

    def _wanted_classes(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Mask over the model's classes of those that a rule asks for."""
        wanted = np.zeros(len(self._class_names), np.bool_)
        for post in self._judges.posts:
            missing = [name for name in post.config.class_names if name not in self._class_names]
            if missing:
                raise DetectorError(
                    f"camera {self.camera_id}, zone {self._zones[post.zone_index].id}, rule {post.config.kind}: "
                    f"the model has no class {', '.join(missing)}; it knows {', '.join(self._class_names[:20])}"
                )
            wanted[[self._class_names.index(name) for name in post.config.class_names]] = True
        return wanted

    def _fit(self, size_wh: tuple[int, int]) -> None:
        """Boxes of another frame size mean nothing any more: tracks start anew."""
        if self._judges.size_wh not in {None, size_wh}:
            next_id = self._tracker.next_id
            self._tracker = Tracker(self._class_names, self._options, first_id=next_id, recall=self._recall)
        self._judges.fit(size_wh)

    def _track(self, frame: Frame, detections: Detections) -> Detections:
        """Give ids to what the rules ask for; other classes keep `NO_TRACK`."""
        rows = np.flatnonzero(self._wanted[detections.class_id])
        found = self._tracker.update(frame.pts_ns, frame.image, detections.select(rows))
        track_id = detections.track_id.copy()
        track_id[rows] = found.track_id
        return Detections(detections.xyxy, detections.score, detections.class_id, track_id)

    def _judge(self, frame: Frame) -> list[Incident]:
        tracks = rounded(self._tracker.views)
        shares = self._judges.shares(tracks)
        wanted = self._judges.wanting_crops(tracks, shares, frame.captured_at_ns) if self._classify else []
        self._seen = _seen(frame, tracks, self._crop_scores(frame, wanted))
        return self._judges.judge(self._seen, shares)

    def _crop_scores(self, frame: Frame, wanted: Sequence[TrackView]) -> CropScores:
        if self._classify is None or not wanted:
            return {}
        scores = self._classify(frame.image, np.array([track.xyxy for track in wanted], np.float32))
        return rounded_scores({track.track_id: row for track, row in zip(wanted, scores, strict=True)})

    def _settle_s(self, captured_at_ns: int, pts_ns: int) -> float | None:
        """How often to look for something that has just appeared and does not yet stand; None when nothing has."""
        judges, tracks = self._judges, self._tracker.views
        restless = (
            post.config.settle_interval_s
            for post in judges.posts
            if post.is_restless(tracks, judges.masks[post.zone_index], captured_at_ns, pts_ns)
        )
        return min(restless, default=None)


def _seen(frame: Frame, tracks: tuple[TrackView, ...] = (), crop_scores: CropScores | None = None) -> Seen:
    return Seen(
        frame.pts_ns,
        frame.captured_at_ns,
        frame.size_wh,
        is_fit=frame.fitness.is_fit,
        since_pts_ns=frame.fitness.since_pts_ns,
        tracks=tracks,
        crop_scores=crop_scores or {},
    )
