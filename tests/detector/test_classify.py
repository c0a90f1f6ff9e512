"""Crops are classified as the file says, and a file that does not fit is refused in one line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector.classify import CropClassifier, crop
from detector.errors import ModelError
from streams.frame import Image

SIDE = 16
CLASSIFY = {"task": "classify", "names": "{0: 'red', 1: 'green', 2: 'blue'}", "imgsz": "[16, 16]", "fit": "squash"}
RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)  # BGR


def colour_model(
    path: Path, metadata: dict[str, str], batch: int | str = "batch", side: int | str = SIDE, *, softmax: bool = True
) -> Path:
    """Scores of red, green and blue: the means of the planes, sharpened."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["means"]),
        helper.make_node("Reshape", ["means", "shape"], ["row"]),
        helper.make_node("Mul", ["row", "twenty"], ["sharp"]),
        helper.make_node("Softmax" if softmax else "Identity", ["sharp"], ["scores"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([-1, 3], np.int64), "shape"),
        numpy_helper.from_array(np.array(20, np.float32), "twenty"),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side, side])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 3])
    graph = helper.make_graph(nodes, "colours", [images], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path


def three_squares() -> tuple[Image, npt.NDArray[np.float32]]:
    """A grey picture with a red, a green and a blue rectangle, and their boxes."""
    image = np.full((120, 200, 3), 90, np.uint8)
    boxes = np.array([[10, 20, 50, 90], [60, 10, 90, 110], [120, 30, 190, 60]], np.float32)
    for (left, top, right, bottom), colour in zip(boxes.astype(int), (RED, GREEN, BLUE), strict=True):
        image[top - 8 : bottom + 8, left - 8 : right + 8] = colour
    return image, boxes


@pytest.mark.parametrize("batch", [1, 2, 4, "batch"])
def test_each_box_gets_the_scores_of_its_own_crop(tmp_path: Path, batch: int | str) -> None:
    image, boxes = three_squares()
    classifier = CropClassifier.load(colour_model(tmp_path / "m.onnx", CLASSIFY, batch))
    scores = classifier.scores(image, boxes)
    assert classifier.class_names == ("red", "green", "blue")
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert scores.min(axis=1) == pytest.approx([0, 0, 0], abs=1e-6)
    assert scores.sum(axis=1) == pytest.approx([1, 1, 1])


def test_no_box_gives_no_row_and_many_boxes_go_in_several_runs(tmp_path: Path) -> None:
    image, boxes = three_squares()
    classifier = CropClassifier.load(colour_model(tmp_path / "m.onnx", CLASSIFY))
    assert classifier.scores(image, np.zeros((0, 4), np.float32)).shape == (0, 3)
    many = classifier.scores(image, np.tile(boxes, (20, 1)))
    assert many.argmax(axis=1).tolist() == [0, 1, 2] * 20


def test_callers_at_once_get_their_own_scores(tmp_path: Path) -> None:
    image, boxes = three_squares()
    classifier = CropClassifier.load(colour_model(tmp_path / "m.onnx", CLASSIFY))
    with ThreadPoolExecutor(4) as lanes:
        found = list(lanes.map(lambda index: int(classifier.scores(image, boxes[[index % 3]]).argmax()), range(60)))
    assert found == [index % 3 for index in range(60)]


def test_without_squash_the_middle_square_is_looked_at(tmp_path: Path) -> None:
    image = np.zeros((40, 120, 3), np.uint8)
    image[:, :40], image[:, 40:80], image[:, 80:] = RED, GREEN, RED
    box = np.array([[0, 0, 120, 40]], np.float32)
    squashed = CropClassifier.load(colour_model(tmp_path / "a.onnx", CLASSIFY)).scores(image, box)
    plain = {key: value for key, value in CLASSIFY.items() if key != "fit"}
    middle = CropClassifier.load(colour_model(tmp_path / "b.onnx", plain)).scores(image, box)
    assert (int(squashed.argmax()), int(middle.argmax())) == (0, 1)


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((20, 30, 60, 70), 0.0, (41, 41)),
        ((20, 30, 60, 70), 0.1, (49, 49)),
        ((-20, -20, 10, 10), 0.0, (11, 11)),
        ((90, 90, 140, 140), 0.5, (35, 35)),
    ],
)
def test_a_crop_is_widened_and_ends_at_the_edge(box: tuple[int, ...], margin: float, expected: tuple[int, int]) -> None:
    assert crop(np.zeros((100, 100, 3), np.uint8), np.array(box, np.float32), margin).shape[:2] == expected


@pytest.mark.parametrize("box", [(200, 10, 240, 40), (50, 50, 40, 60), (-50, -50, -20, -20)], ids=str)
def test_a_box_without_a_pixel_is_refused(box: tuple[int, ...], tmp_path: Path) -> None:
    classifier = CropClassifier.load(colour_model(tmp_path / "m.onnx", CLASSIFY))
    with pytest.raises(ValueError, match="has no pixel in a picture of 100x80"):
        classifier.scores(np.zeros((80, 100, 3), np.uint8), np.array([box], np.float32))


@pytest.mark.parametrize(
    ("image", "boxes", "message"),
    [
        (np.zeros((4, 4), np.uint8), np.zeros((1, 4), np.float32), r"expected uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros(4, np.float32), r"expected finite numbers \(N, 4\), got \(4,\)"),
        (np.zeros((4, 4, 3), np.uint8), np.full((1, 4), np.nan, np.float32), "expected finite numbers"),
    ],
    ids=["grey", "flat", "nan"],
)
def test_arrays_of_another_shape_are_refused(image: Any, boxes: Any, message: str, tmp_path: Path) -> None:
    classifier = CropClassifier.load(colour_model(tmp_path / "m.onnx", CLASSIFY))
    with pytest.raises(ValueError, match=message):
        classifier.scores(image, boxes)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task": "detect"}, "task 'detect'; 'classify' is needed"),
        ({"names": "{0: 'red', 1: 'green'}"}, "2 classes need an output of 1x2, got 1x3"),
        ({"names": "?"}, "'names' cannot be read"),
        ({"imgsz": "[32, 32]"}, r"does not fit 'imgsz' \[32, 32\]"),
        ({"margin": "2"}, "'margin' must be a number from 0 to 1, got 2"),
    ],
)
def test_a_file_that_is_no_such_classifier_is_refused(changed: dict[str, str], message: str, tmp_path: Path) -> None:
    path = colour_model(tmp_path / "m.onnx", {**CLASSIFY, **changed}, side=SIDE)
    with pytest.raises(ModelError, match=message) as caught:
        CropClassifier.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scores_without_softmax_other_classes_and_another_hash_are_refused(tmp_path: Path) -> None:
    bare = colour_model(tmp_path / "bare.onnx", CLASSIFY, softmax=False)
    with pytest.raises(ModelError, match="do not add up to 1"):
        CropClassifier.load(bare)
    path = colour_model(tmp_path / "m.onnx", CLASSIFY)
    with pytest.raises(ModelError, match="its classes are red, green, blue; empty, full are expected"):
        CropClassifier.load(path, classes=["empty", "full"])
    with pytest.raises(ModelError, match=r"sha256 is .*, 00000000"):
        CropClassifier.load(path, sha256="0" * 64)
    with pytest.raises(ModelError, match="cannot read the model file"):
        CropClassifier.load(tmp_path / "none.onnx")
    assert CropClassifier.load(path).describe()["classes"] == ["red", "green", "blue"]
