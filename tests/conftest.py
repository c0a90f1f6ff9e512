"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips and pictures beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real clips and pictures at {SHARED_DATA}")
    return SHARED_DATA
