"""The tables of the accuracy page: one row a figure, real told from generated, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy_tables import main, tables
from benchmarks.page import BEGIN, END

ROW = {"recall": 1.0, "precision": 0.995, "starts_close": 0.98, "ends_close": None, "dwells_close": 0.5, "dwells": 8}
NOISE = {"illegal_parking": {**ROW, "scenarios": 200, "expected": 240, "close_s": 2.0}}
CLIP = {"expected": 1, "found": 1, "false_alarms": 0, "start_error_s": 0.4, "end_error_s": -0.6, "confirm_delay_s": 1.0}
TRACKED = {"TUD-Campus, every": {"streetwarden": {"mota": 0.63, "idf1": 0.751}, "SORT": {"mota": 0.5, "idf1": 0.5}}}


def report(name: str, **figures: Any) -> dict[str, Any]:
    return {"name": name, "machine": {}, "versions": {}, "options": {}, "samples": [], "figures": figures}


def test_every_kind_of_row_has_its_table_and_says_where_it_comes_from() -> None:
    pictures = {"pictures": 20, "boxes": 91, "map50": 0.46, "map50_95": 0.24}
    text = "\n".join(
        tables(
            [
                report(
                    "events", noise=NOISE, rows={"market": {**CLIP, "real": False}, "street": {**CLIP, "real": True}}
                ),
                report("events", generated={"illegal_parking": {**NOISE["illegal_parking"], "model": "m", "clips": 8}}),
                report("accuracy", rows={"real/atl": {**pictures, "real": True}}, trackers=TRACKED),
            ]
        )
    )
    assert "| illegal_parking (2 s) | 200 | 240 | 1.000 | 0.995 | 0.980 | - | 0.500 | 8 |" in text
    assert "| illegal_parking (2 s) | m | 8 | 240 |" in text
    assert "| market | generated | 1 | 1 | 0 | 0.4 |" in text
    assert "| street | real |" in text
    assert "| atl | real | 20 | 91 | 0.46 | 0.24 |" in text
    assert "| TUD-Campus, every | 0.630 / 0.751 | 0.500 / 0.500 |" in text


def test_the_tables_go_between_the_marks_of_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, stored = tmp_path / "page.md", tmp_path / "events.json"
    stored.write_text(json.dumps(report("events", noise=NOISE)))
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert main(["--from", str(stored), "--into", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "illegal_parking" in text
    page.write_text("no marks")
    assert main(["--from", str(stored), "--into", str(page)]) == 2
    assert "the marks" in capsys.readouterr().err
