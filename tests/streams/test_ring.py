"""The packet ring keeps whole GOPs within its bounds and gives spans that can be muxed as they are."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.container import open_video
from streams.packet import EncodedPacket, StreamParameters
from streams.ring import MEBIBYTE, PacketRing, with_muxable_dts
from streams.source import CameraSource
from streams.timeline import SECOND_NS, Timeline
from tests.streams.clips import numbers_in, write_mp4

PARAMETERS = StreamParameters("h264", 128, 96, b"", Fraction(1, 90_000))
OTHER = StreamParameters("h264", 64, 48, b"", Fraction(1, 90_000))
STEP = SECOND_NS // 10


def packet(number: int, *, key: bool = False, size: int = 100) -> EncodedPacket:
    return EncodedPacket(number * STEP, number * STEP, STEP, number * STEP, key, bytes(size))


def filled(count: int, *, gop: int = 10, seconds: float = 60.0, max_bytes: int = MEBIBYTE) -> PacketRing:
    ring = PacketRing("gate", seconds, max_bytes)
    for number in range(count):
        ring.append(PARAMETERS, packet(number, key=number % gop == 0))
    return ring


def ring_of(clip: Path, *, with_dts: bool = True) -> PacketRing:
    ring, timeline = PacketRing("gate"), Timeline(live=False)
    with open_video(CameraSource("gate", str(clip))) as video:
        for read in video.packets():
            place = timeline.place(read.pts_ns, read.dts_ns if with_dts else None, 0)
            encoded = EncodedPacket(place.pts_ns, place.dts_ns, read.duration_ns, 0, read.is_keyframe, read.data)
            ring.append(read.parameters, encoded)
    return ring


def test_a_span_begins_with_the_key_frame_before_and_ends_with_the_moment() -> None:
    span = filled(40).span(25 * STEP, 32 * STEP)
    assert span is not None
    assert span.packets[0].is_keyframe
    assert (span.start_pts_ns, span.end_pts_ns) == (20 * STEP, 32 * STEP)
    assert span.size_bytes == 13 * 100


def test_a_span_that_begins_before_the_ring_does_takes_the_oldest_key_frame() -> None:
    span = filled(100, seconds=3.0).span(0, 99 * STEP)
    assert span is not None
    assert span.packets[0].is_keyframe
    assert span.end_pts_ns - span.start_pts_ns >= 3 * SECOND_NS
    assert span.start_pts_ns >= 60 * STEP


def test_nothing_is_given_for_what_is_not_kept() -> None:
    assert PacketRing("gate").span(0, SECOND_NS) is None
    assert PacketRing("gate").gop_at(0) is None
    ring = filled(100, seconds=3.0)
    assert ring.span(0, 10 * STEP) is None
    assert ring.gop_at(10 * STEP) is None


def test_packets_before_the_first_key_frame_are_not_kept() -> None:
    ring = PacketRing("gate")
    assert not ring.append(PARAMETERS, packet(0))
    assert ring.append(PARAMETERS, packet(1, key=True))
    assert ring.oldest_pts_ns == STEP


def test_memory_is_bounded_also_without_key_frames() -> None:
    ring = PacketRing("gate", max_bytes=20_000)
    for number in range(2_000):
        ring.append(PARAMETERS, packet(number, key=number == 0, size=300))
        assert ring.size_bytes <= 20_000
    assert ring.span(0, 2_000 * STEP) is None
    assert ring.append(PARAMETERS, packet(2_001, key=True))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5_000)), max_size=120))
def test_the_bookkeeping_holds_for_any_stream(stream: list[tuple[bool, int]]) -> None:
    ring = PacketRing("gate", max_seconds=2.0, max_bytes=20_000)
    for number, (key, size) in enumerate(stream):
        ring.append(PARAMETERS, packet(number, key=key, size=size))
        assert ring.size_bytes <= 20_000
        place = ring.place_of_key(0)
        kept = ring.after(place, 1_000) if place is not None else None
        # Of a group that lost its head the rest is for a reader that has decoded what was before.
        assert (kept is None) == (ring.oldest_pts_ns is None)
        span = ring.span(0, number * STEP)
        if span is not None:
            assert ring.size_bytes == span.size_bytes + 400 * len(span.packets)


def test_clear_forgets_everything() -> None:
    ring = filled(30)
    ring.clear()
    assert (ring.size_bytes, ring.latest_pts_ns, ring.span(0, SECOND_NS)) == (0, None, None)


def test_a_span_is_of_one_set_of_parameters() -> None:
    ring = filled(20)
    for number in range(20, 40):
        ring.append(OTHER, packet(number, key=number % 10 == 0))
    span = ring.span(0, 40 * STEP)
    assert span is not None
    assert span.parameters == OTHER
    assert span.start_pts_ns == 20 * STEP
    before = ring.span(0, 15 * STEP)
    assert before is not None
    assert before.parameters == PARAMETERS


@given(st.permutations(range(12)), st.booleans())
def test_decoding_times_can_always_be_muxed(order: list[int], broken: bool) -> None:
    packets = [EncodedPacket(n * STEP, 0 if broken else n * STEP, STEP, 0, i == 0, b"") for i, n in enumerate(order)]
    mended = with_muxable_dts(packets)
    times = [each.dts_ns for each in mended]
    assert times == sorted(set(times))
    assert all(each.dts_ns <= each.pts_ns for each in mended)
    assert [each.pts_ns for each in mended] == [each.pts_ns for each in packets]


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
@pytest.mark.parametrize("with_dts", [True, False])
def test_a_span_becomes_an_mp4_without_encoding(clips: Path, tmp_path: Path, name: str, with_dts: bool) -> None:
    span = ring_of(clips / f"{name}.mp4", with_dts=with_dts).span(15 * STEP, 31 * STEP)
    assert span is not None
    numbers = numbers_in(write_mp4(span, tmp_path / "out.mp4"))
    assert numbers[0] == 10
    assert numbers[: 31 - 10 + 1] == list(range(10, 32))


def test_readers_and_the_writer_do_not_disturb_each_other() -> None:
    ring, failures = PacketRing("gate", max_seconds=1.0), []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            span = ring.span(0, 10**12)
            if span is not None and (not span.packets[0].is_keyframe or len(span.packets) > 40):
                failures.append(span)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(3_000):
        ring.append(PARAMETERS, packet(number, key=number % 10 == 0))
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
