"""Packages of small and of demo clips, sealed once for all tests of derivatives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from detector.incident import TrackPoint
from evidence.derivatives.source import SealedSource, open_source
from evidence.recorder import RecorderSettings
from streams.demand import Demand
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource
from tests.evidence import support
from tests.evidence.recording import CAMERA, FPS, SECOND_NS, filled_ring, incident, make_clip, recorder
from tests.evidence.test_capture import film, seen, street

MASK = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2))
PLACED = replace(
    CAMERA,
    place="越秀区市场街12号",
    direction="由东向西",
    privacy_masks=(MASK,),
    zone_hours={"far-kerb": {"illegal_parking": {"windows": [{"weekdays": ["mon", "sat"], "hours": ["07:00-19:00"]}]}}},
)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> SealedSource:
    """A car that stands in a bay; the camera has a privacy mask in its upper left corner."""
    folder = tmp_path_factory.mktemp("parked")
    ring, what = film(folder / "clip.mp4", [street(1)] * FPS * 16), seen()
    made = recorder(folder / "out", settings=RecorderSettings(clip_s=6.0, post_roll_s=2.0))
    made.observe([what], ring, 16 * SECOND_NS, PLACED)
    made.flush()
    made.close()
    return open_source(next((folder / "out" / "packages").iterdir()))


@pytest.fixture(scope="session")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> SealedSource:
    """A package of a camera that sends H.265."""
    folder = tmp_path_factory.mktemp("hevc")
    made = recorder(folder / "out")
    ring = filled_ring(make_clip(folder / "clip.mp4", 10, "libx265"))
    made.observe([incident()], ring, 10 * SECOND_NS, CAMERA)
    made.flush()
    made.close()
    return open_source(next((folder / "out" / "packages").iterdir()))


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> SealedSource:
    """Seven seconds of the demo's market street around a walker, with the red car as the subject."""
    root = tmp_path_factory.mktemp("market")
    clip = Path(__file__).resolve().parents[3] / "datasets" / "clips" / "market-street.mp4"
    ring = PacketRing("kerb-1")
    for frame in replay(CameraSource("kerb-1", str(clip)), ring, Demand(5.0, 5.0), started_at_ns=support.SEALED_AT_NS):
        if frame.pts_ns > 16 * SECOND_NS:
            break
    box = (469.7, 277.9, 710.0, 394.6)
    points = tuple(TrackPoint(second * SECOND_NS, box, 0.9) for second in range(6, 17))
    moment = max(p.pts_ns for p in ring.span(0, 12 * SECOND_NS).packets if p.is_keyframe)  # type: ignore[union-attr]
    what = replace(
        incident(1, 6, 12), confirmed_pts_ns=moment, frame_size_wh=(1280, 720), box_xyxy=box, positions=points
    )
    made = recorder(root, settings=RecorderSettings(clip_s=3.0, post_roll_s=2.0))
    made.observe([what], ring, 17 * SECOND_NS, CAMERA)
    made.flush()
    made.close()
    return open_source(next((root / "packages").iterdir()))
