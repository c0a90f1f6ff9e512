"""Cameras whose streams are not as one would wish are served as well as the others, none is ever blind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streams.demand import Demand
from streams.packet import EncodedPacket
from streams.ring import PacketRing
from streams.timeline import SECOND_NS
from tests.streams.scenes import LiveCamera, Packet, Scene, make_scene, packets_of, steps_of

BEGINS_S, ENDS_S = 13.0, 16.0
SCENE = Scene(24.0, BEGINS_S, ENDS_S)
FOLLOWING = Demand(4.0, 0.5, look_back_s=1.0)
B_FRAMES = "bframes=3:b-adapt=0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


def made(folder: Path, name: str, **options: object) -> list[Packet]:
    path = folder / f"{name}.mp4"
    return packets_of(path if path.exists() else make_scene(path, SCENE, **options))  # type: ignore[arg-type]


CAMERAS: dict[str, dict[str, object]] = {
    "gop 10 s": {"gop": 100},
    "gop 10 s, b-frames": {"gop": 100, "settings": B_FRAMES},
    "b-frames": {"settings": B_FRAMES},
    "open gops": {"settings": f"{B_FRAMES}:open-gop=1"},
    "h265": {"codec": "libx265", "settings": "bframes=0"},
    "h265, open gops": {"codec": "libx265", "settings": f"{B_FRAMES}:open-gop=1"},
    "key frames on demand": {"gop": 100_000},
    "3 pictures a second": {"rate": 3, "gop": 6},
    "3 pictures a second, gop 10 s": {"rate": 3, "gop": 30},
    "irregular": {"times_ms": lambda number: number * 100 + (number * 37) % 90},
    "irregular, gop 10 s": {"gop": 100, "times_ms": lambda number: number * 100 + (number * 37) % 90},
}


@pytest.mark.parametrize("name", list(CAMERAS))
def test_no_camera_is_blind_and_motion_is_followed(folder: Path, name: str) -> None:
    camera = LiveCamera(FOLLOWING).play(made(folder, name, **CAMERAS[name]))
    times_s = camera.times_s
    assert times_s == sorted(set(times_s))
    assert max(steps_of(times_s)) <= 4.0 * 1.5
    during = [time for time in times_s if BEGINS_S <= time <= ENDS_S]
    assert len(during) >= 3
    assert max(steps_of(during)) <= 0.75
    assert any(BEGINS_S - 1.1 <= time <= BEGINS_S for time in times_s)
    assert len(times_s) <= 30
    assert sum(camera.reader.counts().drops.values()) == 0


@pytest.mark.parametrize("name", ["b-frames", "open gops", "h265", "h265, open gops", "irregular"])
def test_at_rest_only_key_frames_are_decoded_whatever_lies_between_them(folder: Path, name: str) -> None:
    camera = LiveCamera(Demand(4.0, 4.0)).play(made(folder, name, **CAMERAS[name]))
    assert all(frame.is_keyframe for frame in camera.frames)
    assert camera.reader.counts().decoded == len(camera.frames) == 6


def test_without_key_frames_a_picture_comes_in_time_and_one_decoder_goes_on(folder: Path) -> None:
    packets = made(folder, "key frames on demand", **CAMERAS["key frames on demand"])
    camera = LiveCamera(Demand(4.0, 4.0)).play(packets)
    assert camera.times_s[0] == 0
    assert set(steps_of(camera.times_s)) <= {4.0, 6.0}
    assert camera.reader.counts().decoded <= len(packets)


def test_a_ring_too_small_for_the_group_of_pictures_blinds_no_reader_that_goes_on(folder: Path) -> None:
    packets = made(folder, "key frames on demand", **CAMERAS["key frames on demand"])
    camera = LiveCamera(Demand(1.0, 1.0), PacketRing("gate", 30.0, 30_000)).play(packets)
    assert camera.ring.oldest_pts_ns is None
    assert camera.times_s[-1] >= 22
    assert not camera.reader.needs_key


def test_a_reader_that_finds_no_key_frame_says_that_it_needs_one(folder: Path) -> None:
    packets = made(folder, "key frames on demand", **CAMERAS["key frames on demand"])
    camera = LiveCamera(None, PacketRing("gate", 30.0, 30_000)).play(packets)
    camera.reader.set_demand(Demand(1.0, 1.0))
    assert camera.look() == []
    assert camera.reader.needs_key
    camera.take(packets[0][0], _later(packets[0], camera.now_ns + SECOND_NS))
    assert not camera.reader.needs_key
    assert len(camera.look()) == 1


def _later(packet: Packet, pts_ns: int) -> EncodedPacket:
    return replace(packet[1], pts_ns=pts_ns, dts_ns=pts_ns)
