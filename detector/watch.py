"""One camera's watch: its tracker, its zones and their rules. Arrays in, incidents out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.detections import Detections
from detector.errors import DetectorError
from detector.incident import Incident
from detector.rules.base import Judge, Look, Place, RuleConfig, Subject
from detector.rules.table import rule_for
from detector.tracking.track import TrackView
from detector.tracking.tracker import Tracker, TrackerOptions
from detector.zones import Zone, ZoneMask
from streams.frame import Frame

MIN_SCORE = 0.1
"""Score from which detections are worth giving to a watch: the doubtful ones keep a known vehicle, and begin none."""
HOME_MARGIN = 0.15
"""A vehicle on the line between two zones stays with the one it was in until the other holds this much more."""


@dataclass(slots=True)
class _Post:
    """One rule of one zone at work."""

    zone_index: int
    config: RuleConfig
    judge: Judge


class CameraWatch:
    """Watches the frames of one camera, in the order of their `pts_ns`, and no other camera's.

    Pure: no files, sockets, threads or clocks; the same frames and detections give the same incidents.

    Raises DetectorError when a rule asks for a class that the model does not know.
    """

    def __init__(
        self,
        camera_id: str,
        zones: Sequence[Zone],
        class_names: Sequence[str],
        tracker_options: TrackerOptions | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.skipped_frames = 0
        self._zones = tuple(zones)
        self._class_names = tuple(class_names)
        self._options = tracker_options
        self._posts = [_post(camera_id, zone, index, rule) for index, zone in enumerate(zones) for rule in zone.rules]
        self._wanted = self._wanted_classes()
        self._tracker = Tracker(self._class_names, tracker_options)
        self._tracked = Detections.empty()
        self._masks: tuple[ZoneMask, ...] = ()
        self._size_wh: tuple[int, int] | None = None
        self._pts_ns: int | None = None
        self._homes: dict[tuple[str, int], int] = {}

    @property
    def tracked(self) -> Detections:
        """The detections of the last frame with their track ids."""
        return self._tracked

    @property
    def tracks(self) -> tuple[TrackView, ...]:
        """Every live track after the last frame."""
        return self._tracker.views

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Pending and confirmed incidents, in the order of their start."""
        now_open = [incident for post in self._posts for incident in post.judge.open_incidents]
        return tuple(sorted(now_open, key=lambda incident: (incident.started_pts_ns, incident.track_id)))

    def observe(self, frame: Frame, detections: Detections) -> list[Incident]:
        """Take in one frame with its detections, and return the incidents that it began, confirmed or ended.

        A frame that is not after the last one tells nothing about durations: it is left out and counted in
        `skipped_frames`. Raises ValueError for a frame of another camera or of another pixel format.
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
        self._fit(frame.size_wh)
        self._tracked = self._track(frame, detections)
        return self._judge(frame)

    def _wanted_classes(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        wanted: set[int] = set()
        for post in self._posts:
            missing = [name for name in post.config.class_names if name not in self._class_names]
            if missing:
                raise DetectorError(
                    f"camera {self.camera_id}, zone {self._zones[post.zone_index].id}, rule {post.config.kind}: "
                    f"the model has no class {', '.join(missing)}; it knows {', '.join(self._class_names[:20])}"
                )
            wanted.update(self._class_names.index(name) for name in post.config.class_names)
        return np.array(sorted(wanted), np.int64)

    def _fit(self, size_wh: tuple[int, int]) -> None:
        """Rasterise the zones for a frame size. Boxes of another size mean nothing any more: tracks start anew."""
        if size_wh == self._size_wh:
            return
        if self._size_wh is not None:
            self._tracker = Tracker(self._class_names, self._options, first_id=self._tracker.next_id)
        self._masks = tuple(ZoneMask(zone, size_wh) for zone in self._zones)
        self._size_wh = size_wh

    def _track(self, frame: Frame, detections: Detections) -> Detections:
        """Give ids to what the rules ask for; other classes keep `NO_TRACK`."""
        rows = np.flatnonzero(np.isin(detections.class_id, self._wanted))
        found = self._tracker.update(frame.pts_ns, frame.image, detections.select(rows))
        track_id = detections.track_id.copy()
        track_id[rows] = found.track_id
        return Detections(detections.xyxy, detections.score, detections.class_id, track_id)

    def _judge(self, frame: Frame) -> list[Incident]:
        tracks = self._tracker.views
        boxes = np.array([track.xyxy for track in tracks], np.float32).reshape(-1, 4)
        shares = np.array([mask.footprint_share(boxes) for mask in self._masks]).reshape(len(self._masks), len(tracks))
        changes: list[Incident] = []
        for kind in dict.fromkeys(post.config.kind for post in self._posts):
            posts = [post for post in self._posts if post.config.kind == kind]
            homes = self._find_homes(kind, [post.zone_index for post in posts], tracks, shares)
            for post in posts:
                row = shares[post.zone_index]
                subjects = tuple(
                    Subject(track, float(share), is_home=home == post.zone_index)
                    for track, share, home in zip(tracks, row, homes, strict=True)
                )
                in_force = post.config.schedule.in_force(frame.captured_at_ns)
                look = Look(frame.pts_ns, frame.captured_at_ns, frame.size_wh, in_force, subjects)
                changes.extend(post.judge.observe(look))
        return changes

    def _find_homes(
        self, kind: str, zones: Sequence[int], tracks: Sequence[TrackView], shares: np.ndarray[tuple[int, int]]
    ) -> list[int]:
        """For each track the zone, among those with a rule of this kind, that holds most of its footprint."""
        homes = []
        for column, track in enumerate(tracks):
            best = max(zones, key=lambda zone: shares[zone, column])
            before = self._homes.get((kind, track.track_id), best)
            homes.append(before if shares[best, column] - shares[before, column] < HOME_MARGIN else best)
        for key in [key for key in self._homes if key[0] == kind]:
            del self._homes[key]
        self._homes.update({(kind, track.track_id): home for track, home in zip(tracks, homes, strict=True)})
        return homes


def _post(camera_id: str, zone: Zone, index: int, config: RuleConfig) -> _Post:
    place = Place(camera_id, zone.id, zone.version, str(zone.zone_class), zone.polygon)
    return _Post(index, config, rule_for(config.kind).make_judge(place, config))
