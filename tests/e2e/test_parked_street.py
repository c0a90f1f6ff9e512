"""The main job on a real street: six cars stand at the kerbs the whole time, three of them in the zone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import cameras_file, streetwarden

CLIP = Path("videos/cvtrafficcam_parked_street/traffic_000-279.mp4")
JUNCTION = Path("videos/opendatacam_city_street/city_street_000-299.mp4")
CARRIAGEWAY = "[[0.30, 0.45], [0.60, 0.33], [0.80, 0.40], [0.60, 0.55]]"
WHOLE_PICTURE = "[[0, 0], [1, 0], [1, 1], [0, 1]]"
FAR_KERB_CARS = ("P1", "P2", "P3")

Box = tuple[float, float, float, float]


def truth(shared_data: Path) -> dict[str, Box]:
    """The parked cars' boxes, left, top, right, bottom in pixels."""
    data = json.loads((shared_data / CLIP.parent / "gt_parked.json").read_text())
    return {car["id"]: _corners(*car["box"]) for car in data["parked_whole_clip"]}


def _corners(left: float, top: float, width: float, height: float) -> Box:
    return left, top, left + width, top + height


def iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return common / (sum(areas) - common)


def analyze(clip: Path, folder: Path, **zone: Any) -> list[dict[str, Any]]:
    """The incidents that `analyze` writes for a clip with one zone."""
    folder.mkdir(exist_ok=True)
    cameras = cameras_file(folder, **zone)
    out = folder / "out"
    done = streetwarden("analyze", clip, "--cameras", cameras, "--out", out, data_dir=folder / "data")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (out / "incidents.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def far_kerb(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of the run over the far kerb, and its incidents."""
    folder = tmp_path_factory.mktemp("far-kerb")
    return folder, analyze(shared_data / CLIP, folder)


@pytest.mark.shared_data
def test_each_of_the_three_cars_at_the_far_kerb_is_one_incident(
    far_kerb: tuple[Path, list[dict[str, Any]]], shared_data: Path
) -> None:
    incidents = far_kerb[1]
    boxes = truth(shared_data)
    matched = {car for car in FAR_KERB_CARS for found in incidents if iou(boxes[car], tuple(found["box_xyxy"])) > 0.5}
    assert matched == set(FAR_KERB_CARS)
    assert len(incidents) == 3
    assert {found["kind"] for found in incidents} == {"illegal_parking"}


@pytest.mark.shared_data
def test_the_dwell_is_counted_on_the_clips_own_clock(far_kerb: tuple[Path, list[dict[str, Any]]]) -> None:
    for found in far_kerb[1]:
        assert found["started_at_s"] < 3
        assert 15 <= found["confirmed_at_s"] - found["started_at_s"] <= 18
        assert found["ended_at_s"] is None


@pytest.mark.shared_data
def test_every_package_verifies(far_kerb: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, incidents = far_kerb
    packages = [found["evidence"] for found in incidents]
    assert streetwarden("verify", *packages, data_dir=folder / "data").returncode == 0
    published = folder / "out" / "keys.json"
    assert streetwarden("verify", *packages, "--keys", published, data_dir=folder / "elsewhere").returncode == 0


@pytest.mark.shared_data
def test_the_same_command_twice_gives_the_same_incidents(
    far_kerb: tuple[Path, list[dict[str, Any]]], shared_data: Path
) -> None:
    folder, first = far_kerb
    assert analyze(shared_data / CLIP, folder) == first


@pytest.mark.shared_data
def test_nobody_parks_on_the_carriageway(shared_data: Path, tmp_path: Path) -> None:
    assert analyze(shared_data / CLIP, tmp_path, polygon=CARRIAGEWAY) == []


@pytest.mark.shared_data
def test_nobody_parks_at_the_dense_junction(shared_data: Path, tmp_path: Path) -> None:
    assert analyze(shared_data / JUNCTION, tmp_path, polygon=WHOLE_PICTURE, dwell=5) == []
