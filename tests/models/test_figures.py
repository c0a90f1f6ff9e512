"""The figures of a card: measured by one command, and held for the model that is shipped."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from detector.engine import Engine
from models.catalogue import WEIGHTS_FOLDER, read_card, resolve
from models.errors import EvaluationError
from models.evaluate import agreement
from models.figures import main
from models.measure import clip_pictures, read_parked, sightings


def write_clip(path: Path, seconds: int, rate: int) -> None:
    """Grey pictures, each as bright as its number."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(seconds * rate):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), index * 2, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_pictures_are_taken_by_the_clips_own_time(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=4, rate=10)
    levels = [int(picture.mean()) for picture in clip_pictures(tmp_path / "clip.mp4", every_s=1.5)]
    assert np.allclose(levels, [0, 30, 60], atol=3)


def test_the_command_writes_figures_beside_those_of_the_start(picture_set: Path, tmp_path: Path) -> None:
    for suffix in (".onnx", ".json"):
        shutil.copy(WEIGHTS_FOLDER / f"street{suffix}", tmp_path)
    data = picture_set / "data.yaml"
    card = tmp_path / "street.json"
    assert main([str(card), "--start", str(tmp_path / "street.onnx"), "--set", f"squares:rendered={data}"]) == 0
    figures = read_card(card).figures
    assert [(figure.what, figure.on, figure.pictures, figure.kind) for figure in figures] == [
        ("mAP50", "squares", 6, "rendered"),
        ("mAP50-95", "squares", 6, "rendered"),
        ("mAP50 of person, 6 boxes", "squares", 6, "rendered"),
        ("mAP50 of bicycle, 6 boxes", "squares", 6, "rendered"),
    ]
    assert all(figure.value == figure.start for figure in figures[:2])
    assert read_card(card).training == read_card(WEIGHTS_FOLDER / "street.json").training


def test_changed_weights_are_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(WEIGHTS_FOLDER / "street.json", tmp_path)
    (tmp_path / "street.onnx").write_bytes(b"other")
    assert main([str(tmp_path / "street.json"), "--start", "start.onnx"]) == 2
    assert "not the weights of 'street'" in capsys.readouterr().err


def test_a_truth_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"cars": []}))
    with pytest.raises(EvaluationError, match=r"truth\.json: not a truth file"):
        read_parked(tmp_path / "truth.json")


@pytest.mark.shared_data
def test_a_model_agrees_with_itself(shared_data: Path) -> None:
    engine = Engine.load(resolve("street"), threads=2)
    clip = shared_data / "videos/cvtrafficcam_parked_street/traffic_000-279.mp4"
    found = agreement(engine, engine, clip_pictures(clip, every_s=7.0))
    assert sum(found.sought.values()) > 5
    assert found.recall == 1.0


@pytest.mark.shared_data
def test_the_parked_vehicles_at_the_far_kerb_are_found(shared_data: Path) -> None:
    engine = Engine.load(resolve("street"), threads=2)
    folder = shared_data / "videos/cvtrafficcam_parked_street"
    seen = {
        one.name: one
        for one in sightings(
            engine, folder / "traffic_000-279.mp4", read_parked(folder / "gt_parked.json"), every_s=2.0
        )
    }
    assert seen["P1"].share_above(0.5) >= 0.9
    assert seen["P3"].share_above(0.25) >= 0.9
    assert seen["P6"].share_above(0.25) >= 0.9
