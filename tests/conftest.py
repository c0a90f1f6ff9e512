"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Their tests mostly wait: for streams, for processes, for what happens after a while.
WAITING = ("e2e", "benchmarks")
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips and pictures beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real clips and pictures at {SHARED_DATA}")
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait evenly among those that compute, none at the end, so that no core is ever idle."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [tests for path, tests in files.items() if path.parent.name in WAITING]
    computing = [tests for path, tests in files.items() if path.parent.name not in WAITING]
    places = [(place / len(computing), tests) for place, tests in enumerate(computing)]
    places += [(0.8 * place / len(waiting), tests) for place, tests in enumerate(waiting)]
    items[:] = [item for _place, tests in sorted(places, key=lambda each: each[0]) for item in tests]
