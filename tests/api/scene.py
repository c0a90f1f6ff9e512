"""Real evidence packages: a drawn street, encoded by a real encoder, sealed by the evidence room's own code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detector.incident import Incident, IncidentState, TrackPoint
from evidence.chain import Head, next_place
from evidence.compose import Draft, Material, compose
from evidence.context import CameraContext, RecorderContext
from evidence.manifest import package_id_for
from evidence.package import bag_files
from evidence.signing import Ed25519Signer, KeyEntry
from evidence.transport import pack_bag
from streams.packet import EncodedPacket, RecordedSpan, StreamParameters

SECOND_NS = 1_000_000_000
SEALED_AT_NS = 1_780_000_000_123_456_789
VALID_FROM = datetime(2026, 1, 1, tzinfo=UTC)
FPS = 5
SIZE_WH = (640, 360)
CAR = (250.0, 190.0, 380.0, 270.0)
ZONE = ((0.05, 0.45), (0.95, 0.45), (1.0, 0.9), (0.0, 0.9))


def signer(seed: int = 1) -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def key_entry(seed: int = 1) -> KeyEntry:
    return signer(seed).entry(VALID_FROM, "test worker")


def _street(index: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A road between two pavements, a parked car, and one that drives by."""
    width, height = SIZE_WH
    image = np.full((height, width, 3), 120, np.uint8)
    image[: height // 3] = (196, 178, 150)
    image[height // 3 : height // 2] = (150, 156, 150)
    image[height // 2 :] = (84, 84, 88)
    image[300:306, (np.arange(width) // 40) % 2 == 0] = (220, 220, 220)
    left, top, right, bottom = (int(side) for side in CAR)
    image[top + 24 : bottom - 10, left:right] = (60, 70, 180)
    image[top : top + 30, left + 26 : right - 26] = (90, 96, 150)
    for wheel in (left + 18, right - 40):
        image[bottom - 18 : bottom, wheel : wheel + 22] = 24
    x = index * 9 % width
    image[312:344, x : min(x + 90, width)] = (170, 120, 60)
    return image


def record(seconds: int = 12, codec_name: str = "h264") -> RecordedSpan:
    """The street as a camera's packets; it stands still but for the passing car."""
    width, height = SIZE_WH
    codec: Any = av.CodecContext.create({"h264": "libx264", "hevc": "libx265"}[codec_name], "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate, codec.gop_size = Fraction(1, FPS), Fraction(FPS), FPS
    quiet = f"log-level=none:pools=1:repeat-headers=1:keyint={FPS}:bframes=0"
    more = {"x265-params": quiet} if codec_name == "hevc" else {"bf": "0"}
    codec.options = {"preset": "ultrafast", **more}
    begun_ns = SEALED_AT_NS - 60 * SECOND_NS
    packets: list[EncodedPacket] = []
    frames: list[Any] = []
    for index in range(seconds * FPS):
        frame = av.VideoFrame.from_ndarray(_street(index), format="bgr24")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        frames.append(frame)
    for frame in [*frames, None]:
        for packet in codec.encode(frame):
            pts_ns = packet.pts * SECOND_NS // FPS
            moment = EncodedPacket(
                pts_ns, pts_ns, SECOND_NS // FPS, begun_ns + pts_ns, packet.is_keyframe, bytes(packet)
            )
            packets.append(moment)
    parameters = StreamParameters(codec_name, width, height, bytes(codec.extradata or b""), Fraction(1, 90_000))
    return RecordedSpan("north-gate", parameters, tuple(packets))


def incident(name: str, camera_id: str, kind: str = "illegal_parking") -> Incident:
    begun_ns = SEALED_AT_NS - 60 * SECOND_NS
    return Incident(
        incident_id=name,
        camera_id=camera_id,
        zone_id="kerb",
        zone_version=1,
        zone_class="prohibited",
        zone_polygon=ZONE,
        kind=kind,
        state=IncidentState.CONFIRMED,
        track_id=4,
        class_name="car",
        limit_seconds=8.0,
        started_pts_ns=SECOND_NS,
        started_at_ns=begun_ns + SECOND_NS,
        confirmed_pts_ns=9 * SECOND_NS,
        confirmed_at_ns=begun_ns + 9 * SECOND_NS,
        ended_pts_ns=None,
        ended_at_ns=None,
        box_xyxy=CAR,
        score=0.87,
        frame_size_wh=SIZE_WH,
        positions=(TrackPoint(SECOND_NS, CAR, 0.8), TrackPoint(9 * SECOND_NS, CAR, 0.9)),
    )


@dataclass(frozen=True, slots=True)
class SealedBag:
    """A package as files in memory; `zip` is what goes over the wire."""

    package_id: str
    incident_id: str
    files: dict[str, bytes]

    def write(self, folder: Path) -> Path:
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def zip(self, scratch: Path) -> bytes:
        return b"".join(pack_bag(self.write(scratch / f"{self.package_id}-{abs(hash(frozenset(self.files)))}")))


class Sealer:
    """Seals packages of the street; the pictures are made once."""

    def __init__(self, codec_name: str = "h264") -> None:
        span = record(codec_name=codec_name)
        camera = CameraContext("north-gate", "44010500001320000001", "host")
        context = RecorderContext("0.1.0", "street", "cd" * 32, "edge-1", {"score": 0.25})
        self._draft = compose(Material(incident("draft", "north-gate"), camera, span, span, span), context)

    @property
    def fields(self) -> dict[str, Any]:
        """What every package says, to be changed by a test."""
        return dict(self._draft.fields)

    def seal(
        self,
        name: str,
        *,
        seed: int = 1,
        camera_id: str = "north-gate",
        sealed_at_ns: int = SEALED_AT_NS,
        zone_id: str | None = None,
        head: Head | None = None,
        **changes: Any,
    ) -> SealedBag:
        fields = dict(self._draft.fields) | {
            "incident_id": name,
            "package_id": package_id_for(name),
            "camera": {**self._draft.fields["camera"], "id": camera_id},
            # Incidents of other names happen elsewhere: at one place they would be one case.
            "zone": {
                **self._draft.fields["zone"],
                "id": zone_id or ("kerb" if name == "incident-1" else f"kerb-{name}"),
            },
            **changes,
        }
        made = signer(seed)
        manifest = Draft(self._draft.files, fields).manifest(next_place(head), sealed_at_ns, made.key_id)
        return SealedBag(manifest.package_id, name, dict(bag_files(manifest, dict(self._draft.files), made)))
