"""The quantiser is read from slice headers of every shape; what a picture cost does not hang on the encoder's rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.activity import PacketActivity
from streams.slice_qp import PictureCost
from tests.streams.scenes import Packet, Scene, make_scene, packets_of

QP = 31
ALL_TOOLS = "bframes=2:b-pyramid=normal:ref=4:weightp=2:cabac=1:8x8dct=1"


def quantisers(packets: list[Packet]) -> list[int | None]:
    """Of all pictures but key frames."""
    parameters = packets[0][0]
    cost = PictureCost(parameters.codec, parameters.extradata)
    return [cost.qp(packet.data) for _, packet in packets if not packet.is_keyframe]


@pytest.mark.parametrize(
    "settings",
    [
        "bframes=0:cabac=0:weightp=0:ref=1",
        "bframes=0:cabac=1:ref=4:weightp=2",
        ALL_TOOLS + ":pbratio=1.0",
        "interlaced=1:bframes=0",
    ],
)
def test_a_fixed_quantiser_is_read_back_from_every_picture(settings: str, tmp_path: Path) -> None:
    packets = packets_of(make_scene(tmp_path / "fixed.mp4", Scene(3.0, 1.0, 2.0), settings=f"qp={QP}:{settings}"))
    found = quantisers(packets)
    assert len(found) > 20
    assert set(found) == {QP}


def test_cut_off_and_foreign_packets_give_no_quantiser_and_their_bytes_count(tmp_path: Path) -> None:
    packets = packets_of(make_scene(tmp_path / "fixed.mp4", Scene(1.0)))
    parameters, packet = packets[5]
    cost = PictureCost(parameters.codec, parameters.extradata)
    for data in (b"", packet.data[:6], b"\x00\x00\x00\x02\x41\x00", bytes(100), b"\xff" * 100):
        assert cost.qp(data) is None
        assert cost.of(data) == len(data)
    assert PictureCost("hevc", b"").of(packet.data) == len(packet.data)


def test_motion_is_heard_where_a_constant_bit_rate_hides_it_from_the_sizes(tmp_path: Path) -> None:
    settings = "bframes=0:bitrate=60:vbv-maxrate=60:vbv-bufsize=30:nal-hrd=cbr:aq-mode=0"
    packets = packets_of(make_scene(tmp_path / "cbr.mp4", Scene(60.0, 40.0, 45.0), settings=settings))
    parameters = packets[0][0]
    cost = PictureCost(parameters.codec, parameters.extradata)
    by_size, by_cost = PacketActivity(), PacketActivity()
    for _, packet in packets:
        when = (packet.pts_ns, packet.dts_ns)
        by_size.take(*when, len(packet.data), is_keyframe=packet.is_keyframe)
        by_cost.take(*when, cost.of(packet.data), is_keyframe=packet.is_keyframe)
    assert by_size.began_ns is None
    assert by_cost.began_ns is not None
    assert 39 <= by_cost.began_ns / 1e9 <= 42
