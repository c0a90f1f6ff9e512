"""Clips that several tests of this room share, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.streams.clips import make_clip


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds each at 10 pictures a second, a key frame a second; `b` has B-frames and open GOPs."""
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "h264.mp4", 40)
    make_clip(folder / "h264_b.mp4", 40, b_frames=3, open_gop=True)
    make_clip(folder / "hevc.mp4", 40, codec="libx265")
    make_clip(folder / "hevc_b.mp4", 40, codec="libx265", b_frames=3, open_gop=True)
    return folder
