"""The engine gives the boxes of ultralytics itself, on the same files and pictures, whatever the export's options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import onnx
import pytest

from detector.engine import Engine
from streams.frame import Image
from tests.detector import peer

# The peer and torch warn of their own future; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

UNTRAINED: Sequence[tuple[str, dict[str, Any], str]] = (
    ("yolov5n", {"imgsz": 160, "simplify": False}, "raw"),
    ("yolov8n", {"imgsz": [128, 224], "batch": 2}, "raw"),
    ("yolov9t", {"imgsz": 160, "simplify": False}, "raw"),
    ("yolov10n", {"imgsz": 160, "nms": False, "simplify": False}, "end2end"),
    ("yolo12n", {"imgsz": 160, "simplify": False}, "raw"),
    ("yolo26n", {"imgsz": 160, "nms": False, "simplify": False}, "end2end"),
    ("yolo26n", {"imgsz": 160}, "raw"),
)
TRAINED: Sequence[dict[str, Any]] = (
    {"imgsz": 320},
    {"imgsz": [384, 640], "simplify": False},
    {"imgsz": 320, "dynamic": True},
    {"imgsz": 320, "batch": 4},
)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return peer.ultralytics(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="session")
def pictures(shared_data: Path) -> list[Image]:
    """A close street, two views from above, and a frame of a clip: four shapes."""
    folder = shared_data / "images"
    paths = [folder / "sample_images/bus.jpg", *sorted(folder.glob("vehicles_street_atl/test/images/*"))[:2]]
    with av.open(str(shared_data / "videos/opendatacam_city_street/city_street_000-299.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return [*(np.asarray(cv2.imread(str(path)), np.uint8) for path in paths), np.asarray(frame, np.uint8)]


@pytest.mark.parametrize("name", ["yolo11n_coco", "yolov8n_coco", "yolov8n_coco_dynamic_int8"])
def test_the_shared_models_see_what_the_peer_sees(
    name: str, shared_data: Path, package: Any, pictures: list[Image]
) -> None:
    path = shared_data / "models" / f"{name}.onnx"
    engine = Engine.load(path)
    for picture, ours in zip(pictures, engine.detect(pictures), strict=True):
        assert len(ours)
        peer.assert_same(ours, peer.predict(package, path, picture), picture)


@pytest.mark.parametrize("options", TRAINED, ids=str)
def test_exports_of_one_network_with_other_options(
    options: dict[str, Any], shared_data: Path, package: Any, pictures: list[Image], tmp_path: Path
) -> None:
    weights = shared_data / "models/yolo11n_coco.safetensors"
    path = peer.export(package, "yolo11n", tmp_path, weights, **options)
    engine = Engine.load(path)
    # Only for a dynamic export the peer does not read the size from the file.
    size = {"imgsz": options["imgsz"]} if options.get("dynamic") else {}
    for picture, ours in zip(pictures, engine.detect(pictures), strict=True):
        assert len(ours)
        peer.assert_same(ours, peer.predict(package, path, picture, **size), picture)


@pytest.mark.parametrize(("architecture", "options", "head"), UNTRAINED, ids=str)
def test_every_generation_of_heads(
    architecture: str, options: dict[str, Any], head: str, package: Any, tmp_path: Path
) -> None:
    path = peer.export(package, architecture, tmp_path, **options)
    noise = np.random.default_rng(1).integers(0, 256, (160, 160, 3), np.uint8)
    engine = Engine.load(path)
    (ours,) = engine.detect([noise])
    assert engine.describe()["head"] == head
    assert len(ours) > 20
    peer.assert_same(ours, peer.predict(package, path, noise), noise)


def test_half_precision_sees_nearly_the_same(shared_data: Path, pictures: list[Image], tmp_path: Path) -> None:
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415

    whole = shared_data / "models/yolo11n_coco.onnx"
    half = tmp_path / "half.onnx"
    onnx.save(convert_float_to_float16(onnx.load(str(whole)), op_block_list=["Resize"]), str(half))
    engine = Engine.load(half)
    assert engine.describe()["dtype"] == "float16"
    (ours,), (theirs,) = engine.detect(pictures[:1]), Engine.load(whole).detect(pictures[:1])
    assert ours.class_id.tolist() == theirs.class_id.tolist()
    assert np.abs(ours.score - theirs.score).max() < 0.02
