"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips and pictures beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real clips and pictures at {SHARED_DATA}")
    return SHARED_DATA
