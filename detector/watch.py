"""One camera's watch: its tracker, its zones and their rules. Arrays in, incidents out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detector.attention import attended
from detector.boxes import Floats
from detector.detections import Boxes, Detections
from detector.errors import DetectorError
from detector.incident import Incident
from detector.post import Post, find_homes
from detector.rules.base import Look, Resumable, Subject
from detector.snapshot import MAX_DOWNTIME_S, SnapshotError, WatchState
from detector.tracking.appearance import Recall
from detector.tracking.track import TrackView
from detector.tracking.tracker import Tracker, TrackerOptions
from detector.unfit import UnfitSpans
from detector.zones import Zone, ZoneMask
from streams.demand import Demand, strictest
from streams.frame import Frame, Image

MIN_SCORE = 0.1
"""Score from which detections are worth giving to a watch: the doubtful ones keep a known vehicle, and begin none."""
MAX_CROPS = 8
"""Crops of one frame that are classified: the largest."""

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
        self._posts = [Post(camera_id, zone, index, rule) for index, zone in enumerate(zones) for rule in zone.rules]
        self._wanted = self._wanted_classes()
        self._tracker = Tracker(self._class_names, tracker_options, recall=recall)
        self._unfit = UnfitSpans()
        self._tracked = Detections.empty()
        self._masks: tuple[ZoneMask, ...] = ()
        self._size_wh: tuple[int, int] | None = None
        self._pts_ns: int | None = None
        self._homes: dict[tuple[str, int], int] = {}
        self._look: Look | None = None

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
        return self._unfit.spans

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        now_open = [self._stamped(incident) for post in self._posts for incident in post.judge.open_incidents]
        return tuple(sorted(now_open, key=lambda incident: (incident.started_pts_ns, incident.track_id)))

    def demand(self, captured_at_ns: int, pts_ns: int) -> Demand | None:
        """What the rules want to see of the camera now; None when none is in force and nothing waits for its end.

        `captured_at_ns` tells which rules are in force, `pts_ns` how near a decision is. See `detector.attention`.
        """
        every = strictest(post.config.looks for post in self._posts if post.wants_looks(captured_at_ns))
        if every is None or self._look is None:
            return every
        waits = [wait for post in self._posts for wait in post.waits_ns(self._look)]
        return attended(every, waits, pts_ns, is_restless=self._is_restless(captured_at_ns, pts_ns))

    def next_change_ns(self, captured_at_ns: int) -> int | None:
        """When (UTC, nanoseconds) the next rule comes into force or goes out of it; None when none ever will."""
        changes = [post.next_change_ns(captured_at_ns) for post in self._posts]
        return min((change for change in changes if change is not None), default=None)

    def snapshot(self) -> dict[str, Any] | None:
        """What outlives a restart of the worker, as plain JSON; None before the first look.

        Open stays, and the tracks that stand still with what their places look like: a few kB most often, about a
        megabyte at most. Write it where a kill leaves either the old one or the new one whole.
        """
        if self._look is None or self._size_wh is None:
            return None
        judges = [(post, post.judge) for post in self._posts]
        state = WatchState(
            camera_id=self.camera_id,
            pts_ns=self._look.pts_ns,
            captured_at_ns=self._look.captured_at_ns,
            frame_size_wh=self._size_wh,
            unfit_spans=self._unfit.spans,
            tracker=self._tracker.state(),
            judges=tuple(post.state(judge.snapshot()) for post, judge in judges if isinstance(judge, Resumable)),
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
        self._restore_judges(state, shift_ns)
        self._fit(state.frame_size_wh)
        self._tracker.resume(state.tracker, shift_ns)
        self._unfit = UnfitSpans([(begin_ns + shift_ns, end_ns + shift_ns) for begin_ns, end_ns in state.unfit_spans])
        self._unfit.unfit(state.pts_ns + shift_ns, None)

    def _restore_judges(self, state: WatchState, shift_ns: int) -> None:
        """Give each judge its own state back; a zone that was changed meanwhile begins anew."""
        own = [(post.find_state(state.judges), post.judge) for post in self._posts]
        resumed = [(found, judge) for found, judge in own if found is not None and isinstance(judge, Resumable)]
        try:
            for found, judge in resumed:
                judge.restore(found, shift_ns)
        except ValueError as error:
            self._posts = [post.anew() for post in self._posts]
            first = str(error).splitlines()[0]
            raise SnapshotError(f"camera {self.camera_id}: the snapshot of a rule cannot be read: {first}") from None

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
        if self._pts_ns is not None and frame.pts_ns <= self._pts_ns:
            self.skipped_frames += 1
            return []
        self._pts_ns = frame.pts_ns
        if not frame.fitness.is_fit:
            self._unfit.unfit(frame.pts_ns, frame.fitness.since_pts_ns)
            self.unfit_frames += 1
            self._tracked = detections
            return []
        if gap_ns := self._unfit.fit(frame.pts_ns, frame.fitness.since_pts_ns):
            self._tracker.skip(gap_ns)
        self._fit(frame.size_wh)
        self._tracked = self._track(frame, detections)
        return self._judge(frame)

    def _wanted_classes(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Mask over the model's classes of those that a rule asks for."""
        wanted = np.zeros(len(self._class_names), np.bool_)
        for post in self._posts:
            missing = [name for name in post.config.class_names if name not in self._class_names]
            if missing:
                raise DetectorError(
                    f"camera {self.camera_id}, zone {self._zones[post.zone_index].id}, rule {post.config.kind}: "
                    f"the model has no class {', '.join(missing)}; it knows {', '.join(self._class_names[:20])}"
                )
            wanted[[self._class_names.index(name) for name in post.config.class_names]] = True
        return wanted

    def _fit(self, size_wh: tuple[int, int]) -> None:
        """Rasterise the zones for a frame size. Boxes of another size mean nothing any more: tracks start anew."""
        if size_wh == self._size_wh:
            return
        if self._size_wh is not None:
            next_id = self._tracker.next_id
            self._tracker = Tracker(self._class_names, self._options, first_id=next_id, recall=self._recall)
        self._masks = tuple(ZoneMask(zone, size_wh) for zone in self._zones)
        self._size_wh = size_wh

    def _track(self, frame: Frame, detections: Detections) -> Detections:
        """Give ids to what the rules ask for; other classes keep `NO_TRACK`."""
        rows = np.flatnonzero(self._wanted[detections.class_id])
        found = self._tracker.update(frame.pts_ns, frame.image, detections.select(rows))
        track_id = detections.track_id.copy()
        track_id[rows] = found.track_id
        return Detections(detections.xyxy, detections.score, detections.class_id, track_id)

    def _judge(self, frame: Frame) -> list[Incident]:
        tracks = self._tracker.views
        boxes = np.array([track.xyxy for track in tracks], np.float32).reshape(-1, 4)
        shares = np.array([mask.footprint_share(boxes) for mask in self._masks]).reshape(len(self._masks), len(tracks))
        look = Look(
            frame.pts_ns,
            frame.captured_at_ns,
            frame.size_wh,
            in_force=True,
            subjects=(),
            unfit_spans=self._unfit.spans,
            crop_scores=self._crop_scores(frame, tracks, shares),
        )
        changes: list[Incident] = []
        for kind in dict.fromkeys(post.config.kind for post in self._posts):
            posts = [post for post in self._posts if post.config.kind == kind]
            homes = self._find_homes(kind, [post.zone_index for post in posts], tracks, shares)
            for post in posts:
                in_force = post.in_force(frame.captured_at_ns)
                subjects = _subjects(post.zone_index, tracks, shares[post.zone_index].tolist(), homes)
                changes.extend(post.judge.observe(replace(look, in_force=in_force, subjects=subjects)))
        self._look = look
        self._forget_spans(tracks)
        return [self._stamped(incident) for incident in changes]

    def _find_homes(self, kind: str, zones: Sequence[int], tracks: Sequence[TrackView], shares: Floats) -> list[int]:
        if len(zones) == 1:
            return [zones[0]] * len(tracks)
        before = {key[1]: home for key, home in self._homes.items() if key[0] == kind}
        homes = find_homes(zones, [track.track_id for track in tracks], shares, before)
        for track_id in before:
            del self._homes[kind, track_id]
        self._homes.update({(kind, track.track_id): home for track, home in zip(tracks, homes, strict=True)})
        return homes

    def _crop_scores(
        self, frame: Frame, tracks: Sequence[TrackView], shares: Floats
    ) -> Mapping[int, Mapping[str, float]]:
        """Classify what is seen in this frame, in a zone whose rule wants its class judged."""
        if self._classify is None:
            return {}
        asking = [post for post in self._posts if post.config.crop_classes and post.in_force(frame.captured_at_ns)]
        wanted = [
            track
            for column, track in enumerate(tracks)
            if track.seen
            and any(track.class_name in post.config.crop_classes and shares[post.zone_index, column] for post in asking)
        ]
        wanted = sorted(wanted, key=lambda track: -_area(track))[:MAX_CROPS]
        if not wanted:
            return {}
        scores = self._classify(frame.image, np.array([track.xyxy for track in wanted], np.float32))
        return {track.track_id: row for track, row in zip(wanted, scores, strict=True)}

    def _is_restless(self, captured_at_ns: int, pts_ns: int) -> bool:
        """Whether something that a rule in force looks for has just appeared in its zone and does not yet stand."""
        tracks = self._tracker.views
        return any(
            post.is_restless(tracks, self._masks[post.zone_index], captured_at_ns, pts_ns) for post in self._posts
        )

    def _stamped(self, incident: Incident) -> Incident:
        """The incident with the seconds of it that were unfit to judge."""
        if not self._unfit.spans or self._pts_ns is None:
            return incident
        end_ns = self._pts_ns if incident.ended_pts_ns is None else incident.ended_pts_ns
        seconds = self._unfit.total_ns(incident.started_pts_ns, end_ns) / 1e9
        return replace(incident, unfit_seconds=seconds) if seconds else incident

    def _forget_spans(self, tracks: Iterable[TrackView]) -> None:
        """Drop the unfit times before everything that is still judged."""
        if not self._unfit.spans or self._pts_ns is None:
            return
        open_since = [incident.started_pts_ns for post in self._posts for incident in post.judge.open_incidents]
        self._unfit.forget_before(min([self._pts_ns, *open_since, *(track.first_seen_pts_ns for track in tracks)]))


def _subjects(
    zone_index: int, tracks: Sequence[TrackView], shares: Sequence[float], homes: Sequence[int]
) -> tuple[Subject, ...]:
    return tuple(
        Subject(track, share, is_home=home == zone_index)
        for track, share, home in zip(tracks, shares, homes, strict=True)
    )


def _area(track: TrackView) -> float:
    left, top, right, bottom = track.xyxy
    return (right - left) * (bottom - top)
