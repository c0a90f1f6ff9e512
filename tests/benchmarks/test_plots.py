"""Plots are drawn from reports, the same bytes for the same report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.plots import draw_plots

SOAK = {
    "name": "soak",
    "options": {},
    "figures": {},
    "samples": [{"at_s": at_s, "memory_mb": 100.0, "threads": 7} for at_s in (0.0, 60.0)],
}


def test_a_report_becomes_the_same_picture_every_time(tmp_path: Path) -> None:
    drawn = [draw_plots([SOAK], tmp_path / name) for name in ("one", "two")]

    assert drawn == [{"soak": "soak.svg"}] * 2
    assert (tmp_path / "one" / "soak.svg").read_bytes() == (tmp_path / "two" / "soak.svg").read_bytes()


def test_a_smoke_run_is_not_drawn(tmp_path: Path) -> None:
    smoke: dict[str, Any] = {**SOAK, "options": {"smoke": True}}

    assert draw_plots([smoke], tmp_path) == {}
