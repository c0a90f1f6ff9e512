"""Real clips, rings filled from them, and incidents that somebody might have seen in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from detector.incident import Incident, IncidentState, TrackPoint
from evidence.context import CameraContext, RecorderContext
from evidence.recorder import Recorder, RecorderSettings
from streams.clock import SimulatedClock
from streams.demand import Demand
from streams.files import replay
from streams.frame import Frame
from streams.ring import PacketRing
from streams.source import CameraSource
from tests.evidence import support

SECOND_NS = 1_000_000_000
FPS = 5
SIZE_WH = (320, 180)
CONTEXT = RecorderContext("streetwarden 0.1.0", "street", "cd" * 32, "edge-1", {"score": 0.25})
CAMERA = CameraContext("kerb-1", "44010500001320000001", "file", health={"since_ns": 2**60, "drops": {"late": 1}})
# Clips of a few seconds need a short record; the lengths of real ones are tested by their bounds.
SHORT = RecorderSettings(clip_s=3.0, post_roll_s=2.0)


def make_clip(path: Path, seconds: int = 20, codec: str = "libx264", gop: int = FPS) -> Path:
    """A clip whose every picture says its number: a white bar moves one step a picture."""
    width, height = SIZE_WH
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = gop
        quiet = {"x265-params": f"log-level=none:keyint={gop}:scenecut=0"}
        stream.codec_context.options = quiet if codec == "libx265" else {"bf": "2", "preset": "ultrafast"}
        for index in range(seconds * FPS):
            image = np.full((height, width, 3), 60, np.uint8)
            left = index * 3 % (width - 10)
            image[:, left : left + 10] = 250
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frames_of(clip: Path, ring: PacketRing) -> Iterator[Frame]:
    source = CameraSource(ring.camera_id, str(clip))
    yield from replay(source, ring, Demand(1.0, 1.0), started_at_ns=support.SEALED_AT_NS - 60 * SECOND_NS)


def filled_ring(clip: Path, camera_id: str = "kerb-1") -> PacketRing:
    """A ring that holds all of a clip."""
    ring = PacketRing(camera_id)
    for _ in frames_of(clip, ring):
        pass
    return ring


def incident(number: int = 1, started_s: int = 1, confirmed_s: int = 6, camera_id: str = "kerb-1") -> Incident:
    """A confirmed incident of a car that stands at the left edge of the picture."""
    begun_at_ns = support.SEALED_AT_NS - 60 * SECOND_NS
    box = (-4.0, 40.0, 90.5, 120.0)
    return Incident(
        incident_id=f"{number:032x}",
        camera_id=camera_id,
        zone_id="far-kerb",
        zone_version=1,
        zone_class="prohibited",
        zone_polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        kind="illegal_parking",
        state=IncidentState.CONFIRMED,
        track_id=3,
        class_name="car",
        limit_seconds=float(confirmed_s - started_s),
        started_pts_ns=started_s * SECOND_NS,
        started_at_ns=begun_at_ns + started_s * SECOND_NS,
        confirmed_pts_ns=confirmed_s * SECOND_NS,
        confirmed_at_ns=begun_at_ns + confirmed_s * SECOND_NS,
        ended_pts_ns=None,
        ended_at_ns=None,
        box_xyxy=box,
        score=0.8,
        frame_size_wh=SIZE_WH,
        positions=(TrackPoint(started_s * SECOND_NS, box, 0.7), TrackPoint(confirmed_s * SECOND_NS, box, 0.8)),
    )


def pending(confirmed: Incident) -> Incident:
    return replace(confirmed, state=IncidentState.PENDING, confirmed_pts_ns=None, confirmed_at_ns=None)


def ended(confirmed: Incident, at_s: int) -> Incident:
    at_ns = confirmed.started_at_ns - confirmed.started_pts_ns + at_s * SECOND_NS
    return replace(confirmed, state=IncidentState.ENDED, ended_pts_ns=at_s * SECOND_NS, ended_at_ns=at_ns)


def recorder(root: Path, clock: SimulatedClock | None = None, **options: Any) -> Recorder:
    clock = clock or SimulatedClock(support.SEALED_AT_NS)
    return Recorder(root, support.signer(), clock, CONTEXT, **{"settings": SHORT, **options})


def seal(root: Path, ring: PacketRing, *numbers: int, **options: Any) -> None:
    """One short run of a recorder that seals these incidents."""
    made = recorder(root, **options)
    try:
        for number in numbers:
            made.observe([incident(number)], ring, 6 * SECOND_NS, CAMERA)
            made.flush()
    finally:
        made.close()
