"""Two models in one file: the first's answers stay what they were, the second gives what the first does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from detector.engine import Engine
from models.cli import run_alone
from models.errors import ExportError
from models.export import ExportOptions, export_model
from models.merge import SURE, merge
from tests.models.test_street import small_model

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, of its exporter

SIDE = 64
KNOWN = ("person", "car")
EVERY = ("garbage", "person", "car")


def exported(folder: Path, name: str, names: tuple[str, ...], shift: float) -> Path:
    """A small export whose first two layers are everyone's, and whose last layer and head are its own."""
    model = small_model(len(names))
    model.names = dict(enumerate(names))
    for layer in model.model[2:]:
        for weight in layer.parameters():
            weight.data += shift * torch.randn(weight.shape, generator=torch.Generator().manual_seed(4))
    path = folder / name
    export_model(model, path, ExportOptions(image_size=SIDE))
    return path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    return exported(folder, "first.onnx", KNOWN, 0.0), exported(folder, "second.onnx", EVERY, 0.2)


def raw(path: Path, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    import onnxruntime  # noqa: PLC0415  # slow to import, and only needed here

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"images": picture})[0], np.float32)


def test_the_first_answers_as_before_and_the_second_only_for_what_is_new(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    first, second = pair
    merged = merge(first, second, tmp_path / "both.onnx", halves=False)
    picture = np.random.default_rng(3).random((1, 3, SIDE, SIDE), np.float32)
    ours, theirs, both = raw(first, picture)[0], raw(second, picture)[0], raw(tmp_path / "both.onnx", picture)[0]
    count = ours.shape[1]

    assert 0 < merged.shared < merged.nodes
    assert both.shape == (4 + len(EVERY), 2 * count)
    np.testing.assert_allclose(both[:4, :count], ours[:4], atol=1e-3)
    np.testing.assert_allclose(both[:4, count:], theirs[:4], atol=1e-3)
    is_new = theirs[4] >= theirs[5:].max(axis=0)
    kept = ~(is_new & (theirs[4] > SURE))
    np.testing.assert_allclose(both[5:, :count], ours[4:] * kept, atol=1e-5)
    assert not both[4, :count].any()
    np.testing.assert_allclose(both[4, count:], theirs[4] * is_new, atol=1e-5)
    assert not both[5:, count:].any()


def test_half_the_bytes_are_enough_and_the_engine_reads_them(pair: tuple[Path, Path], tmp_path: Path) -> None:
    merge(*pair, tmp_path / "whole.onnx", halves=False)
    merge(*pair, tmp_path / "small.onnx")
    assert (tmp_path / "small.onnx").stat().st_size < 0.8 * (tmp_path / "whole.onnx").stat().st_size
    picture = np.random.default_rng(3).random((1, 3, SIDE, SIDE), np.float32)
    whole, small = raw(tmp_path / "whole.onnx", picture), raw(tmp_path / "small.onnx", picture)
    assert np.abs(whole[:, 4:] - small[:, 4:]).max() < 0.01
    assert Engine.load(tmp_path / "small.onnx", threads=1).class_names == EVERY


def test_models_that_do_not_fit_are_one_clear_line(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = pair
    with pytest.raises(ExportError, match="expected the classes garbage, person, car and more; got person, car"):
        merge(second, first, tmp_path / "both.onnx")
    with pytest.raises(ExportError, match="no such model"):
        merge(first, tmp_path / "none.onnx", tmp_path / "both.onnx")
    (tmp_path / "text.onnx").write_text("not protobuf at all, but long enough to be refused")
    assert run_alone("merge", [str(first), str(tmp_path / "text.onnx"), str(tmp_path / "both.onnx")]) == 2
    assert "not an ONNX model" in capsys.readouterr().err
