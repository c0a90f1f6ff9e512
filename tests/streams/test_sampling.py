"""Which pictures are decoded and handed on, for every policy and length of GOP."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.files import replay
from streams.frame import Frame
from streams.ring import PacketRing
from streams.sampler import Sampler, SamplingPolicy, Step
from streams.source import CameraSource
from tests.streams.clips import make_clip, number_of
from tests.streams.test_ring import packet


def sampled(clip: Path, policy: SamplingPolicy) -> list[Frame]:
    return list(replay(CameraSource("gate", str(clip)), PacketRing("gate"), policy))


def numbers(clip: Path, policy: SamplingPolicy) -> list[int]:
    return [number_of(frame.image) for frame in sampled(clip, policy)]


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_key_frames_alone(clips: Path, name: str) -> None:
    frames = sampled(clips / f"{name}.mp4", SamplingPolicy(1.0, "keyframes"))
    assert [number_of(frame.image) for frame in frames] == [0, 10, 20, 30]
    assert all(frame.is_keyframe for frame in frames)


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_every_picture(clips: Path, name: str) -> None:
    assert numbers(clips / f"{name}.mp4", SamplingPolicy(0.0, "all")) == list(range(40))


def test_everything_decoded_and_some_handed_on(clips: Path) -> None:
    assert numbers(clips / "h264.mp4", SamplingPolicy(0.5, "all")) == list(range(0, 40, 5))


def test_auto_is_content_with_key_frames_when_they_are_close_enough(clips: Path) -> None:
    assert numbers(clips / "h264.mp4", SamplingPolicy(1.0, "auto")) == [0, 10, 20, 30]
    assert numbers(clips / "h264.mp4", SamplingPolicy(2.0, "auto")) == [0, 20]


@pytest.mark.parametrize(("codec", "b_frames"), [("libx264", 0), ("libx264", 2), ("libx265", 2)])
def test_auto_decodes_everything_when_key_frames_are_rare(tmp_path: Path, codec: str, b_frames: int) -> None:
    clip = make_clip(tmp_path / "long.mp4", 120, codec=codec, gop=1_000, b_frames=b_frames)
    assert numbers(clip, SamplingPolicy(1.0, "auto")) == list(range(0, 120, 10))
    assert numbers(clip, SamplingPolicy(1.0, "keyframes")) == [0]


def test_auto_goes_back_to_key_frames_when_they_become_close_again() -> None:
    sampler = Sampler(SamplingPolicy(1.0, "auto"))
    sampler.step(packet(0, key=True))
    assert [sampler.step(packet(number)) for number in range(1, 17)].count(Step.CATCH_UP) == 1
    assert sampler.decodes_everything
    for number in range(100, 140):
        sampler.step(packet(number, key=number % 10 == 0))
    assert not sampler.decodes_everything


def test_an_interval_of_nothing_means_every_picture(clips: Path) -> None:
    assert numbers(clips / "h264.mp4", SamplingPolicy(0.0, "auto")) == list(range(40))


@pytest.mark.parametrize(("interval", "decode"), [(-1.0, "all"), (float("nan"), "all"), (1.0, "some")])
def test_a_policy_that_makes_no_sense_is_refused(interval: float, decode: str) -> None:
    with pytest.raises(ValueError, match="SamplingPolicy"):
        SamplingPolicy(interval, decode)  # type: ignore[arg-type]
