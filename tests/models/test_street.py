"""Cutting classes off a head, averaging weights, and exporting: nothing that stays may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.engine import Engine
from models.catalogue import resolve
from models.classes import COCO_IDS, COUSIN_IDS, STREET_CLASSES, class_mapping
from models.errors import ExportError, ModelsError, TrainingError
from models.export import ExportOptions, export_checkpoint, export_model
from models.extra import require_train_extra
from models.street import DOUBT, NEVER, coco_start, keep_classes, renormalise, street_start
from models.train import blend

torch = pytest.importorskip("torch")

SIZE = 64


def coco_weights(folder: Path, seed: int = 0) -> Path:
    """Random weights in the shape of COCO's, as a safetensors file."""
    from safetensors.torch import save_file  # noqa: PLC0415  # extra `train`

    path = folder / f"coco-{seed}.safetensors"
    save_file({name: value.clone() for name, value in random_model(80, seed).state_dict().items()}, path)
    return path


def random_model(classes: int, seed: int = 0) -> Any:
    require_train_extra("this test")
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # extra `train`

    torch.manual_seed(seed)
    build: Any = DetectionModel
    return build("yolo11n.yaml", nc=classes, verbose=False).eval()


def small_model(classes: int) -> Any:
    """Three convolutions and a detect head of one level: what an export test needs, and quick to trace."""
    require_train_extra("this test")
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # extra `train`

    torch.manual_seed(0)
    layers = [[-1, 1, "Conv", [16, 3, 2]], [-1, 1, "Conv", [16, 3, 2]], [-1, 1, "Conv", [32, 3, 2]]]
    build: Any = DetectionModel
    return build({"nc": classes, "backbone": layers, "head": [[[2], 1, "Detect", ["nc"]]]}, verbose=False).eval()


def answer(model: Any) -> Any:
    torch.manual_seed(1)
    with torch.inference_mode():
        return model.eval()(torch.rand(1, 3, SIZE, SIZE))[0]


def test_the_kept_classes_score_what_they_scored(tmp_path: Path) -> None:
    weights = coco_weights(tmp_path)
    before, after = answer(coco_start(weights)), answer(street_start(weights))
    taught = [name for name in STREET_CLASSES if name in COCO_IDS]
    rows = [4 + COCO_IDS[name] for name in taught]
    assert after.shape[1] == 4 + len(STREET_CLASSES)
    assert torch.equal(before[:, :4], after[:, :4])
    assert torch.allclose(before[:, rows], after[:, [4 + STREET_CLASSES.index(name) for name in taught]], atol=1e-6)


def test_a_new_class_starts_from_its_cousins_looks_with_longer_odds(tmp_path: Path) -> None:
    weights = coco_weights(tmp_path)
    before, after = answer(coco_start(weights)), answer(street_start(weights))
    cousin = before[:, 4 + COUSIN_IDS["stall"]].logit()
    own = after[:, 4 + STREET_CLASSES.index("stall")].logit()
    assert torch.allclose(own, cousin - DOUBT, atol=1e-3)


