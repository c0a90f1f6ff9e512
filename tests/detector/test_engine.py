"""What the engine takes, refuses and reports, shown on models of a few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector.engine import Engine
from detector.errors import ModelError
from detector.letterbox import plan_letterbox

NAMES = {0: "person", 1: "car", 2: "truck"}
DETECT = {"task": "detect", "stride": "32", "imgsz": "[64, 64]", "names": str(NAMES), "end2end": "False"}
RAW = np.zeros((1, 7, 84), np.float32)
SUPPRESSED = np.zeros((1, 300, 6), np.float32)


def write(
    path: Path,
    outputs: Sequence[npt.NDArray[np.float32]],
    metadata: dict[str, str],
    shape: Sequence[int | str] = (1, 3, 64, 64),
    dtype: int = TensorProto.FLOAT,
) -> Path:
    """A model that gives the same outputs for every input; of a dynamic batch it repeats them."""
    nodes, infos, constants = [], [], []
    for index, output in enumerate(outputs):
        constants.append(numpy_helper.from_array(output, f"value{index}"))
        infos.append(helper.make_tensor_value_info(f"output{index}", TensorProto.FLOAT, ["n", *output.shape[1:]]))
        nodes.append(helper.make_node("Expand", [f"value{index}", "target"], [f"output{index}"]))
    ones = numpy_helper.from_array(np.ones(2, np.int64), "ones")
    first = [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in (("zero", 0), ("one", 1))]
    batch = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["batch"]),
        helper.make_node("Concat", ["batch", "ones"], ["target"], axis=0),
    ]
    images = helper.make_tensor_value_info("images", dtype, list(shape))
    graph = helper.make_graph([*batch, *nodes], "tiny", [images], infos, [*constants, ones, *first])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path


def picture(height: int = 64, width: int = 64) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


def test_a_raw_head_is_decoded_suppressed_and_sorted(tmp_path: Path) -> None:
    output = RAW.copy()
    output[0, :, 5] = 20, 20, 10, 10, 0.1, 0.6, 0.2
    output[0, :, 9] = 20.5, 20, 10, 10, 0.1, 0.9, 0.2
    output[0, :, 30] = 50, 40, 8, 20, 0.7, 0.1, 0.1
    output[0, :, 31] = 50, 40, 8, 20, 0.2, 0.2, 0.2
    engine = Engine.load(write(tmp_path / "m.onnx", [output], DETECT))
    (found,) = engine.detect([picture()])
    assert found.class_id.tolist() == [1, 0]
    assert found.score.tolist() == pytest.approx([0.9, 0.7])
    assert found.xyxy.tolist() == [pytest.approx([15.5, 15, 25.5, 25]), pytest.approx([46, 30, 54, 50])]


@pytest.mark.parametrize("declared", [{"end2end": "True"}, {"args": "{'nms': True}"}], ids=["end2end", "nms"])
def test_an_end_to_end_head_is_taken_as_it_is(tmp_path: Path, declared: dict[str, str]) -> None:
    output = SUPPRESSED.copy()
    output[0, 0] = 10, 12, 30, 40, 0.8, 2
    output[0, 1] = 11, 12, 30, 40, 0.7, 2
    output[0, 2] = 11, 12, 30, 40, 0.2, 2
    engine = Engine.load(write(tmp_path / "m.onnx", [output], {**DETECT, **declared}))
    (found,) = engine.detect([picture(128, 128)])
    assert engine.describe()["head"] == "end2end"
    assert found.xyxy.tolist() == [[20, 24, 60, 80], [22, 24, 60, 80]]
    assert found.class_id.tolist() == [2, 2]


def test_an_older_end_to_end_export_that_does_not_say_so_is_known_by_its_shape(tmp_path: Path) -> None:
    metadata = {key: value for key, value in DETECT.items() if key != "end2end"}
    assert Engine.load(write(tmp_path / "a.onnx", [SUPPRESSED], metadata)).describe()["head"] == "end2end"
    assert Engine.load(write(tmp_path / "b.onnx", [RAW], metadata)).describe()["head"] == "raw"


@pytest.mark.parametrize(
    ("outputs", "metadata", "message"),
    [
        ([RAW], {**DETECT, "task": "segment"}, "task 'segment'; a detect export is needed"),
        ([RAW], {**DETECT, "task": "classify"}, "task 'classify'"),
        ([RAW, np.zeros((1, 32, 16), np.float32)], DETECT, "one output of 3 dimensions, got 2"),
        ([np.zeros((1, 9, 84), np.float32)], DETECT, "output 1x9x84 does not fit the 3 classes"),
        ([RAW], {**DETECT, "end2end": "True"}, "does not fit"),
        ([SUPPRESSED], DETECT, "does not fit"),
        ([RAW], {}, "no Ultralytics metadata and output 1x7x84 is not YOLOX's 84x85"),
        ([np.full((1, 84, 85), 200, np.float32)], {}, "YOLOX file with decoded boxes"),
        ([RAW], {**DETECT, "names": "{1: 'car'}"}, "'names' must list the classes"),
        ([RAW], {**DETECT, "names": "__import__('os')"}, "'names' cannot be read"),
        ([RAW], {**DETECT, "imgsz": "[1, 2, 3]"}, "'imgsz' must be"),
        ([RAW], {**DETECT, "stride": "'a'"}, "'stride' must be"),
    ],
)
def test_a_model_that_is_no_detector_is_refused_in_one_line(
    tmp_path: Path, outputs: list[npt.NDArray[np.float32]], metadata: dict[str, str], message: str
) -> None:
    path = write(tmp_path / "m.onnx", outputs, metadata)
    with pytest.raises(ModelError, match=message) as caught:
        Engine.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (1, 64, 64, 3), (1, 3, 64)], ids=str)
def test_an_input_of_another_layout_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write(tmp_path / "m.onnx", [RAW], DETECT, shape)
    with pytest.raises(ModelError, match=r"one float input \(batch, 3, height, width\), got images float32"):
        Engine.load(path)


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.onnx"
    text.write_text("no model")
    for path, message in ((tmp_path / "none.onnx", "cannot read"), (tmp_path, "cannot read"), (text, "cannot load")):
        with pytest.raises(ModelError, match=message) as caught:
            Engine.load(path)
        assert "\n" not in str(caught.value)


def test_an_unknown_backend_and_an_unknown_class_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [RAW], DETECT)
    with pytest.raises(ModelError, match="unknown inference backend 'quantum'; known: auto, cuda, onnxruntime, "):
        Engine.load(path, backend="quantum")
    with pytest.raises(ModelError, match="no class tram; it knows person, car, truck"):
        Engine.load(path, classes=["tram"])


def test_only_the_wanted_classes_come_out(tmp_path: Path) -> None:
    output = RAW.copy()
    output[0, :, 5] = 20, 20, 10, 10, 0.1, 0.6, 0.2
    output[0, :, 30] = 50, 40, 8, 20, 0.7, 0.1, 0.1
    engine = Engine.load(write(tmp_path / "m.onnx", [output], DETECT), classes=["car"])
    assert engine.detect([picture()])[0].class_id.tolist() == [1]


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_pictures_of_several_cameras_keep_their_order(tmp_path: Path, batch: int | str) -> None:
    output = RAW.copy()
    output[0, :, 5] = 32, 32, 64, 64, 0.1, 0.6, 0.2
    engine = Engine.load(write(tmp_path / "m.onnx", [output], DETECT, (batch, 3, 64, 64)))
    pictures = [picture(64, 64), picture(128, 128), picture(32, 64), picture(64, 64), picture(128, 128)]
    found = engine.detect(pictures)
    widths = [float(item.xyxy[0, 2] - item.xyxy[0, 0]) for item in found]
    assert widths == [64, 128, 64, 64, 128]
    assert engine.detect([]) == []


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_a_picture_of_another_shape_is_refused(tmp_path: Path, wrong: Any) -> None:
    engine = Engine.load(write(tmp_path / "m.onnx", [RAW], DETECT))
    with pytest.raises(ValueError, match=r"picture 1: expected uint8 \(H, W, 3\)"):
        engine.detect([picture(), wrong])


def test_the_engine_says_what_it_is(tmp_path: Path) -> None:
    engine = Engine.load(write(tmp_path / "m.onnx", [RAW], DETECT), threads=1)
    said = engine.describe()
    assert said["provider"] == "CPUExecutionProvider"
    assert said["backend"] == said["backend_asked"] == "onnxruntime"
    assert Engine.load(write(tmp_path / "m.onnx", [RAW], DETECT), backend="auto").describe()["backend_asked"] == "auto"
    assert said["head"] == "raw"
    assert len(said["sha256"]) == 64
    assert engine.class_names == ("person", "car", "truck")
    assert engine.input_size == (64, 64)


def test_letterbox_of_a_wide_picture() -> None:
    plan = plan_letterbox((1080, 1920), (640, 640), 32)
    assert (plan.scaled_hw, plan.top, plan.left, plan.input_hw) == ((360, 640), 140, 0, (640, 640))
    rect = plan_letterbox((1080, 1920), (640, 640), 32, rect=True)
    assert (rect.scaled_hw, rect.top, rect.input_hw) == ((360, 640), 12, (384, 640))
    corner = plan_letterbox((1080, 1920), (416, 416), 32, centred=False)
    assert (corner.top, corner.left, corner.input_hw) == (0, 0, (416, 416))


def test_yolox_finds_the_bus(shared_data: Path) -> None:
    engine = Engine.load(shared_data / "models/yolox_nano_coco.onnx")
    (found,) = engine.detect([np.asarray(cv2.imread(str(shared_data / "images/sample_images/bus.jpg")), np.uint8)])
    names = [engine.class_names[index] for index in found.class_id]
    assert engine.describe()["head"] == "yolox"
    assert names.count("bus") == 1
    assert names.count("person") >= 3
    assert found.xyxy[names.index("bus")].tolist() == pytest.approx([14, 231, 801, 733], abs=3)
