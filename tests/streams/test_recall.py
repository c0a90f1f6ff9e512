"""What a camera showed between two looks: the key frames that its ring still holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.pool import DecoderPool
from streams.recall import MOST, KeyRecall
from streams.ring import PacketRing
from streams.timeline import SECOND_NS
from tests.streams.scenes import Packet, Scene, make_scene, packets_of


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """30 s at 10 pictures a second, a key frame every 2 s."""
    return packets_of(make_scene(tmp_path_factory.mktemp("scene") / "street.mp4", Scene(30.0, 9.0, 12.0)))


def recall_of(packets: list[Packet], seconds: float = 60.0) -> KeyRecall:
    ring = PacketRing("cam", seconds)
    for parameters, packet in packets:
        ring.append(parameters, packet)
    return KeyRecall(ring, DecoderPool())


def seconds_of(recall: KeyRecall, after_s: float, before_s: float) -> list[float]:
    return [pts_ns / SECOND_NS for pts_ns, _image in recall(round(after_s * SECOND_NS), round(before_s * SECOND_NS))]


def test_only_key_frames_strictly_between_two_moments_are_brought_back(street: list[Packet]) -> None:
    assert seconds_of(recall_of(street), 4.0, 10.0) == [6, 8]
    assert seconds_of(recall_of(street), 4.1, 5.9) == []


def test_pictures_come_whole_and_in_colour(street: list[Packet]) -> None:
    ((_pts_ns, image),) = recall_of(street)(4 * SECOND_NS, 7 * SECOND_NS)
    assert image.ndim == 3
    assert image.std() > 1


def test_a_long_time_costs_no_more_than_a_few_pictures_the_newest(street: list[Packet]) -> None:
    times = seconds_of(recall_of(street), -1.0, 30.0)
    assert len(times) == MOST
    assert times[-1] == 28


def test_what_the_ring_no_longer_holds_is_not_there(street: list[Packet]) -> None:
    assert seconds_of(recall_of(street, seconds=5.0), 0.0, 10.0) == []


@pytest.mark.parametrize("is_corrupt", [True, False])
def test_a_damaged_key_frame_is_left_out(street: list[Packet], is_corrupt: bool) -> None:
    damaged = [
        (parameters, replace(packet, data=bytes(len(packet.data)), is_corrupt=is_corrupt))
        if packet.pts_ns == 6 * SECOND_NS
        else (parameters, packet)
        for parameters, packet in street
    ]
    assert seconds_of(recall_of(damaged), 4.0, 10.0) == [8]
