"""Clips made once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.ring import PacketRing
from tests.evidence.recording import filled_ring, make_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "kerb.mp4")


@pytest.fixture
def ring(clip: Path) -> PacketRing:
    return filled_ring(clip)
