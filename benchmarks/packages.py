"""Sealed packages in any number: one clip of the product, composed once and signed anew for each incident."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.material import Clip, load_clips
from detector.incident import Incident, IncidentState, TrackPoint
from evidence.chain import next_place
from evidence.compose import Draft, Material, compose
from evidence.context import CameraContext, RecorderContext
from evidence.manifest import package_id_for
from evidence.package import bag_files
from evidence.signing import Ed25519Signer, KeyEntry
from streams.container import open_video
from streams.packet import EncodedPacket, RecordedSpan
from streams.source import CameraSource

SECOND_NS = 1_000_000_000
BOX = (0.3, 0.5, 0.5, 0.8)
"""Where the vehicle stands, in shares of the picture."""


@dataclass(frozen=True, slots=True)
class Package:
    """A sealed package below `folder`."""

    package_id: str
    incident_id: str
    camera_id: str
    folder: Path


class PackageMaker:
    """Seals packages of one key. What is in the pictures is always the same; names, places and times are not."""

    def __init__(self, clip: Clip | None = None, seconds: float = 8.0) -> None:
        self._signer = Ed25519Signer(Ed25519PrivateKey.generate())
        span = recorded(clip or load_clips()[0], seconds)
        camera = CameraContext("camera-0", "44010500001320000001", "host")
        context = RecorderContext("streetwarden benchmark", "street", "ab" * 32, "benchmark", {"score": 0.25})
        self._draft = compose(Material(_incident(span), camera, span, span, span), context)

    @property
    def key(self) -> KeyEntry:
        """The public key of all packages."""
        return self._signer.entry(datetime(2026, 1, 1, tzinfo=UTC), "benchmark")

    @property
    def size_bytes(self) -> int:
        """The payload of each package."""
        return sum(map(len, self._draft.files.values()))

    def manifest(self) -> dict[str, Any]:
        """A manifest as it is stored."""
        with tempfile.TemporaryDirectory() as name:
            package = self.seal(Path(name), "pattern", "camera-0", 0)
            value: dict[str, Any] = json.loads((package.folder / "manifest.json").read_bytes())
        return value

    def seal(self, packages: Path, incident_id: str, camera_id: str, at_ns: int) -> Package:
        """Seal a package as a new folder of `packages`, there in one moment as the recorder's are; see `files`."""
        package_id, files = self.files(incident_id, camera_id, at_ns)
        target = packages / package_id
        building = packages.parent / f"new-{package_id}"
        for name, data in files.items():
            path = building / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        packages.mkdir(parents=True, exist_ok=True)
        building.rename(target)
        return Package(package_id, incident_id, camera_id, target)

    def files(self, incident_id: str, camera_id: str, at_ns: int) -> tuple[str, Mapping[str, bytes]]:
        """A sealed package's id and its files by name; the incident began at `at_ns` (UTC), at a place of its own, so
        that it is a case of its own."""
        fields: dict[str, Any] = {**self._draft.fields, "incident_id": incident_id}
        fields["package_id"] = package_id_for(incident_id)
        fields["camera"] = {**fields["camera"], "id": camera_id}
        fields["zone"] = {**fields["zone"], "id": f"kerb-{incident_id}"[:64]}
        fields["times"] = _moved(fields["times"], at_ns)
        manifest = Draft(self._draft.files, fields).manifest(next_place(None), at_ns, self._signer.key_id)
        return manifest.package_id, bag_files(manifest, dict(self._draft.files), self._signer)


def recorded(clip: Clip, seconds: float) -> RecordedSpan:
    """The first seconds of a clip as a camera's packets."""
    with open_video(CameraSource(clip.name, str(clip.path))) as video:
        parameters, packets = video.parameters, list(video.packets())
    origin_ns = packets[0].pts_ns or 0
    taken = []
    for packet in packets:
        pts_ns = (packet.pts_ns or 0) - origin_ns
        dts_ns = pts_ns if packet.dts_ns is None else packet.dts_ns - origin_ns
        if pts_ns < seconds * SECOND_NS:
            times = (pts_ns, dts_ns, packet.duration_ns, pts_ns)
            taken.append(EncodedPacket(*times, packet.is_keyframe, packet.data))
    return RecordedSpan("camera-0", parameters, tuple(taken))


def _incident(span: RecordedSpan) -> Incident:
    width, height = span.parameters.width, span.parameters.height
    box = (BOX[0] * width, BOX[1] * height, BOX[2] * width, BOX[3] * height)
    last_ns = max(packet.pts_ns for packet in span.packets) - SECOND_NS
    return Incident(
        incident_id="pattern",
        camera_id="camera-0",
        zone_id="kerb",
        zone_version=1,
        zone_class="prohibited",
        zone_polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        kind="illegal_parking",
        state=IncidentState.CONFIRMED,
        track_id=1,
        class_name="car",
        limit_seconds=5.0,
        started_pts_ns=SECOND_NS,
        started_at_ns=SECOND_NS,
        confirmed_pts_ns=last_ns,
        confirmed_at_ns=last_ns,
        ended_pts_ns=None,
        ended_at_ns=None,
        box_xyxy=box,
        score=0.8,
        frame_size_wh=(width, height),
        positions=tuple(TrackPoint(second * SECOND_NS, box, 0.8) for second in range(1, last_ns // SECOND_NS)),
    )


def _moved(times: Any, at_ns: int) -> Any:
    """The manifest's times, begun at another moment of the wall clock."""
    if isinstance(times, Mapping):
        return {
            name: value + at_ns if name == "at_ns" and isinstance(value, int) else _moved(value, at_ns)
            for name, value in times.items()
        }
    return times
