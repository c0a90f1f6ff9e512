"""What the record of each kind shows: the same vehicle, a moving load, the place after the end, a second look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from detector.incident import Incident, TrackPoint
from evidence.manifest import Derived, Manifest, Original
from evidence.moments.likeness import likeness
from evidence.moments.looks import sharpness
from evidence.package import SealedPackage
from evidence.recorder import RecorderSettings
from evidence.verify import verify_package, verify_packages
from streams.frame import Image
from streams.packet import StreamParameters
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.recording import CAMERA, FPS, SECOND_NS, SIZE_WH, ended, filled_ring, incident, pending, recorder

BAY = (90, 60, 210, 130)


def street(car: int | None, left: int = BAY[0]) -> Image:
    """A street with the car of that number in the bay (None: empty): windows, lamps and colour differ by number."""
    noise = np.random.default_rng(7).integers(70, 110, (SIZE_WH[1] // 4, SIZE_WH[0] // 4, 3), dtype=np.uint8)
    image = cv2.resize(noise, SIZE_WH, interpolation=cv2.INTER_CUBIC)
    if car is not None:
        look = np.random.default_rng(car).integers(0, 255, (5, 8, 3), dtype=np.uint8)
        body = cv2.resize(look, (BAY[2] - BAY[0], BAY[3] - BAY[1]), interpolation=cv2.INTER_NEAREST)
        image[BAY[1] : BAY[3], left : left + body.shape[1]] = body
    return np.asarray(image, np.uint8)


def film(path: Path, pictures: list[Image]) -> PacketRing:
    """A ring filled from a real clip of these pictures, `FPS` a second."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        stream.codec_context.gop_size = FPS
        stream.codec_context.options = {"preset": "ultrafast", "crf": "20", "bf": "2"}
        for index, image in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return filled_ring(path)


def seen(kind: str = "illegal_parking", started_s: int = 1, confirmed_s: int = 12) -> Incident:
    box = tuple(float(side) for side in BAY)
    points = tuple(TrackPoint(s * SECOND_NS, box, 0.8) for s in range(started_s, confirmed_s + 1))  # type: ignore[arg-type]
    return replace(incident(1, started_s, confirmed_s), kind=kind, box_xyxy=box, positions=points)  # type: ignore[arg-type]


