"""Clips replay the same way every time, and bad ones end in one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from streams.demand import Demand
from streams.errors import SourceError
from streams.files import replay
from streams.frame import Frame, TimeSource
from streams.ring import PacketRing
from streams.source import CameraSource
from streams.timeline import SECOND_NS
from tests.streams.clips import make_clip, number_of

EVERY = Demand(0.001, 0.001)


def frames_of(clip: Path, demand: Demand = EVERY, ring: PacketRing | None = None) -> list[Frame]:
    return list(replay(CameraSource("gate", str(clip)), ring or PacketRing("gate"), demand, started_at_ns=10**18))


def test_frames_begin_at_zero_and_carry_the_clip_s_own_time(clips: Path) -> None:
    frames = frames_of(clips / "h264_b.mp4")
    assert [frame.pts_ns for frame in frames] == [number * SECOND_NS // 10 for number in range(40)]
    assert all(frame.captured_at_ns == 10**18 + frame.pts_ns for frame in frames)
    assert {frame.time_source for frame in frames} == {TimeSource.FILE}
    assert frames[0].size_wh == (128, 96)
    assert frames[0].image.dtype == np.uint8


def test_twice_the_same_clip_gives_the_same_frames(clips: Path) -> None:
    demand = Demand(0.5, 0.5)
    first, second = (frames_of(clips / "h264_b.mp4", demand) for _ in range(2))
    assert [(each.pts_ns, each.sequence) for each in first] == [(each.pts_ns, each.sequence) for each in second]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


def test_the_ring_is_in_step_with_the_frames(clips: Path) -> None:
    ring = PacketRing("gate")
    seen = 0
    for frame in replay(CameraSource("gate", str(clips / "h264.mp4")), ring, EVERY):
        assert ring.latest_pts_ns is not None
        assert ring.latest_pts_ns >= frame.pts_ns
        seen += 1
    assert seen == 40
    span = ring.span(0, 4 * SECOND_NS)
    assert span is not None
    assert len(span.packets) == 40


def test_the_start_is_the_creation_time_or_the_file_s(tmp_path: Path) -> None:
    dated = make_clip(tmp_path / "dated.mp4", 2, metadata={"creation_time": "2024-05-06T07:08:09Z"})
    frame = next(replay(CameraSource("gate", str(dated)), PacketRing("gate"), EVERY))
    assert frame.captured_at_ns == 1_714_979_289 * SECOND_NS
    plain = make_clip(tmp_path / "plain.mp4", 2)
    os.utime(plain, ns=(0, 1_600_000_000 * SECOND_NS))
    frame = next(replay(CameraSource("gate", str(plain)), PacketRing("gate"), EVERY))
    assert frame.captured_at_ns == 1_600_000_000 * SECOND_NS


def test_a_clip_whose_picture_size_changes_goes_on(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "a.ts", 10)
    large = make_clip(tmp_path / "b.ts", 10, size_wh=(256, 192), first=50)
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    ring = PacketRing("gate")
    frames = frames_of(both, ring=ring)
    assert {frame.size_wh for frame in frames} == {(128, 96), (256, 192)}
    # Where the files were joined the transport stream's own count breaks, so its last packets are no longer trusted.
    assert [number_of(frame.image) for frame in frames] == [*range(8), *range(50, 60)]
    times = [frame.pts_ns for frame in frames]
    assert times == sorted(set(times))
    span = ring.span(0, times[-1])
    assert span is not None
    assert (span.parameters.width, span.parameters.height) == (256, 192)


def _text(folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_text("this is no video\n" * 200)
    return path


def _plain_text(folder: Path) -> Path:
    path = folder / "clip.txt"
    path.write_text("this is no video\n" * 200)
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def _without_index(folder: Path) -> Path:
    whole = make_clip(folder / "whole.mp4", 40)
    path = folder / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


def _audio_only(folder: Path) -> Path:
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.mp4", "no such file"),
        (lambda folder: folder, "not a file"),
        (_text, "not a video"),
        (_plain_text, "not a video"),
        (_empty, "empty"),
        (_without_index, "cut off"),
        (_audio_only, "no video stream"),
    ],
    ids=["missing", "folder", "text", "text file", "empty", "index cut off", "audio only"],
)
def test_a_bad_clip_is_one_clear_line(tmp_path: Path, make: object, words: str) -> None:
    assert callable(make)
    path = make(tmp_path)
    with pytest.raises(SourceError) as caught:
        frames_of(path)
    message = str(caught.value)
    assert words in message
    assert path.name in message
    assert "\n" not in message
    assert caught.value.lasting


def test_a_clip_that_breaks_off_gives_what_is_there_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "front.mp4"
    whole = make_clip(tmp_path / "whole.mp4", 40)
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    frames = frames_of(path)
    assert 20 <= len(frames) < 40
    assert [number_of(frame.image) for frame in frames] == list(range(len(frames)))
    assert "cut off" in caplog.text or "packets" in caplog.text


def test_a_real_clip_replays(shared_data: Path) -> None:
    clip = shared_data / "videos" / "cvtrafficcam_parked_street" / "traffic_000-279.mp4"
    frames = frames_of(clip, Demand(1.0, 1.0))
    assert [frame.pts_ns for frame in frames] == [second * SECOND_NS for second in range(28)]
    assert frames[0].size_wh == (640, 360)
