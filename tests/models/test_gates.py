"""Committed values: what the weights of the catalogue reach on a small part of what their cards were measured on.

A change of weights, of preprocessing or of the engine that costs accuracy turns these red; one that gains moves them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.engine import Engine
from models.catalogue import WEIGHTS_FOLDER, read_card, resolve
from models.evaluate import Evaluation, evaluate
from models.measure import Sightings, read_parked, sightings

PICTURES = 24
SLACK = 0.02
"""Other processors round otherwise; a box more or less of 70 moves a mean by less."""

GARBAGE = {"street12": (0.803, 0.575), "street12-int8": (0.812, 0.552)}
"""mAP50 and mAP50-95 on the first pictures of garbage_cn/val, by name."""


def garbage(model: str, shared_data: Path, folder: Path) -> Evaluation:
    source = shared_data / "images/garbage_cn/val"
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for picture in sorted((source / "images").iterdir())[:PICTURES]:
        (folder / "images" / picture.name).symlink_to(picture)
        label = f"{picture.stem}.txt"
        (folder / "labels" / label).symlink_to(source / "labels" / label)
    (folder / "data.yaml").write_text("val: images\nnames: [garbage, garbage_bin, overflow]\n")
    return evaluate(resolve(model), folder / "data.yaml", threads=2, backend="onnxruntime")


@pytest.mark.shared_data
@pytest.mark.parametrize("model", GARBAGE)
def test_garbage_is_found_as_well_as_when_it_was_committed(model: str, shared_data: Path, tmp_path: Path) -> None:
    found = garbage(model, shared_data, tmp_path)
    assert found.boxes > 50
    assert (found.map50, found.map50_95) == pytest.approx(GARBAGE[model], abs=SLACK)


def test_int8_costs_at_most_a_hundredth_on_the_whole_set() -> None:
    figures = read_card(WEIGHTS_FOLDER / "street12-int8.json").figures
    measured = {one.what: (one.value, one.start) for one in figures if one.on == "garbage_cn, val"}
    for what in ("mAP50", "mAP50-95"):
        value, of_float = measured[what]
        assert of_float is not None
        assert value >= of_float - 0.01


def parked(model: str, shared_data: Path) -> tuple[Sightings, ...]:
    folder = shared_data / "videos/cvtrafficcam_parked_street"
    truth = read_parked(folder / "gt_parked.json")
    engine = Engine.load(resolve(model), threads=2, backend="onnxruntime")
    return sightings(engine, folder / "traffic_000-279.mp4", truth, every_s=7.0)


@pytest.mark.shared_data
def test_the_twelve_classes_cost_no_parked_vehicle(shared_data: Path) -> None:
    for six, twelve in zip(parked("street", shared_data), parked("street12", shared_data), strict=True):
        np.testing.assert_allclose(twelve.scores, six.scores, atol=0.01, err_msg=six.name)
        assert six.scores.max() > 0.25
