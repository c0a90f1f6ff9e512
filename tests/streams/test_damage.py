"""Pictures made from damaged data are counted and never handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from streams.demand import Demand
from streams.frame import Frame
from streams.packet import EncodedPacket, StreamParameters
from streams.reader import CameraReader
from streams.ring import PacketRing
from tests.streams.clips import make_clip, number_of
from tests.streams.test_ring import ring_of

EVERY_PICTURE = Demand(0.001, 0.001)
Played = tuple[list[Frame], Counter[str]]
Harm = Callable[[EncodedPacket], EncodedPacket | None]


def lost(_: EncodedPacket) -> None:
    return None


def zeroed(packet: EncodedPacket) -> EncodedPacket:
    half = len(packet.data) // 2
    return replace(packet, data=packet.data[:half] + bytes(len(packet.data) - half))


def cut(packet: EncodedPacket) -> EncodedPacket:
    return replace(packet, data=packet.data[: len(packet.data) // 3])


def play(packets: Iterable[EncodedPacket], parameters: StreamParameters, demand: Demand = EVERY_PICTURE) -> Played:
    """The packets through a reader, asked after each for what is due; its frames and its drops."""
    reader, frames, now_ns, has_key = CameraReader(PacketRing("gate")), list[Frame](), 0, False
    reader.set_demand(demand)
    for packet in packets:
        has_key, now_ns = has_key or packet.is_keyframe, max(now_ns, packet.pts_ns)
        if has_key:
            reader.accept(parameters, packet, now_ns)
            frames += reader.read(now_ns, 64)
    return frames + reader.finish(), reader.counts().drops


def run(clip: Path, harm: dict[int, Harm], demand: Demand = EVERY_PICTURE) -> Played:
    """The clip's packets through a reader, those at the given places (in decoding order) harmed."""
    span = ring_of(clip).span(0, 10**12)
    assert span is not None
    harmed = (harm[index](packet) if index in harm else packet for index, packet in enumerate(span.packets))
    return play((packet for packet in harmed if packet is not None), span.parameters, demand)


def is_right(frame: Frame) -> bool:
    return number_of(frame.image) == frame.pts_ns // 100_000_000


@pytest.mark.parametrize("name", ["h264", "h264_b"])
@pytest.mark.parametrize("harm", [lost, zeroed, cut])
@pytest.mark.parametrize("index", [4, 13])
def test_after_a_damaged_packet_nothing_wrong_is_handed_on(clips: Path, name: str, harm: Harm, index: int) -> None:
    if name == "h264_b" and harm is zeroed:
        index -= 1  # a picture that others refer to
    frames, drops = run(clips / f"{name}.mp4", {index: harm})
    assert [number_of(frame.image) for frame in frames if not is_right(frame)] == []
    assert {frame.pts_ns // 100_000_000 for frame in frames} >= set(range(22, 40))
    assert sum(drops.values()) >= 40 - len(frames) - 1
    assert len(frames) < 40


@pytest.mark.parametrize("name", ["hevc", "hevc_b"])
@pytest.mark.parametrize("harm", [lost, cut])
def test_the_same_for_h265(clips: Path, name: str, harm: Harm) -> None:
    frames, _ = run(clips / f"{name}.mp4", {4: harm})
    assert all(is_right(frame) for frame in frames)
    assert {frame.pts_ns // 100_000_000 for frame in frames} >= set(range(12, 40))


def test_a_damaged_key_frame_costs_only_itself_when_key_frames_are_sampled(clips: Path) -> None:
    frames, drops = run(clips / "h264.mp4", {10: zeroed}, Demand(1.0, 1.0))
    assert [number_of(frame.image) for frame in frames] == [0, 20, 30]
    assert drops["corrupt"] == 1


def test_what_the_transport_calls_damaged_is_not_decoded(clips: Path) -> None:
    span = ring_of(clips / "h264.mp4").span(0, 10**12)
    assert span is not None
    packets = (replace(packet, is_corrupt=index == 5) for index, packet in enumerate(span.packets))
    frames, drops = play(packets, span.parameters)
    assert [number_of(frame.image) for frame in frames] == [*range(5), *range(10, 40)]
    assert +drops == {"corrupt": 1, "after_corrupt": 4}


def test_undamaged_streams_lose_nothing(clips: Path) -> None:
    for name in ("h264", "h264_b", "hevc", "hevc_b"):
        frames, drops = run(clips / f"{name}.mp4", {})
        assert [number_of(frame.image) for frame in frames] == list(range(40))
        assert sum(drops.values()) == 0


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc_b"])
def test_a_stream_joined_in_the_middle_begins_at_its_key_frame(clips: Path, name: str) -> None:
    frames, _ = run(clips / f"{name}.mp4", dict.fromkeys(range(5), lost))
    assert [number_of(frame.image) for frame in frames] == list(range(10, 40))


def test_random_garbage_crashes_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 40)
    garbage: dict[int, Harm] = {index: lambda packet: replace(packet, data=b"\xff" * 50) for index in range(3, 40, 4)}
    frames, _ = run(clip, garbage)
    assert all(is_right(frame) for frame in frames)
