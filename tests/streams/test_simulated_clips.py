"""A clip becomes an endless stream whose seam nobody sees."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from streams import nal
from streams.errors import SimulatorError
from streams.simulator import SimulatedCamera, Simulator
from streams.simulator.camera import Player
from streams.simulator.clip import load_clip
from streams.timeline import SECOND_NS
from tests.streams.clips import make_clip

STEP = SECOND_NS // 10


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc", "hevc_b"])
def test_the_timeline_is_even_over_many_rounds(clips: Path, name: str) -> None:
    clip = load_clip(clips / f"{name}.mp4")
    assert clip.duration_ns == 4 * SECOND_NS
    player, due = Player(clip, 0), []
    for _ in range(200):
        due.append(player.due)
        player.advance()
    sends = [picture.send_ns for picture in due]
    assert all(later - earlier == STEP for earlier, later in pairwise(sends))
    shown = sorted(picture.pts_ns for picture in due)[:190]
    assert all(later - earlier == STEP for earlier, later in pairwise(shown))
    assert all(picture.pts_ns <= picture.send_ns for picture in due)


@pytest.mark.parametrize("name", ["h264_b", "hevc_b"])
def test_every_key_frame_brings_the_parameter_sets(clips: Path, name: str) -> None:
    clip = load_clip(clips / f"{name}.mp4")
    keys = [picture for picture in clip.pictures if picture.is_keyframe]
    assert len(keys) == 4
    assert all(nal.has_sps(clip.codec, list(picture.units)) for picture in keys)


@pytest.mark.parametrize(("position_s", "begins_s"), [(0.0, 0.0), (0.35, 1.0), (1.0, 1.0), (3.5, 4.0), (400.2, 401.0)])
def test_a_client_begins_at_the_next_key_frame(clips: Path, position_s: float, begins_s: float) -> None:
    player = Player(load_clip(clips / "h264.mp4"), round(position_s * SECOND_NS))
    assert player.due.send_ns == round(begins_s * SECOND_NS)


def test_with_long_gops_a_client_begins_at_the_running_one(tmp_path: Path) -> None:
    clip = load_clip(make_clip(tmp_path / "long.mp4", 100, gop=50))
    assert Player(clip, round(12.0 * SECOND_NS)).due.send_ns == 10 * SECOND_NS
    assert Player(clip, round(14.0 * SECOND_NS)).due.send_ns == 15 * SECOND_NS


def test_bad_clips_are_one_clear_line(tmp_path: Path) -> None:
    other = make_clip(tmp_path / "other.mp4", 3, codec="mpeg4")
    text = tmp_path / "text.mp4"
    text.write_text("no video " * 100)
    for path, words in ((other, "mpeg4"), (text, "not a video"), (tmp_path / "none.mp4", "no such file")):
        with pytest.raises(SimulatorError) as caught:
            Simulator([SimulatedCamera("gate", path)]).start()
        assert words in str(caught.value)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_cameras_that_cannot_be_told_apart_are_refused(clips: Path) -> None:
    with pytest.raises(SimulatorError, match="two simulated cameras are called 'a'"):
        Simulator([SimulatedCamera("a", clips / "h264.mp4"), SimulatedCamera("a", clips / "hevc.mp4")])
    with pytest.raises(SimulatorError, match="no camera"):
        Simulator([])
    with pytest.raises(SimulatorError, match="does not fit a URL"):
        SimulatedCamera("a b", clips / "h264.mp4")
    with pytest.raises(SimulatorError, match="both"):
        SimulatedCamera("a", clips / "h264.mp4", username="user")
