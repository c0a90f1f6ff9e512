"""What is written down about the simulated cameras is what will happen, on the wall clock."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from streams.errors import SimulatorError
from streams.simulator import FaultPlan, SimulatedCamera
from streams.simulator.truth import ClipIncident, TruthWriter, occurrences, read_truth

CAR = ClipIncident("illegal_parking", "kerb", "car", 5.0, 40.0, (0.0, 0.0, 10.0, 10.0))
STARTED_NS = 1_800_000_000_000_000_000


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip's name with its truth beside it."""
    row = {"kind": CAR.kind, "zone": CAR.zone, "actor": CAR.actor, "from_s": 5.0, "to_s": 40.0, "xyxy": CAR.box_xyxy}
    path = tmp_path / "clip.json"
    path.write_text(json.dumps({"incidents": [row], "size_wh": [640, 360]}))
    return path.with_suffix(".mp4")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() - STARTED_NS / 1e9


def test_every_round_brings_them_again() -> None:
    found = [(each.round, each.from_s, each.to_s) for each in occurrences([CAR], 50.0, 0.0, 120.0)]
    assert found == [(0, 5.0, 40.0), (1, 55.0, 90.0), (2, 105.0, 140.0)]


def test_an_offset_moves_them_forward_and_shows_what_has_begun() -> None:
    found = [(each.from_s, each.to_s) for each in occurrences([CAR], 50.0, 0.0, 60.0, offset_s=10.0)]
    assert found == [(-5.0, 30.0), (45.0, 80.0)]
    assert [each.from_s for each in occurrences([CAR], 50.0, 91.0, 110.0)] == [105.0]


def test_lines_are_written_once_each_however_often_one_asks(clip: Path, tmp_path: Path) -> None:
    cameras = [SimulatedCamera("a", clip), SimulatedCamera("b", clip, start_offset_s=20.0)]
    path = tmp_path / "truth.jsonl"
    writer = TruthWriter(path, cameras, [50.0, 50.0], [FaultPlan.parse("cut@b:every=30s,for=5s")], STARTED_NS)
    for until_s in (10.0, 10.0, 40.0, 100.0):
        writer.write_until(until_s)
    rows = [
        (row["type"], row["camera"], round(seconds(row["from"]), 3), round(seconds(row["to"]), 3))
        for row in lines(path)
    ]
    assert len(rows) == len(set(rows))
    assert sorted(row[1:] for row in rows if row[0] == "incident") == [
        ("a", 5.0, 40.0), ("a", 55.0, 90.0), ("b", -15.0, 20.0), ("b", 35.0, 70.0), ("b", 85.0, 120.0),
    ]  # fmt: skip
    assert [row[2:] for row in rows if row[0] == "fault"] == [(30.0, 35.0), (60.0, 65.0), (90.0, 95.0)]


def test_a_clip_without_truth_has_no_incidents_and_a_wrong_one_is_one_line(tmp_path: Path) -> None:
    assert read_truth(tmp_path / "other.mp4") is None
    (tmp_path / "wrong.json").write_text('{"incidents": [{}]}')
    with pytest.raises(SimulatorError, match=r"wrong\.json: no truth") as caught:
        read_truth(tmp_path / "wrong.mp4")
    assert "\n" not in str(caught.value)
