"""The rules of one camera's zones at work on what was seen: the part of a watch that a replay shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from detector.boxes import Floats
from detector.incident import Incident
from detector.post import Post, find_homes, join
from detector.rules.base import Look, Resumable, Subject
from detector.seen import Seen
from detector.snapshot import JudgeState, SnapshotError
from detector.tracking.track import TrackView
from detector.unfit import UnfitSpans
from detector.zones import Zone, ZoneMask

MAX_CROPS = 8
"""Crops of one frame that are classified: the largest."""


class Judges:
    """Every rule of every zone of one camera. Give it what was seen in the order of `pts_ns`.

    Pure: the same `Seen`s give the same incidents, live or years later.
    """

    def __init__(self, camera_id: str, zones: Sequence[Zone]) -> None:
        self.camera_id = camera_id
        self.posts = [Post(camera_id, zone, index, rule) for index, zone in enumerate(zones) for rule in zone.rules]
        join(self.posts)
        self.masks: tuple[ZoneMask, ...] = ()
        self.size_wh: tuple[int, int] | None = None
        self.unfit = UnfitSpans()
        self.look: Look | None = None
        """The last judged look."""
        self._zones = tuple(zones)
        self._pts_ns: int | None = None
        self._homes: dict[tuple[str, int], int] = {}

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        now_open = [self._stamped(incident) for post in self.posts for incident in post.judge.open_incidents]
        return tuple(sorted(now_open, key=lambda incident: (incident.started_pts_ns, incident.track_id)))

    def states(self) -> tuple[JudgeState, ...]:
        """What of the judges outlives a restart."""
        judges = [(post, post.judge) for post in self.posts]
        return tuple(post.state(judge.snapshot()) for post, judge in judges if isinstance(judge, Resumable))

    def resume(self, states: Iterable[JudgeState], shift_ns: int) -> None:
        """Give each judge its own state back; a zone that was changed meanwhile begins anew. Raises SnapshotError."""
        found_of = tuple(states)
        own = [(post.find_state(found_of), post.judge) for post in self.posts]
        resumed = [(found, judge) for found, judge in own if found is not None and isinstance(judge, Resumable)]
        try:
            for found, judge in resumed:
                judge.restore(found, shift_ns)
        except ValueError as error:
            self.posts = [post.anew() for post in self.posts]
            join(self.posts)
            first = str(error).splitlines()[0]
            text = f"camera {self.camera_id}: the snapshot of a rule cannot be read: {first}"
            raise SnapshotError(text) from None

    def resume_times(self, spans: Iterable[tuple[int, int]], last_pts_ns: int, shift_ns: int) -> None:
        """Take up the unfit times of an earlier life; the one since its last look at `last_pts_ns` is one more."""
        self.unfit = UnfitSpans([(begin_ns + shift_ns, end_ns + shift_ns) for begin_ns, end_ns in spans])
        self.unfit.unfit(last_pts_ns + shift_ns, None)

    def take_time(self, pts_ns: int, *, is_fit: bool, since_pts_ns: int | None) -> int:
        """A picture was taken at `pts_ns`. Returns the nanoseconds that were unfit until now."""
        self._pts_ns = pts_ns
        if is_fit:
            return self.unfit.fit(pts_ns, since_pts_ns)
        self.unfit.unfit(pts_ns, since_pts_ns)
        return 0

    def fit(self, size_wh: tuple[int, int]) -> None:
        """Rasterise the zones for a frame size."""
        if size_wh != self.size_wh:
            self.masks = tuple(ZoneMask(zone, size_wh) for zone in self._zones)
            self.size_wh = size_wh

    def shares(self, tracks: Sequence[TrackView]) -> Floats:
        """How much of each track's footprint lies in each zone (Z, T); `fit` comes before."""
        boxes = np.array([track.xyxy for track in tracks], np.float32).reshape(-1, 4)
        shares = np.array([mask.footprint_share(boxes) for mask in self.masks])
        return shares.reshape(len(self.masks), len(tracks))

    def wanting_crops(self, tracks: Sequence[TrackView], shares: Floats, captured_at_ns: int) -> list[TrackView]:
        """What is seen now in a zone whose rule wants the crops of its class classified: the largest."""
        asking = [post for post in self.posts if post.config.crop_classes and post.in_force(captured_at_ns)]
        wanted = [
            track
            for column, track in enumerate(tracks)
            if track.seen
            and any(track.class_name in post.config.crop_classes and shares[post.zone_index, column] for post in asking)
        ]
        return sorted(wanted, key=lambda track: -_area(track))[:MAX_CROPS]

    def judge(self, seen: Seen, shares: Floats) -> list[Incident]:
        """The incidents that a fit picture began, confirmed or ended; `take_time` and `fit` come before."""
        look = Look(
            seen.pts_ns,
            seen.captured_at_ns,
            seen.frame_size_wh,
            in_force=True,
            subjects=(),
            unfit_spans=self.unfit.spans,
            crop_scores=seen.crop_scores,
        )
        changes: list[Incident] = []
        for kind in dict.fromkeys(post.config.kind for post in self.posts):
            posts = [post for post in self.posts if post.config.kind == kind]
            homes = self._find_homes(kind, [post.zone_index for post in posts], seen.tracks, shares)
            for post in posts:
                in_force = post.in_force(seen.captured_at_ns)
                subjects = _subjects(post.zone_index, seen.tracks, shares[post.zone_index].tolist(), homes)
                changes.extend(post.judge.observe(replace(look, in_force=in_force, subjects=subjects)))
        self.look = look
        self._forget_spans(seen.tracks)
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

    def _stamped(self, incident: Incident) -> Incident:
        """The incident with the seconds of it that were unfit to judge."""
        if not self.unfit.spans or self._pts_ns is None:
            return incident
        end_ns = self._pts_ns if incident.ended_pts_ns is None else incident.ended_pts_ns
        seconds = self.unfit.total_ns(incident.started_pts_ns, end_ns) / 1e9
        return replace(incident, unfit_seconds=seconds) if seconds else incident

    def _forget_spans(self, tracks: Iterable[TrackView]) -> None:
        """Drop the unfit times before everything that is still judged."""
        if not self.unfit.spans or self._pts_ns is None:
            return
        open_since = [incident.started_pts_ns for post in self.posts for incident in post.judge.open_incidents]
        self.unfit.forget_before(min([self._pts_ns, *open_since, *(track.first_seen_pts_ns for track in tracks)]))


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
