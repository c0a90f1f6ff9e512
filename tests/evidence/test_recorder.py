"""The recorder seals one package for each confirmed incident, out of the camera's own packets."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from evidence.errors import StoreError
from evidence.manifest import Derived, Original
from evidence.package import SealedPackage
from evidence.recorder import RecorderSettings
from evidence.stills import JPEG_QUALITY
from evidence.verify import verify_package, verify_packages
from streams import nal
from streams.clock import SimulatedClock
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.recording import (
    CAMERA,
    FPS,
    SECOND_NS,
    ended,
    filled_ring,
    frames_of,
    incident,
    make_clip,
    pending,
    recorder,
    seal,
)


def sealed_folders(root: Path) -> list[Path]:
    return sorted((root / "packages").iterdir())


def watch(root: Path, clip: Path, clock: SimulatedClock | None = None) -> list[SealedPackage]:
    """A whole run: an incident that is pending at 1 s, confirmed at 6 s and ended at 7 s of a clip."""
    ring, sealed = PacketRing("kerb-1"), list[SealedPackage]()
    made = recorder(root, clock, on_sealed=sealed.append)
    seen = incident()
    steps = {1: pending(seen), 6: seen, 7: ended(seen, 7)}
    for frame in frames_of(clip, ring):
        second = frame.pts_ns // SECOND_NS
        changes = [steps.pop(second)] if second in steps else []
        made.observe(changes, ring, frame.pts_ns, CAMERA)
    made.flush()
    made.close()
    return sealed


def test_an_incident_becomes_one_package_that_verifies(tmp_path: Path, clip: Path) -> None:
    (package,) = watch(tmp_path, clip)
    report = verify_package(package.path, support.registry())
    assert report.problems == ()
    assert (report.integrity_ok, report.authentic) == (True, True)
    assert report.manifest is not None
    assert report.manifest_sha256 == package.manifest_sha256
    assert (package.sequence, package.incident_id, package.camera_id) == (1, incident().incident_id, "kerb-1")
    assert report.manifest.times.ended is not None
    assert report.manifest.times.ended.pts_ns == 7 * SECOND_NS
    assert package.grade == "lead"
    assert "resolution_low" in package.reasons
    assert list((tmp_path / "building").iterdir()) == []


def test_the_clip_holds_the_camera_s_own_bytes_around_the_confirmation(tmp_path: Path, clip: Path) -> None:
    (package,) = watch(tmp_path, clip)
    manifest = verify_package(package.path, None).manifest
    assert manifest is not None
    entry = manifest.files[0]
    assert isinstance(entry, Original)
    assert (entry.start_pts_ns, entry.end_pts_ns) == (3 * SECOND_NS, 8 * SECOND_NS)
    data = (package.path / entry.path).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert units_of(clip, 3 * FPS, 3 * FPS + entry.packets) == units_of(package.path / entry.path, 0, entry.packets)


def units_of(clip: Path, first: int, last: int) -> list[list[bytes]]:
    """NAL units of the packets, in decoding order."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        extradata = bytes(stream.codec_context.extradata or b"")
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
    return [nal.split("h264", data, extradata) for data in packets[first:last]]


def test_every_still_can_be_made_again_from_its_original(tmp_path: Path, clip: Path) -> None:
    (package,) = watch(tmp_path, clip)
    manifest = verify_package(package.path, None).manifest
    assert manifest is not None
    stills = [entry for entry in manifest.files if isinstance(entry, Derived)]
    assert [entry.purpose for entry in stills] == ["panorama_first", "panorama_confirmed", "close_up"]
    assert [entry.pts_ns for entry in stills] == [1 * SECOND_NS, 6 * SECOND_NS, 6 * SECOND_NS]
    assert stills[0].parent == "data/originals/panorama_first.mp4"
    for entry in stills:
        assert (package.path / entry.path).read_bytes() == made_again(package.path / entry.parent, entry)


def made_again(original: Path, entry: Derived) -> bytes:
    """What a third party does: decode the original, take the picture of that time, cut and encode it."""
    with av.open(str(original)) as container:
        image = next(
            frame.to_ndarray(format="bgr24")
            for frame in container.decode(video=0)
            if abs(frame.time * 1e9 - entry.parent_offset_ns) < 1e6
        )
    if entry.crop_xyxy is not None:
        left, top, right, bottom = entry.crop_xyxy
        image = image[top:bottom, left:right]
    encoded: bytes = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    return encoded