def sealed(root: Path, what: Incident, ring: PacketRing) -> Manifest:
    made = recorder(root, settings=RecorderSettings(clip_s=6.0, post_roll_s=2.0))
    made.observe([pending(what)], ring, what.started_pts_ns, CAMERA)
    for second in range(what.started_pts_ns // SECOND_NS, (what.confirmed_pts_ns or 0) // SECOND_NS):
        made.observe([], ring, second * SECOND_NS, CAMERA)
    made.observe([what], ring, what.confirmed_pts_ns or 0, CAMERA)
    made.flush()
    made.close()
    (folder,) = (root / "packages").iterdir()
    report = verify_package(folder, support.registry())
    assert report.problems == ()
    assert report.manifest is not None
    return report.manifest


def test_the_same_vehicle_is_shown_to_be_the_same(tmp_path: Path) -> None:
    manifest = sealed(tmp_path, seen(), film(tmp_path / "clip.mp4", [street(1)] * FPS * 16))
    same = manifest.subject.likeness
    assert same is not None
    assert same.appearance > 0.95
    assert (same.first_pts_ns, same.last_pts_ns) == (SECOND_NS, 12 * SECOND_NS)
    assert "subject_unlike" not in manifest.reasons
    assert "stills_not_spanning" not in manifest.reasons


@pytest.mark.parametrize("other", [2, 3, 4])
def test_a_swap_in_the_same_bay_is_caught(tmp_path: Path, other: int) -> None:
    pictures = [street(1)] * FPS * 6 + [street(other)] * FPS * 10
    manifest = sealed(tmp_path, seen(), film(tmp_path / "clip.mp4", pictures))
    assert manifest.subject.likeness is not None
    assert manifest.subject.likeness.appearance < 0.6
    assert manifest.subject.likeness.overlap == 1.0
    assert "subject_unlike" in manifest.reasons
    assert manifest.grade == "lead"


def test_a_dip_in_light_and_a_trembling_box_leave_it_the_same() -> None:
    box = tuple(float(side) for side in BAY)
    trembled = (box[0] - 3, box[1] + 2, box[2] + 2, box[3] + 3)
    darker = np.asarray(street(1) * 0.6, np.uint8)
    found = likeness(street(1), box, darker, trembled)  # type: ignore[arg-type]
    assert found is not None
    assert found.appearance > 0.8


def test_a_truck_shows_two_places_and_its_sharpest_load(tmp_path: Path) -> None:
    def left_at(index: int) -> int:
        return 10 + 5 * (index - FPS * 4)

    pictures = [street(None)] * FPS * 4 + [street(5, left_at(i)) for i in range(FPS * 4, FPS * 11)]
    blurred = FPS * 8
    pictures[blurred] = np.asarray(cv2.GaussianBlur(pictures[blurred], (31, 31), 12), np.uint8)
    what = replace(
        seen("uncovered_muck_truck", 4, 8),
        positions=tuple(
            TrackPoint(i * SECOND_NS // FPS, (float(left_at(i)), 60.0, left_at(i) + 120.0, 130.0), 0.9)
            for i in range(FPS * 4, FPS * 8 + 1)
        ),
        box_xyxy=(float(left_at(blurred)), 60.0, left_at(blurred) + 120.0, 130.0),
    )
    manifest = sealed(tmp_path, what, film(tmp_path / "clip.mp4", pictures))
    by_purpose = {entry.purpose: entry for entry in manifest.files if isinstance(entry, Derived)}
    assert by_purpose["close_up"].pts_ns != what.confirmed_pts_ns
    assert by_purpose["panorama_first"].pts_ns < by_purpose["panorama_confirmed"].pts_ns
    assert not {"displacement_unclear", "stills_not_spanning"} & set(manifest.reasons)


def test_a_truck_that_never_moved_is_a_lead(tmp_path: Path) -> None:
    manifest = sealed(tmp_path, seen("uncovered_muck_truck", 4, 8), film(tmp_path / "c.mp4", [street(5)] * FPS * 11))
    assert "displacement_unclear" in manifest.reasons


def test_a_stall_is_shown_halfway_too(tmp_path: Path) -> None:
    manifest = sealed(tmp_path, seen("street_vending"), film(tmp_path / "clip.mp4", [street(6)] * FPS * 16))
    stills = {entry.purpose: entry.pts_ns for entry in manifest.files if isinstance(entry, Derived)}
    assert list(stills) == ["panorama_first", "panorama_middle", "panorama_confirmed", "close_up"]
    assert SECOND_NS < stills["panorama_middle"] < 12 * SECOND_NS
    assert manifest.subject.likeness is None


def test_a_blurred_confirmation_gives_way_to_a_sharp_look_nearby(tmp_path: Path) -> None:
    pictures = [street(1)] * FPS * 18
    blurred = FPS * 12
    flat = np.full_like(pictures[0], 90)
    pictures[blurred] = flat
    what = replace(seen(), limit_seconds=10.0)
    assert sharpness(flat, what.box_xyxy) == 0
    manifest = sealed(tmp_path, what, film(tmp_path / "clip.mp4", pictures))
    entry = next(e for e in manifest.files if isinstance(e, Derived) and e.purpose == "panorama_confirmed")
    assert entry.pts_ns == 11 * SECOND_NS


def garbage(root: Path, ring: PacketRing) -> list[SealedPackage]:
    told: list[SealedPackage] = []
    what = seen("exposed_garbage", 1, 6)
    made = recorder(root, on_sealed=told.append)
    made.observe([pending(what)], ring, SECOND_NS, CAMERA)
    made.observe([what], ring, 6 * SECOND_NS, CAMERA)
    made.observe([], ring, 9 * SECOND_NS, CAMERA)
    made.observe([ended(what, 10)], ring, 12 * SECOND_NS, CAMERA)
    made.flush()
    made.close()
    return told


def test_what_was_cleared_away_is_appended_as_a_second_part(tmp_path: Path) -> None:
    ring = film(tmp_path / "clip.mp4", [street(8)] * FPS * 11 + [street(None)] * FPS * 5)
    first, second = garbage(tmp_path / "out", ring)
    assert (first.part, second.part, second.sequence) == (1, 2, 2)
    assert first.package_id != second.package_id
    report = verify_packages([first.path, second.path], support.registry(), whole=True)
    assert report.ok
    manifest = report.packages[1].manifest
    assert manifest is not None
    assert (manifest.part, manifest.incident_id) == (2, first.incident_id)
    assert not {"stills_incomplete", "stills_not_spanning", "clip_missing"} & set(manifest.reasons)
    picture = cv2.imread(str(second.path / "data/stills/panorama_cleared.jpg"))
    assert picture is not None
    assert np.abs(picture.astype(int) - street(None)).mean() < 6


def test_a_recheck_appends_what_is_seen_now_and_only_while_it_goes_on(tmp_path: Path) -> None:
    ring = film(tmp_path / "clip.mp4", [street(6)] * FPS * 16)
    what = seen("street_vending", 1, 6)
    told: list[SealedPackage] = []
    made = recorder(tmp_path / "out", on_sealed=told.append)
    assert not made.recheck(what.incident_id, ring, 6 * SECOND_NS, CAMERA)
    made.observe([what], ring, 6 * SECOND_NS, CAMERA)
    made.observe([], ring, 9 * SECOND_NS, CAMERA)
    for second in (11, 13):
        assert made.recheck(what.incident_id, ring, second * SECOND_NS, CAMERA)
    made.flush()
    assert [package.part for package in told] == [1, 2, 3]
    assert (told[1].path / "data/stills/close_up_recheck.jpg").exists()
    made.observe([ended(what, 14)], ring, 14 * SECOND_NS, CAMERA)
    assert not made.recheck(what.incident_id, ring, 15 * SECOND_NS, CAMERA)
    made.close()


def test_the_first_sight_is_kept_with_what_came_before_it(tmp_path: Path) -> None:
    manifest = sealed(tmp_path, seen(started_s=3, confirmed_s=14), film(tmp_path / "c.mp4", [street(1)] * FPS * 18))
    entry = next(e for e in manifest.files if isinstance(e, Original) and e.path.endswith("panorama_first.mp4"))
    assert (entry.start_pts_ns, entry.end_pts_ns) == (SECOND_NS, 3 * SECOND_NS)


def test_a_stream_that_changed_its_size_in_between_keeps_both_sights(tmp_path: Path) -> None:
    ring = film(tmp_path / "small.mp4", [street(1)] * FPS * 16)
    span = ring.span(0, 20 * SECOND_NS)
    assert span is not None
    other = StreamParameters(
        span.parameters.codec, 640, 360, span.parameters.extradata + b"", span.parameters.time_base
    )
    changed = PacketRing(ring.camera_id)
    for packet in span.packets:
        changed.append(span.parameters if packet.pts_ns < 8 * SECOND_NS else other, packet)
    manifest = sealed(tmp_path / "out", seen(), changed)
    paths = [entry.path for entry in manifest.files if isinstance(entry, Original)]
    assert paths == ["data/originals/clip.mp4", "data/originals/panorama_first.mp4"]
    assert manifest.files[0].size_wh == (640, 360)
