"""Bad input: exit code 2, one line that names it, and nothing half-written."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.e2e.commands import cameras_file, files_below, one_line, small_clip, streetwarden


def refused(tmp_path: Path, clip: Path, *more: str | Path) -> str:
    """What `analyze` says; checks the exit code and that the output folder was not made."""
    out = tmp_path / "out"
    done = streetwarden(
        "analyze", clip, "--cameras", cameras_file(tmp_path), "--out", out, *more, data_dir=tmp_path / "data"
    )
    assert done.returncode == 2, done.stderr
    assert files_below(out) == []
    assert not out.exists()
    return one_line(done)


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    clip = tmp_path / "nowhere.mp4"
    assert str(clip) in refused(tmp_path, clip)


def test_a_text_file_is_no_clip(tmp_path: Path) -> None:
    clip = tmp_path / "notes.mp4"
    clip.write_text("These are notes and no video.\n" * 50)
    assert str(clip) in refused(tmp_path, clip)


def test_an_mp4_whose_index_is_cut_off_is_named(tmp_path: Path) -> None:
    whole = small_clip(tmp_path / "whole.mp4").read_bytes()
    clip = tmp_path / "cut.mp4"
    clip.write_bytes(whole[: whole.index(b"moov") - 8])
    assert str(clip) in refused(tmp_path, clip)


def test_an_unknown_model_names_the_known_ones(tmp_path: Path) -> None:
    message = refused(tmp_path, small_clip(tmp_path / "clip.mp4"), "--model", "nobody")
    assert "nobody" in message
    assert "street" in message


def write_model(path: Path, output_shape: list[int], metadata: dict[str, str]) -> Path:
    """A tiny ONNX model that takes a picture and gives a constant of that shape."""
    value = helper.make_tensor("value", TensorProto.FLOAT, output_shape, np.zeros(output_shape, np.float32).ravel())
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["output0"], value=value)],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, output_shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path


def test_a_model_of_another_task_is_refused(tmp_path: Path) -> None:
    metadata = {"task": "classify", "names": "{0: 'car'}", "stride": "32", "imgsz": "[64, 64]"}
    model = write_model(tmp_path / "classify.onnx", [1, 1], metadata)
    message = refused(tmp_path, small_clip(tmp_path / "clip.mp4"), "--model", model)
    assert "classify.onnx" in message
    assert "classify" in message


def test_a_model_of_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    metadata = {"task": "detect", "names": "{0: 'car', 1: 'bus'}", "stride": "32", "imgsz": "[64, 64]"}
    model = write_model(tmp_path / "odd.onnx", [1, 3, 7], metadata)
    assert "odd.onnx" in refused(tmp_path, small_clip(tmp_path / "clip.mp4"), "--model", model)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "broken.onnx"
    model.write_bytes(b"no model at all")
    assert "broken.onnx" in refused(tmp_path, small_clip(tmp_path / "clip.mp4"), "--model", model)


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("dwell_seconds", "dwel_seconds", 10),
        ("illegal_parking", "parking", 9),
        ("0.47, 0.22", "1.47, 0.22", 7),
        ("[0.22, 0.24], [0.47, 0.22]", "[0.47, 0.22], [0.22, 0.24]", 7),
    ],
)
def test_a_wrong_cameras_file_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, line: int) -> None:
    path = cameras_file(tmp_path)
    path.write_text(path.read_text().replace(right, wrong))
    done = streetwarden(
        "analyze", small_clip(tmp_path / "c.mp4"), "--cameras", path, "--out", tmp_path / "out", data_dir=tmp_path
    )
    assert done.returncode == 2
    assert f"{path}:{line}: " in one_line(done)
    assert not (tmp_path / "out").exists()


def test_an_empty_cameras_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("")
    done = streetwarden("worker", "--cameras", path, "--out", tmp_path / "out", data_dir=tmp_path)
    assert done.returncode == 2
    assert str(path) in one_line(done)
    assert not (tmp_path / "out").exists()


def test_a_clip_that_belongs_to_no_camera_is_refused(tmp_path: Path) -> None:
    path = cameras_file(tmp_path)
    path.write_text(path.read_text() + "  - {id: other, url: elsewhere.mp4}\n")
    clip = small_clip(tmp_path / "clip.mp4")
    done = streetwarden("analyze", clip, "--cameras", path, "--out", tmp_path / "out", data_dir=tmp_path)
    assert done.returncode == 2
    assert str(clip) in one_line(done)


@pytest.mark.parametrize("verb", ["serve", "simulate"])
def test_a_port_that_is_taken_is_one_line(tmp_path: Path, verb: str) -> None:
    clip = small_clip(tmp_path / "clip.mp4")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        arguments = ["serve", "--port", port] if verb == "serve" else ["simulate", clip, "--port", port]
        done = streetwarden(*arguments, data_dir=tmp_path / "data")
    assert done.returncode == 2, done.stderr
    assert port in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_missing_package_is_refused_by_verify(tmp_path: Path) -> None:
    done = streetwarden("verify", tmp_path / "nowhere", data_dir=tmp_path)
    assert done.returncode == 2
    assert "nowhere" in one_line(done)


def test_a_worker_without_a_token_says_how_to_get_one(tmp_path: Path) -> None:
    done = streetwarden("worker", "--api", "http://127.0.0.1:9", data_dir=tmp_path)
    assert done.returncode == 2
    assert "STREETWARDEN_TOKEN" in one_line(done)