def test_the_close_up_shows_the_box_with_a_margin(tmp_path: Path, clip: Path) -> None:
    (package,) = watch(tmp_path, clip)
    picture = cv2.imdecode(np.frombuffer((package.path / "data/stills/close_up.jpg").read_bytes(), np.uint8), 1)
    assert picture is not None
    assert picture.shape == (132 - 28, 105, 3)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_stream_with_parameters_in_its_packets_is_recorded_too(tmp_path: Path, codec: str) -> None:
    live = filled_ring(make_clip(tmp_path / "live.ts", seconds=10, codec=codec))
    seal(tmp_path / "out", live, 1)
    (folder,) = sealed_folders(tmp_path / "out")
    assert verify_package(folder, support.registry()).ok
    with av.open(str(folder / "data/originals/clip.mp4")) as container:
        assert len(list(container.decode(video=0))) == 26


def test_the_same_clip_gives_the_same_package_but_for_the_sealing_time(tmp_path: Path, clip: Path) -> None:
    first, second = (
        watch(tmp_path / str(at), clip, SimulatedClock(support.SEALED_AT_NS + at)) for at in (0, 5 * 10**12)
    )
    assert first[0].package_id == second[0].package_id
    values = [json.loads((run[0].path / "manifest.json").read_bytes()) for run in (first, second)]
    assert values[0].pop("sealed_at_ns") != values[1].pop("sealed_at_ns")
    assert values[0] == values[1]


def test_an_incident_that_ends_unconfirmed_leaves_nothing(tmp_path: Path, ring: PacketRing) -> None:
    made = recorder(tmp_path)
    seen = pending(incident())
    made.observe([seen], ring, SECOND_NS, CAMERA)
    assert made.stats.pending == 1
    made.observe([replace(ended(incident(), 3), confirmed_pts_ns=None, confirmed_at_ns=None)], ring, 3, CAMERA)
    made.flush()
    assert made.stats.pending == 0
    assert made._first_sights.size_bytes == 0
    assert sealed_folders(tmp_path) == []
    made.close()


def test_many_pending_incidents_share_their_packets_within_the_bound(tmp_path: Path, ring: PacketRing) -> None:
    settings = RecorderSettings(max_first_sight_bytes=ring.size_bytes, max_pending=50, lead_in_s=0.0)
    made = recorder(tmp_path, settings=settings)
    made.observe([pending(incident(number)) for number in range(60)], ring, SECOND_NS, CAMERA)
    one_gop = ring.gop_at(SECOND_NS)
    assert one_gop is not None
    assert made.stats.pending == 50
    assert made.stats.pending_refused == 10
    assert made._first_sights.size_bytes == one_gop.size_bytes
    made.close()