def test_measuring_the_statistics_again_changes_no_answer() -> None:
    model, pictures = random_model(3), torch.rand(2, 3, SIZE, SIZE)
    before = model(pictures)[0].detach().clone()
    layer = next(module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d))
    renormalise(model, [pictures])
    assert torch.allclose(layer.running_mean, model.model[0].conv(pictures).mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(model(pictures)[0], before, atol=1e-2, rtol=1e-3)


def test_a_checkpoint_of_other_classes_is_no_start(tmp_path: Path) -> None:
    torch.save({"model": small_model(2)}, tmp_path / "two.pt")
    with pytest.raises(ModelsError, match=r"two\.pt: expected the classes person, .*; got 0, 1"):
        street_start(tmp_path / "two.pt")


def test_weights_of_another_shape_are_one_clear_error(tmp_path: Path) -> None:
    from safetensors.torch import save_file  # noqa: PLC0415  # extra `train`

    save_file({"model.0.conv.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelsError, match=r"other\.safetensors: not the weights of yolo11n\.yaml") as caught:
        coco_start(tmp_path / "other.safetensors")
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelsError, match="no such file"):
        coco_start(tmp_path / "nothing.safetensors")


def test_a_blend_lies_between_its_ends() -> None:
    start, tuned = small_model(3), small_model(3)
    name = "model.3.cv3.0.2.weight"
    with torch.no_grad():
        tuned.get_parameter(name).add_(1.0)
    first, last = start.state_dict()[name].clone(), tuned.state_dict()[name].clone()
    assert torch.allclose(blend(start, tuned, 0.25).state_dict()[name], 0.75 * first + 0.25 * last)
    assert torch.allclose(blend(small_model(3), tuned, 1.0).state_dict()[name], last)


def test_a_blend_of_different_heads_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"do not fit the start at model\.3"):
        blend(small_model(3), small_model(4), 0.5)


@pytest.mark.parametrize("dynamic", ["all", "batch", "none"])
def test_an_export_computes_what_torch_computes_and_the_engine_reads_it(dynamic: Any, tmp_path: Path) -> None:
    model = keep_classes(small_model(9), ["car", "stall"], [2, 5])
    target = tmp_path / "new" / "model.onnx"
    parity = export_model(model, target, ExportOptions(image_size=SIZE, dynamic=dynamic))
    assert parity.holds
    engine = Engine.load(target, threads=1)
    assert engine.class_names == ("car", "stall")
    assert engine.input_size == (SIZE, SIZE)
    assert (engine.max_batch > 1) == (dynamic != "none")
    assert len(engine.detect([np.zeros((40, 64, 3), np.uint8)] * 3)) == 3
    assert [path.name for path in target.parent.iterdir()] == ["model.onnx"]


def test_an_ultralytics_checkpoint_is_exported(tmp_path: Path) -> None:
    torch.save({"model": small_model(2).half(), "ema": None}, tmp_path / "best.pt")
    export_checkpoint(tmp_path / "best.pt", tmp_path / "best.onnx", ExportOptions(image_size=SIZE))
    assert Engine.load(tmp_path / "best.onnx", threads=1).class_names == ("0", "1")


def test_what_is_no_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no checkpoint")
    torch.save({"model": torch.nn.Linear(2, 2)}, tmp_path / "linear.pt")
    for name, message in (("text", "not a torch checkpoint"), ("linear", "found Linear"), ("nothing", "no such")):
        with pytest.raises(ExportError, match=message):
            export_checkpoint(tmp_path / f"{name}.pt", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_an_image_size_that_does_not_fit_the_stride_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="100 is not a multiple of the model's stride 8"):
        export_model(small_model(2), tmp_path / "out.onnx", ExportOptions(image_size=100))


def test_a_changed_export_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real check against a real difference: an export that rounds more than is allowed.
    monkeypatch.setattr("models.export.BOX_TOLERANCE_PX", -1.0)
    with pytest.raises(ExportError, match="differs from torch by"):
        export_model(small_model(2), tmp_path / "out.onnx", ExportOptions(image_size=SIZE))
    assert list(tmp_path.iterdir()) == []


def test_classes_are_matched_by_name_and_by_their_other_names() -> None:
    assert class_mapping(["bike", "Bus", "tree"], STREET_CLASSES) == {0: 1, 1: 5}
    assert class_mapping(STREET_CLASSES, ["car", "bike"]) == {4: 0, 1: 1}


def test_a_float_export_of_ours_is_a_start_that_computes_the_same() -> None:
    import onnxruntime  # noqa: PLC0415  # slow to import, and only needed here

    weights = resolve("street")
    known = Engine.load(weights, threads=1).class_names
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    picture = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    expected = session.run(None, {"images": picture.numpy()})[0]
    with torch.inference_mode():
        given = street_start(weights).eval()(picture)[0].numpy()
    rows = [STREET_CLASSES.index(name) for name in known]
    np.testing.assert_allclose(given[:, :4], expected[:, :4], atol=0.01)
    np.testing.assert_allclose(given[:, 4:][:, rows], expected[:, 4:], atol=1e-4)
    others = np.delete(given[:, 4:], rows, axis=1)
    assert others.max() < 2 * np.exp(NEVER)


def test_a_file_that_is_no_float_export_of_ours_is_one_line() -> None:
    with pytest.raises(ModelsError, match=r"not a float export of yolo11n\.yaml"):
        street_start(resolve("street12-int8"))
