"""A rule's hours are those of the camera's own place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from streetwarden.demo import demo_file
from tests.e2e.commands import streetwarden

TWO_IN_LONDON_TEN_IN_SHANGHAI = "2026-01-05T02:00:00Z"
BY_DAY = {"windows": [{"hours": "08:00-18:00"}]}


@pytest.mark.parametrize(("timezone", "incidents"), [("Europe/London", 0), ("Asia/Shanghai", 1)])
def test_a_car_that_stands_by_night_is_no_violation_of_the_day(timezone: str, incidents: int, tmp_path: Path) -> None:
    clip = tmp_path / "dated.mp4"
    stamp = ["-metadata", f"creation_time={TWO_IN_LONDON_TEN_IN_SHANGHAI}", "-c", "copy"]
    source = demo_file().parent / "market-street.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), *stamp, str(clip)], check=True)
    camera = next(each for each in yaml.safe_load(demo_file().read_text())["cameras"] if each["id"] == "market-street")
    camera["timezone"] = timezone
    camera["zones"][0]["rules"][0]["schedule"] = BY_DAY
    cameras = tmp_path / "cameras.yaml"
    cameras.write_text(yaml.safe_dump({"cameras": [camera]}))
    out = tmp_path / "out"
    done = streetwarden("analyze", clip, "--cameras", cameras, "--out", out, data_dir=tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert len((out / "incidents.jsonl").read_text().splitlines()) == incidents
