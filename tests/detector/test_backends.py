"""The choice of a backend is open: what is asked for by name runs, or one line says why not."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from detector import backends, trial
from detector.backends import (
    BACKENDS,
    BackendKind,
    choose_backend,
    onnxruntime,
    onnxruntime_gpu,
    open_backend,
    openvino,
)
from detector.backends.onnxruntime import both_packages, refuse_fallback
from detector.backends.onnxruntime_gpu import CUDA, TENSORRT, BoundBackend, without_device, without_provider
from detector.backends.openvino import STATIC_SHAPES, OpenVinoBackend
from detector.boxes import iou
from detector.engine import Engine
from detector.errors import ModelError
from tests.detector.test_engine import DETECT, RAW, picture, write
from tests.detector.test_engine_lanes import brightness_model

CPU = "CPUExecutionProvider"
MODEL = Path("m.onnx")


def table(monkeypatch: pytest.MonkeyPatch, missing: Mapping[str, str | None], preferred: Sequence[str]) -> None:
    """A table as another machine would have it."""

    def elsewhere(name: str, kind: BackendKind) -> BackendKind:
        return replace(kind, missing=lambda: missing.get(name), preferred=lambda _path: name in preferred)

    monkeypatch.setattr(backends, "BACKENDS", {name: elsewhere(name, kind) for name, kind in BACKENDS.items()})


@pytest.mark.parametrize(
    ("missing", "preferred", "chosen"),
    [
        ({}, ["cuda", "openvino", "onnxruntime"], "cuda"),
        ({"cuda": "no GPU"}, ["cuda", "openvino", "onnxruntime"], "openvino"),
        ({"cuda": "no GPU"}, ["cuda", "onnxruntime"], "onnxruntime"),
        ({"cuda": "no GPU", "openvino": "not here"}, ["cuda", "openvino", "onnxruntime"], "onnxruntime"),
        ({}, ["onnxruntime"], "onnxruntime"),
    ],
)
def test_auto_takes_the_best_that_is_here(
    missing: dict[str, str | None], preferred: list[str], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(monkeypatch, missing, preferred)
    assert choose_backend("auto", MODEL) == chosen


def test_what_is_asked_for_by_name_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    table(monkeypatch, {"openvino": "OpenVINO is not installed; install streetwarden[openvino]"}, ["onnxruntime"])
    with pytest.raises(ModelError, match="'openvino' cannot be used here: OpenVINO is not installed") as caught:
        choose_backend("openvino", MODEL)
    assert "\n" not in str(caught.value)


def test_openvino_is_not_for_what_is_quantised_for_onnx_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "has_bfloat16", lambda: True)
    path = write(tmp_path / "float.onnx", [RAW], DETECT)
    quantised = tmp_path / "int8.onnx"
    quantised.write_bytes(path.read_bytes() + b"DequantizeLinear")
    assert (openvino.is_faster(path), openvino.is_faster(quantised)) == (True, False)


@pytest.mark.parametrize("provider", [CUDA, TENSORRT])
def test_a_provider_that_the_build_lacks_is_one_line_that_says_what_to_install(provider: str) -> None:
    line = without_provider(provider, [CPU])
    assert line == f"this ONNX Runtime has no {provider}; {onnxruntime_gpu.INSTALL}"
    assert without_provider(provider, [provider, CPU]) is None


def test_a_machine_without_a_gpu_is_one_line() -> None:
    assert without_device(0) == "no NVIDIA GPU answers; see that nvidia-smi lists one"
    assert without_device(2) is None
    assert onnxruntime_gpu.count_devices() >= 0


def test_two_builds_of_onnx_runtime_in_one_environment_are_refused() -> None:
    assert both_packages(["onnxruntime"]) is None
    assert both_packages(["onnxruntime-gpu"]) is None
    assert "uninstall both, install one" in str(both_packages(["onnxruntime", "onnxruntime-gpu"]))
    assert onnxruntime.missing() is None


@pytest.mark.parametrize("running", [[CPU], []])
def test_a_runtime_that_fell_back_is_refused(running: list[str]) -> None:
    with pytest.raises(ModelError, match=f"m.onnx: {CUDA} was asked for, and ONNX Runtime fell back"):
        refuse_fallback("m.onnx", CUDA, running)
    refuse_fallback("m.onnx", CUDA, [CUDA, CPU])


@pytest.mark.skipif(CUDA in ort.get_available_providers(), reason="this machine has the provider")
@pytest.mark.filterwarnings("ignore:Specified provider")
def test_the_gpu_backends_do_not_run_on_a_processor(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [RAW], DETECT)
    with pytest.raises(ModelError, match="has no CUDAExecutionProvider"):
        Engine.load(path, backend="cuda")
    with pytest.raises(ModelError, match="fell back to CPUExecutionProvider"):
        onnxruntime_gpu.open_cuda(path, None)


def test_bound_inputs_give_each_caller_its_own_picture(tmp_path: Path) -> None:
    # The device is the processor's own memory: the same calls as on a GPU, on any machine.
    backend = BoundBackend(brightness_model(tmp_path / "m.onnx"), 1, [(CPU, {})], "cpu")
    together = threading.Barrier(4)

    def scores(levels: list[float]) -> list[float]:
        together.wait(10)
        batches = [np.full((1, 3, 64, 64), level, np.float32) for level in levels]
        return [float(backend.run(batch)[0][0, 5, 0]) for batch in batches]

    wanted = [[(lane + 4 * index) / 200 for index in range(40)] for lane in range(4)]
    with ThreadPoolExecutor(4) as lanes:
        assert list(lanes.map(scores, wanted)) == [pytest.approx(levels) for levels in wanted]


def test_bound_outputs_are_the_callers_own(tmp_path: Path) -> None:
    backend = BoundBackend(brightness_model(tmp_path / "m.onnx"), 1, [(CPU, {})], "cpu")
    first = backend.run(np.full((1, 3, 64, 64), 0.25, np.float32))[0]
    backend.run(np.full((1, 3, 64, 64), 0.75, np.float32))
    assert float(first[0, 5, 0]) == 0.25


def test_openvino_gives_each_caller_its_own_picture(tmp_path: Path) -> None:
    engine = Engine.load(brightness_model(tmp_path / "m.onnx"), backend="openvino", threads=1)
    levels = [80 + index for index in range(40)]
    together = threading.Barrier(4)

    def detect(mine: list[int]) -> list[float]:
        together.wait(10)
        return [float(engine.detect([np.full((64, 64, 3), level, np.uint8)])[0].score[0]) for level in mine]

    with ThreadPoolExecutor(4) as lanes:
        found = list(lanes.map(detect, [levels[lane::4] for lane in range(4)]))
    # Bfloat16 has eight bits.
    assert found == [pytest.approx([level / 255 for level in levels[lane::4]], abs=0.005) for lane in range(4)]


def test_openvino_compiles_for_few_shapes_and_answers_all(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [RAW], DETECT, ("batch", 3, "height", "width"))
    backend = OpenVinoBackend(path, 1)
    for side in range(32, 32 * (STATIC_SHAPES + 4), 32):
        assert backend.run(np.zeros((2, 3, side, side), np.float32))[0].shape == (2, 7, 84)
    assert len(backend._networks) == STATIC_SHAPES + 1


def test_openvino_reads_what_the_file_says_and_refuses_what_is_no_model(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [RAW], DETECT, ("batch", 3, "height", "width"))
    ours, theirs = open_backend("openvino", path, 1), open_backend("onnxruntime", path, 1)
    assert ours.metadata == theirs.metadata
    assert ours.inputs == theirs.inputs
    assert Engine.load(path, backend="openvino").describe()["backend"] == "openvino"
    text = tmp_path / "notes.onnx"
    text.write_text("no model")
    with pytest.raises(ModelError, match=r"notes.onnx: OpenVINO cannot load this file \(") as caught:
        open_backend("openvino", text, 1)
    assert "\n" not in str(caught.value)


@pytest.mark.shared_data
def test_openvino_sees_what_onnx_runtime_sees(shared_data: Path) -> None:
    path = shared_data / "models/yolo11n_coco.onnx"
    image = np.asarray(cv2.imread(str(shared_data / "images/sample_images/bus.jpg")), np.uint8)
    (ours,) = Engine.load(path, backend="openvino", threads=1).detect([image])
    (theirs,) = Engine.load(path, threads=1).detect([image])
    alike = (iou(ours.xyxy, theirs.xyxy) > 0.95) & (ours.class_id[:, None] == theirs.class_id[None])
    assert (alike & (np.abs(ours.score[:, None] - theirs.score[None]) < 0.03)).any(axis=0).all()
    assert len(ours) == len(theirs)


def test_pictures_of_a_usual_camera_are_warm(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [RAW], {**DETECT, "imgsz": "[640, 640]"}, ("batch", 3, "height", "width"))
    engine = Engine.load(path, backend="openvino", threads=1)
    before = dict(engine._backend._networks)  # type: ignore[attr-defined]
    engine.detect([picture(1080, 1920)])
    assert engine._backend._networks == before  # type: ignore[attr-defined]


def test_a_trial_times_what_is_here_and_says_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    missing = {"cuda": "no GPU", "tensorrt": None}
    table(monkeypatch, missing, [])
    monkeypatch.setattr(trial, "BACKENDS", backends.BACKENDS)
    path = write(tmp_path / "m.onnx", [RAW], DETECT)
    found = trial.try_backends(path, runs=3, seconds=lambda: float(next(ticks)))
    assert {one.backend: one.look_ms for one in found[:2]} == {"openvino": 1000.0, "onnxruntime": 1000.0}
    assert {one.backend: one.reason for one in found[2:]} == {
        "cuda": "no GPU",
        "tensorrt": "not tried: it builds its engine for minutes at its first start",
    }
    assert str(found[0]) == f"{found[0].backend}: 1000.0 ms"


def test_a_file_that_does_not_load_is_a_reason(tmp_path: Path) -> None:
    text = tmp_path / "notes.onnx"
    text.write_text("no model")
    assert all(one.look_ms is None and one.reason for one in trial.try_backends(text))
