"""Which device decodes is chosen by what is there, and a choice that cannot be met is said aloud."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from streams.demand import Demand
from streams.hardware import Decoding, choose_decoding, why_not
from streams.packet import EncodedPacket
from streams.pool import DecoderPool
from streams.reader import CameraReader
from streams.ring import PacketRing
from tests.streams.clips import number_of
from tests.streams.scenes import packets_of

ABSENT = "no device"


def only(*present: str) -> object:
    return lambda kind: None if kind in present else ABSENT


@pytest.mark.parametrize(
    ("setting", "available", "present", "device"),
    [
        ("auto", ["cuda", "vaapi"], ["cuda", "vaapi"], "cuda"),
        ("auto", ["cuda", "vaapi"], ["vaapi"], "vaapi"),
        ("auto", ["cuda", "vaapi"], [], None),
        ("auto", [], ["cuda"], None),
        ("auto", ["drm"], ["drm"], None),
        ("software", ["cuda"], ["cuda"], None),
        ("drm", ["drm"], ["drm"], "drm"),
        ("cuda", ["cuda"], [], None),
        ("cuda", ["vaapi"], ["vaapi"], None),
    ],
)
def test_the_device_is_what_was_asked_for_and_is_there(
    setting: str, available: list[str], present: list[str], device: str | None
) -> None:
    choice = choose_decoding(setting, available, only(*present))  # type: ignore[arg-type]
    assert choice.device == device
    assert choice.reason
    assert choice.shown == (device or "software")


def test_a_named_device_that_is_not_there_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        choice = choose_decoding("cuda", ["cuda"], only())  # type: ignore[arg-type]
    assert choice == Decoding(None, f"cuda: {ABSENT}")
    assert f"decoding by cuda is not possible ({ABSENT}); software decodes" in caplog.text


def test_a_kind_that_ffmpeg_does_not_know_has_a_reason() -> None:
    assert why_not("abacus")


def test_a_reader_decodes_by_what_this_machine_chooses(clips: Path) -> None:
    pool = DecoderPool(decoding=choose_decoding())
    reader = CameraReader(PacketRing("gate"), pool=pool)
    reader.set_demand(Demand(1.0, 1.0))
    packet: EncodedPacket
    for parameters, packet in packets_of(clips / "h264.mp4")[:10]:
        reader.accept(parameters, packet, packet.pts_ns)
    assert [number_of(frame.image) for frame in reader.read(10**9, 4)] == [0]
    assert reader.decoder == pool.decoding.shown
