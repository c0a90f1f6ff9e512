"""Which pictures of a clip are handed on, for every demand and length of GOP; the demand may change between two."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.demand import Demand
from streams.files import replay
from streams.frame import Frame
from streams.ring import PacketRing
from streams.source import CameraSource
from tests.streams.clips import make_clip, number_of

EVERY_PICTURE = Demand(0.001, 0.001)


def sampled(clip: Path, demand: Demand) -> list[Frame]:
    return list(replay(CameraSource("gate", str(clip)), PacketRing("gate"), demand))


def numbers(clip: Path, demand: Demand) -> list[int]:
    return [number_of(frame.image) for frame in sampled(clip, demand)]


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_key_frames_alone(clips: Path, name: str) -> None:
    frames = sampled(clips / f"{name}.mp4", Demand(1.0, 1.0))
    assert [number_of(frame.image) for frame in frames] == [0, 10, 20, 30]
    assert all(frame.is_keyframe for frame in frames)


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_every_picture(clips: Path, name: str) -> None:
    assert numbers(clips / f"{name}.mp4", EVERY_PICTURE) == list(range(40))


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_everything_decoded_and_some_handed_on(clips: Path, name: str) -> None:
    assert numbers(clips / f"{name}.mp4", Demand(0.5, 0.5)) == list(range(0, 40, 5))


def test_key_frames_that_are_close_enough_are_enough(clips: Path) -> None:
    assert numbers(clips / "h264.mp4", Demand(2.0, 2.0)) == [0, 20]
    assert numbers(clips / "h264.mp4", Demand(0.5, 0.5, key_patience_s=2.0)) == [0, 10, 20, 30]


@pytest.mark.parametrize(("codec", "b_frames"), [("libx264", 0), ("libx264", 2), ("libx265", 2)])
def test_everything_is_decoded_when_key_frames_are_rare(tmp_path: Path, codec: str, b_frames: int) -> None:
    clip = make_clip(tmp_path / "long.mp4", 120, codec=codec, gop=1_000, b_frames=b_frames)
    assert numbers(clip, Demand(1.0, 1.0)) == list(range(0, 120, 10))
    assert numbers(clip, Demand(1.0, 1.0, key_patience_s=100.0)) == [0]


def test_the_demand_may_follow_from_the_frames_before(clips: Path) -> None:
    seen: list[int] = []

    def wanted() -> Demand | None:
        if len(seen) < 2:
            return Demand(1.0, 1.0)
        return EVERY_PICTURE if len(seen) < 5 else None

    for frame in replay(CameraSource("gate", str(clips / "h264.mp4")), PacketRing("gate"), wanted):
        # One by one: what was seen decides what is wanted next.
        seen += [number_of(frame.image)]
    assert seen == [0, 10, 11, 12, 13]
