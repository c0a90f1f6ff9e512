"""Incidents of the product's own clips as a worker would tell of them, and packages sealed of them: every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.material import Clip, load_clips
from detector.incident import Incident, IncidentState, TrackPoint
from evidence.chain import next_place
from evidence.compose import Draft, Material, compose
from evidence.context import CameraContext, RecorderContext
from evidence.manifest import package_id_for
from evidence.package import bag_files
from evidence.signing import Signer
from streams.demand import Demand
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource

SECOND_NS = 1_000_000_000
CLIP_S = (-20, 5)
"""What the clip covers, about the moment of confirmation."""
ALL_KINDS = "all-kinds.yaml"
STEP_S = {"uncovered_muck_truck": 0.2}
"""How far apart the positions of a track lie; else a second."""


@dataclass(frozen=True, slots=True)
class Street:
    """One rendered clip with its packets; `name` is what people call the camera."""

    clip: Clip
    ring: PacketRing
    begun_at_ns: int
    name: str

    @property
    def camera_id(self) -> str:
        return self.clip.camera.id

    @property
    def kind(self) -> str:
        return self.clip.incidents[0].kind

    def incident(self) -> Incident:
        """The clip's first violation, confirmed as soon as its rule allows."""
        found, truth = self.clip.incidents[0], self.clip.truth
        zone = next(zone for zone in self.clip.camera.zones if zone.id == found.zone)
        limit_s = self.clip.dwell_s(found) or 0.0
        confirmed_s = min(found.from_s + limit_s, found.to_s) if limit_s else found.to_s
        return Incident(
            incident_id="draft",
            camera_id=self.camera_id,
            zone_id=zone.id,
            zone_version=1,
            zone_class=zone.zone_class,
            zone_polygon=tuple((x, y) for x, y in zone.polygon),
            kind=found.kind,
            state=IncidentState.CONFIRMED,
            track_id=3,
            class_name=next(box.label for frame in truth.frames for box in frame if box.actor == found.actor),
            limit_seconds=limit_s,
            started_pts_ns=round(found.from_s * SECOND_NS),
            started_at_ns=self.begun_at_ns + round(found.from_s * SECOND_NS),
            confirmed_pts_ns=round(confirmed_s * SECOND_NS),
            confirmed_at_ns=self.begun_at_ns + round(confirmed_s * SECOND_NS),
            ended_pts_ns=None,
            ended_at_ns=None,
            box_xyxy=found.xyxy,
            score=0.91,
            frame_size_wh=(truth.width, truth.height),
            positions=self._positions(found.actor, found.from_s, confirmed_s, STEP_S.get(found.kind, 1.0)),
        )

    def _positions(self, actor: str, from_s: float, to_s: float, step_s: float) -> tuple[TrackPoint, ...]:
        points, moment = [], from_s
        while moment <= to_s:
            frame = self.clip.truth.frames[min(int(moment * self.clip.fps), len(self.clip.truth.frames) - 1)]
            points += [TrackPoint(round(moment * SECOND_NS), box.xyxy, 0.9) for box in frame if box.actor == actor]
            moment += step_s
        return tuple(points)

    def draft(self) -> Draft:
        """The package but for its names."""
        incident = self.incident()
        confirmed_ns = incident.confirmed_pts_ns or 0
        begin, end = (confirmed_ns + seconds * SECOND_NS for seconds in CLIP_S)
        material = Material(
            incident,
            CameraContext(self.camera_id, "44010500001320000001", "host", name=self.name),
            self.ring.span(max(0, begin), end),
            self.ring.span(0, incident.started_pts_ns),
            self.ring.span(0, confirmed_ns),
        )
        return compose(material, RecorderContext("0.1.0", "street", "cd" * 32, "edge-1", {"score": 0.25}))


def read_streets(names: Mapping[str, str], begun_at_ns: int) -> list[Street]:
    """The streets of these cameras (id to name), packets demuxed and not decoded; their clips began then (UTC)."""
    clips = {clip.camera.id: clip for clip in load_clips(cameras_file=ALL_KINDS)}
    return [_read(clips[camera_id], name, begun_at_ns) for camera_id, name in names.items()]


def _read(clip: Clip, name: str, begun_at_ns: int) -> Street:
    ring = PacketRing(clip.camera.id)
    source = CameraSource(clip.camera.id, str(clip.path))
    for _ in replay(source, ring, Demand(1e6, 1e6), started_at_ns=begun_at_ns):
        pass
    return Street(clip, ring, begun_at_ns, name)


def sealed_files(
    draft: Draft, incident_id: str, zone_id: str, at_ns: int, signer: Signer
) -> tuple[str, dict[str, bytes]]:
    """The draft as the sealed package of one incident: its id, and its files. Of another zone it is another case."""
    fields = {**draft.fields, "incident_id": incident_id, "package_id": package_id_for(incident_id)}
    fields["zone"] = {**fields["zone"], "id": zone_id}
    manifest = Draft(draft.files, fields).manifest(next_place(None), at_ns, signer.key_id)
    return manifest.package_id, dict(bag_files(manifest, dict(draft.files), signer))
