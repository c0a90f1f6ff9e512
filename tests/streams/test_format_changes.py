"""A camera that changes codec or picture size in the middle is read on, and its record says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streams.clock import SimulatedClock
from streams.demand import Demand
from streams.errors import SourceError
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.source import CameraSource
from streams.timeline import SECOND_NS
from tests.streams.clips import make_clip, number_of
from tests.streams.fakes import PARAMETERS, ScriptedCamera
from tests.streams.scenes import LiveCamera, Packet, packets_of

DEMANDS = [Demand(1.0, 1.0), Demand(0.5, 0.5), Demand(0.001, 0.001)]


def later(packets: list[Packet], by_s: float) -> list[Packet]:
    by_ns = round(by_s * SECOND_NS)
    return [
        (parameters, replace(packet, pts_ns=packet.pts_ns + by_ns, dts_ns=packet.dts_ns + by_ns))
        for parameters, packet in packets
    ]


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_ring_and_reader_survive_another_size_and_codec(
    clips: Path, tmp_path: Path, codec: str, demand: Demand
) -> None:
    other = packets_of(make_clip(tmp_path / "other.mp4", 40, codec=codec, size_wh=(192, 144), first=100))
    packets = packets_of(clips / "h264_b.mp4")
    camera = LiveCamera(demand).play(packets).play(later(other, 4.0)).play(later(packets, 8.0))
    camera.frames += camera.reader.finish()
    assert [frame.size_wh for frame in camera.frames].count((192, 144)) == len(camera.frames) // 3
    shown = {(frame.pts_ns * 10 // SECOND_NS, number_of(frame.image)) for frame in camera.frames}
    assert shown <= {(number, [number, number + 60, number - 80][number // 40]) for number in range(120)}
    assert camera.reader.counts().drops.total() == 0
    assert camera.times_s == sorted(set(camera.times_s))


def test_each_change_is_counted() -> None:
    clock = SimulatedClock(10**18)
    camera = ScriptedCamera(clock, [0.0, 1.0], [0.0, 1.0], SourceError("away"))
    stream = CameraStream(CameraSource("gate", "rtsp://cam/live"), PacketRing("gate"), clock, opener=camera)
    camera.stream = stream
    camera.parameters = [PARAMETERS, replace(PARAMETERS, codec="mpeg4", width=32)]
    stream.run()
    health = stream.health()
    assert (health.format_changes, health.codec, health.width) == (1, "mpeg4", 32)
