"""Pictures from halfway through long stays, kept in bounded memory until the incident is confirmed."""

from __future__ import annotations

from detector.incident import Incident
from evidence.first_sights import FirstSights
from evidence.moments.plan import plan_of
from streams.packet import RecordedSpan
from streams.ring import PacketRing


class Middles:
    """One picture for each pending incident whose plan asks for one; `max_bytes` of packets at most."""

    def __init__(self, max_bytes: int) -> None:
        self._kept = FirstSights(max_bytes)
        self._due: dict[str, dict[str, int]] = {}

    def want(self, incident: Incident) -> None:
        """Keep a picture of this pending incident when half of its limit is over."""
        from_s = plan_of(incident.kind).middle_from_s
        if from_s is not None and incident.limit_seconds >= from_s:
            due_ns = incident.started_pts_ns + round(incident.limit_seconds * 5e8)
            self._due.setdefault(incident.camera_id, {})[incident.incident_id] = due_ns

    def keep_due(self, camera_id: str, ring: PacketRing, now_pts_ns: int) -> None:
        """Keep the picture shown now for every incident of the camera that is halfway. To be called for each look."""
        waiting = self._due.get(camera_id)
        due = [incident_id for incident_id, due_ns in waiting.items() if now_pts_ns >= due_ns] if waiting else []
        span = ring.gop_at(now_pts_ns) if due else None
        for incident_id in due:
            self._forget(camera_id, incident_id)
            if span is not None:
                self._kept.keep(incident_id, span)

    def take(self, incident_id: str) -> RecordedSpan | None:
        """The packets that end with this incident's picture, no longer held; None when there is none."""
        for camera_id in [camera_id for camera_id, waiting in self._due.items() if incident_id in waiting]:
            self._forget(camera_id, incident_id)
        return self._kept.take(incident_id)

    def _forget(self, camera_id: str, incident_id: str) -> None:
        waiting = self._due[camera_id]
        del waiting[incident_id]
        if not waiting:
            del self._due[camera_id]
