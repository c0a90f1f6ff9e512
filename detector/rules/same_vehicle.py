"""Is it still the same vehicle? For kinds whose stays outlast a tracker's memory.

A vehicle that is found again in the same place, of the same class and in the same outline, is the same one, unless it
was seen to drive there or the tracker still holds the old one for something else.
"""

from __future__ import annotations

from detector.boxes import Box, box_iou
from detector.rules.base import Look, Subject
from detector.rules.spots import Spot

SAME_OUTLINE = 0.7
"""IoU of two looks at one parked vehicle, each box off by a twentieth; two cars rarely stop within so little."""
MOVED = 0.3
"""IoU of the first and the present box under which a track has driven."""


class SameVehicle:
    """Vehicles that stand. `trust_ids`: a new id in the place of a live one is another vehicle.

    Over days that is not so: a camera that turns to infrared at dusk shows every parked car as something new.
    """

    def __init__(self, *, trust_ids: bool) -> None:
        self._trust_ids = trust_ids
        self._first_boxes: dict[int, Box] = {}

    def learn(self, look: Look) -> None:
        """Remember where each live track was first seen; the tracker bounds how many there are."""
        self._first_boxes = {
            subject.track.track_id: self._first_boxes.get(subject.track.track_id, subject.track.xyxy)
            for subject in look.subjects
        }

    def is_same(self, spot: Spot, subject: Subject, look: Look) -> bool:
        track = subject.track
        alike = box_iou(track.xyxy, spot.box)
        if track.track_id == spot.track_id:
            return (track.seen or track.held) and alike >= MOVED
        if not (track.seen or track.held) or alike < SAME_OUTLINE:
            return False
        if track.still_since_pts_ns is None or track.class_name != spot.incident.class_name or self._drove(subject):
            return False
        return not (self._trust_ids and _lives(spot, look))

    def has_left(self, spot: Spot, look: Look) -> bool:
        """Its own track is seen elsewhere."""
        own = next((s.track for s in look.subjects if s.track.track_id == spot.track_id), None)
        if own is None or not own.seen:
            return False
        return box_iou(own.xyxy, spot.box) < MOVED

    def _drove(self, subject: Subject) -> bool:
        first = self._first_boxes.get(subject.track.track_id, subject.track.xyxy)
        return box_iou(first, subject.track.xyxy) < MOVED


def _lives(spot: Spot, look: Look) -> bool:
    return any(subject.track.track_id == spot.track_id for subject in look.subjects)