def test_first_sights_outlive_the_ring(tmp_path: Path, clip: Path) -> None:
    ring = PacketRing("kerb-1", max_seconds=4)
    made = recorder(tmp_path)
    seen = incident(1, started_s=1, confirmed_s=16)
    for frame in frames_of(clip, ring):
        changes = {1: [pending(seen)], 16: [seen]}.get(frame.pts_ns // SECOND_NS, [])
        made.observe(changes, ring, frame.pts_ns, CAMERA)
    made.flush()
    made.close()
    (folder,) = sealed_folders(tmp_path)
    manifest = verify_package(folder, None).manifest
    assert manifest is not None
    assert [entry.pts_ns for entry in manifest.files if isinstance(entry, Derived)][:2] == [
        1 * SECOND_NS,
        16 * SECOND_NS,
    ]


def test_a_ring_that_lost_everything_after_the_confirmation_still_gives_a_package(
    tmp_path: Path, ring: PacketRing
) -> None:
    made = recorder(tmp_path)
    made.observe([incident()], ring, 6 * SECOND_NS - 1, CAMERA)
    made.flush()
    other = recorder(tmp_path / "lost")
    ring_of_now = filled_ring_without_latest(ring)
    other.observe([incident(2)], ring_of_now, 6 * SECOND_NS, CAMERA)
    ring_of_now.clear()
    other.flush()
    (folder,) = sealed_folders(tmp_path / "lost")
    report = verify_package(folder, support.registry())
    assert report.ok
    assert report.manifest is not None
    assert "clip_missing" in report.manifest.reasons
    made.close()
    other.close()


def filled_ring_without_latest(ring: PacketRing) -> PacketRing:
    """The ring as it was at the confirmation, before the post-roll came."""
    span = ring.span(0, 6 * SECOND_NS)
    assert span is not None
    short = PacketRing(ring.camera_id)
    for packet in span.packets:
        short.append(span.parameters, packet)
    return short


def test_the_clip_is_bounded_in_bytes_and_keeps_the_confirmation(tmp_path: Path, ring: PacketRing) -> None:
    gop = ring.gop_at(6 * SECOND_NS + SECOND_NS - 1)
    assert gop is not None
    settings = RecorderSettings(clip_s=5, post_roll_s=2, max_clip_bytes=gop.size_bytes)
    seal(tmp_path, ring, 1, settings=settings)
    manifest = verify_package(sealed_folders(tmp_path)[0], None).manifest
    assert manifest is not None
    entry = manifest.files[0]
    assert isinstance(entry, Original)
    assert entry.purpose == "clip"
    assert entry.start_pts_ns == 6 * SECOND_NS <= entry.end_pts_ns < 7 * SECOND_NS


def test_one_incident_is_never_sealed_twice_also_after_a_restart(tmp_path: Path, ring: PacketRing) -> None:
    seal(tmp_path, ring, 1)
    made = recorder(tmp_path)
    made.observe([ended(incident(1), 7)], ring, 12 * SECOND_NS, CAMERA)
    assert (made.stats.sealed, made.stats.already_sealed, made.stats.failed_attempts) == (0, 1, 0)
    made.close()
    assert len(sealed_folders(tmp_path)) == 1


def test_later_states_of_a_sealed_incident_are_no_new_package(tmp_path: Path, ring: PacketRing) -> None:
    made = recorder(tmp_path)
    for change in (pending(incident(1)), incident(1), incident(1), ended(incident(1), 7)):
        made.observe([change], ring, 12 * SECOND_NS, CAMERA)
    made.flush()
    assert (made.stats.sealed, made.stats.already_sealed) == (1, 0)
    made.close()


def test_a_receipt_of_the_outbox_is_enough_to_remember_a_package(tmp_path: Path, ring: PacketRing) -> None:
    sent = tmp_path / "outbox" / "sent"
    sent.mkdir(parents=True)
    seal(tmp_path / "elsewhere", ring, 1)
    name = sealed_folders(tmp_path / "elsewhere")[0].name
    (sent / f"package-{name}.json").write_text("{}")
    seal(tmp_path, ring, 1)
    assert sealed_folders(tmp_path) == []


def test_the_chain_goes_on_after_a_restart(tmp_path: Path, ring: PacketRing) -> None:
    seal(tmp_path, ring, 1, 2)
    seal(tmp_path, ring, 3)
    report = verify_packages(sealed_folders(tmp_path), support.registry(), whole=True)
    assert report.ok
    assert sorted(package.link.place.sequence for package in report.packages if package.link) == [1, 2, 3]


def test_two_processes_cannot_seal_into_one_folder(tmp_path: Path) -> None:
    first = recorder(tmp_path)
    with pytest.raises(StoreError, match="another process"):
        recorder(tmp_path)
    first.close()
    recorder(tmp_path).close()


def test_a_silent_camera_is_sealed_by_the_tick(tmp_path: Path, ring: PacketRing) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    made = recorder(tmp_path, clock)
    short = filled_ring_without_latest(ring)
    made.observe([incident()], short, 6 * SECOND_NS, CAMERA)
    made.tick()
    assert sealed_folders(tmp_path) == []
    clock.advance(17.5)
    made.tick()
    assert len(sealed_folders(tmp_path)) == 1
    made.close()


def test_releasing_a_camera_seals_what_it_confirmed_and_forgets_the_rest(tmp_path: Path, ring: PacketRing) -> None:
    made = recorder(tmp_path)
    made.observe([incident(1), pending(incident(2))], filled_ring_without_latest(ring), 6 * SECOND_NS, CAMERA)
    made.release("kerb-1")
    assert (made.stats.sealed, made.stats.pending, made.stats.waiting) == (1, 0, 0)
    made.close()


def test_an_executor_takes_the_sealing_off_the_loop(tmp_path: Path, ring: PacketRing) -> None:
    with ThreadPoolExecutor(1, "seal") as executor:
        made = recorder(tmp_path, executor=executor)
        for number in range(1, 6):
            made.observe([incident(number)], ring, 6 * SECOND_NS, CAMERA)
        made.flush()
    assert made.stats.sealed == 5
    assert verify_packages(sealed_folders(tmp_path), support.registry(), whole=True).ok
    made.close()
