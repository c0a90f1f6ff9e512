"""Int8: smaller, still a model the engine reads, and close to the float one on pictures like those it saw."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from detector.backends import open_backend
from detector.engine import Engine
from models.catalogue import Catalogue, default_catalogue
from models.cli import run_alone
from models.errors import QuantizeError
from models.export import ExportOptions, export_model
from models.lighten import lighten
from models.predict import Predictor
from models.quantize import _choose, quantize, write_int8_card
from tests.models.test_street import SIZE, small_model

pytestmark = pytest.mark.filterwarnings("ignore")  # ONNX Runtime's own advice


@pytest.fixture(scope="module")
def float_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float") / "model.onnx"
    export_model(small_model(3), path, ExportOptions(image_size=SIZE))
    return path


def test_int8_is_close_to_float_and_keeps_its_metadata(float_model: Path, picture_set: Path, tmp_path: Path) -> None:
    pictures = picture_set / "images" / "train"
    result = tmp_path / "int8.onnx"
    fused = quantize(float_model, result, pictures, limit=4)
    # Float stay the first layer, the last of boxes and of scores, and the boxes' expectation.
    assert fused.convolutions - fused.in_int8 == 4
    graph = onnx.load(str(result))
    per_channel = [len(item.dims) == 1 and item.dims[0] > 1 for item in graph.graph.initializer if "scale" in item.name]
    assert any(per_channel)
    assert Engine.load(result, threads=1).class_names == ("0", "1", "2")
    image = np.asarray(cv2.imread(str(picture_set / "images" / "val" / "0.png")), np.uint8)
    before = Predictor(float_model, threads=1, score_threshold=0.0).predict(image)
    after = Predictor(result, threads=1, score_threshold=0.0).predict(image)
    assert float(np.abs(np.sort(before.score)[-20:] - np.sort(after.score)[-20:]).max()) < 0.01
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.onnx"]


def test_lightening_changes_no_number(float_model: Path, tmp_path: Path) -> None:
    model = onnx.load(str(float_model))
    assert lighten(model) == 1
    onnx.checker.check_model(model)
    assert "Softmax" not in [node.op_type for node in model.graph.node if "dfl" in node.name]
    onnx.save(model, str(tmp_path / "light.onnx"))
    batch = np.random.default_rng(0).random((2, 3, SIZE, SIZE), np.float32)
    ours, theirs = (
        open_backend("onnxruntime", path, 1).run(batch)[0] for path in (tmp_path / "light.onnx", float_model)
    )
    assert np.abs(ours - theirs).max() < 1e-3
    assert lighten(model) == 0


def test_the_card_of_an_int8_file_makes_it_a_model_of_the_catalogue(tmp_path: Path) -> None:
    card = default_catalogue().card("street")
    target = tmp_path / "street-int8.onnx"
    target.write_bytes(b"weights")
    write_int8_card(card, target, [tmp_path / "site" / "images"])
    made = Catalogue((tmp_path,)).card("street-int8")
    assert (made.precision, made.figures, made.classes) == ("int8", (), card.classes)
    assert made.training.notes[-1] == f"static int8 of {card.file}, calibrated on pictures of site/images"
    assert Catalogue((tmp_path,)).resolve("street-int8") == target
    with pytest.raises(QuantizeError, match="odd name"):
        write_int8_card(card, target.rename(tmp_path / "odd name.onnx"), [tmp_path])


def test_every_folder_is_drawn_from_in_turn(tmp_path: Path) -> None:
    for name, count in (("large", 20), ("small", 2)):
        (tmp_path / name).mkdir()
        for index in range(count):
            (tmp_path / name / f"{index}.png").touch()
    drawn = [path.parent.name for path in _choose([tmp_path / "large", tmp_path / "small"], 6, seed=0)]
    assert drawn == ["large", "small", "large", "small", "large", "large"]


def test_no_pictures_and_no_model_are_one_line(float_model: Path, picture_set: Path, tmp_path: Path) -> None:
    with pytest.raises(QuantizeError, match="no pictures to calibrate on"):
        quantize(float_model, tmp_path / "out.onnx", tmp_path)
    with pytest.raises(QuantizeError, match="no such model"):
        quantize(tmp_path / "nothing.onnx", tmp_path / "out.onnx", picture_set / "images" / "train")


def test_a_file_that_is_no_model_is_one_line(
    picture_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    pictures = str(picture_set / "images" / "train")
    assert run_alone("quantize", [str(tmp_path / "text.onnx"), str(tmp_path / "out.onnx"), "--pictures", pictures]) == 2
    assert "cannot be quantised" in capsys.readouterr().err
    assert not (tmp_path / "out.onnx").exists()
