"""The right picture comes out of a span, also with reordering and open GOPs."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.decode import decode_span
from tests.streams.clips import number_of
from tests.streams.test_ring import STEP, ring_of


@pytest.mark.parametrize("name", ["h264_b", "hevc_b"])
def test_the_clips_have_pictures_shown_before_their_own_key_frame(clips: Path, name: str) -> None:
    span = ring_of(clips / f"{name}.mp4").span(0, 4 * 10 * STEP)
    assert span is not None
    key_ns = next(packet.pts_ns for packet in span.packets[1:] if packet.is_keyframe)
    after = span.packets[[packet.pts_ns for packet in span.packets].index(key_ns) :]
    assert min(packet.pts_ns for packet in after) < key_ns


@pytest.mark.parametrize("name", ["h264_b", "hevc_b"])
def test_a_span_that_begins_with_an_open_gop_gives_no_picture_before_its_key_frame(clips: Path, name: str) -> None:
    span = ring_of(clips / f"{name}.mp4").span(15 * STEP, 30 * STEP)
    assert span is not None
    assert [number_of(frame.image) for frame in decode_span(span)][:5] == [10, 11, 12, 13, 14]


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
@pytest.mark.parametrize("number", [0, 7, 9, 10, 18, 19, 20, 39])
def test_gop_at_holds_what_the_picture_shown_then_needs(clips: Path, name: str, number: int) -> None:
    span = ring_of(clips / f"{name}.mp4").gop_at(number * STEP + STEP // 2)
    assert span is not None
    assert span.packets[0].is_keyframe
    frames = decode_span(span, number * STEP + STEP // 2)
    assert [number_of(frame.image) for frame in frames] == [number]
    assert frames[0].pts_ns == number * STEP


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_a_whole_span_decodes_in_order(clips: Path, name: str) -> None:
    span = ring_of(clips / f"{name}.mp4").span(0, 4 * 10 * STEP)
    assert span is not None
    frames = decode_span(span)
    assert [number_of(frame.image) for frame in frames] == list(range(40))
    assert [frame.sequence for frame in frames] == list(range(40))
    assert [frame.pts_ns for frame in frames] == [number * STEP for number in range(40)]
    assert frames[0].is_keyframe
    assert not frames[1].is_keyframe


@pytest.mark.parametrize("name", ["h264", "hevc_b"])
def test_one_moment_of_a_long_span_is_decoded_from_its_own_key_frame(clips: Path, name: str) -> None:
    span = ring_of(clips / f"{name}.mp4").span(0, 4 * 10 * STEP)
    assert span is not None
    assert [number_of(frame.image) for frame in decode_span(span, 25 * STEP)] == [25]
    assert [number_of(frame.image) for frame in decode_span(span, -STEP)] == [0]
    assert [number_of(frame.image) for frame in decode_span(span, 100 * STEP)] == [39]
