"""Training in small: it is repeatable, it goes on where it stopped, and its result is an export the engine reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.engine import Engine
from models.catalogue import read_card, resolve
from models.classes import STREET_CLASSES
from models.cli import run_alone
from models.errors import TrainingError
from models.export import load_checkpoint
from models.recipe import Fit, PictureSet, Recipe
from models.retain import Retention
from models.train import Workshop, fit, fit_settings, train
from tests.models.test_street import coco_weights

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore")  # ultralytics' and torch's own


class Interrupted(Exception):
    """Stands for the power cut between two epochs."""


def recipe(epochs: int = 2) -> Recipe:
    part = PictureSet(
        name="squares",
        where="pictures",
        images="images/train",
        labels="labels/train",
        names=("person", "bicycle"),
        trust="all",
        kind="rendered",
        licence="none",
        split="both",
        val_share=0.3,
    )
    how = Fit(
        epochs=epochs,
        batch=2,
        image_size=64,
        frozen_layers=10,
        learning_rate=0.001,
        final_rate_share=0.1,
        weight_decay=0.0,
        mosaic=0.5,
        scale=0.2,
        blend=0.5,
    )
    return Recipe(name="small", seed=5, sets=(part,), fit=how)


def shop(picture_set: Path, folder: Path) -> Workshop:
    teachers = (Path("first.onnx"), Path("second.onnx"))
    return Workshop(coco_weights(folder), teachers, {"pictures": picture_set}, folder / "out", threads=1, device="cpu")


def weights(checkpoint: Path) -> dict[str, Any]:
    return dict(load_checkpoint(checkpoint).state_dict())


def test_training_is_taken_up_where_it_stopped_and_ends_in_an_export(picture_set: Path, tmp_path: Path) -> None:
    work = shop(picture_set, tmp_path)

    def power_cut(line: str) -> None:
        if line.startswith("epoch 1 of 2"):
            raise Interrupted

    with pytest.raises(Interrupted):
        train(recipe(), work, power_cut)
    assert not (work.out / "small.onnx").exists()
    lines: list[str] = []
    trained = train(recipe(), work, lines.append)
    assert "squares: already prepared" in lines
    assert [line for line in lines if line.startswith("epoch")] == ["epoch 2 of 2"]
    assert Engine.load(trained.weights, threads=1).class_names == STREET_CLASSES
    card = read_card(trained.weights.with_suffix(".json"))
    assert resolve(trained.weights) == trained.weights
    assert (card.classes, card.training.seed) == (STREET_CLASSES, 5)
    assert [(source.name, source.pictures) for source in card.training.data] == [("squares", 4)]
    lines.clear()
    assert fit(recipe(), work.out / "data/data.yaml", work, lines.append) == trained.checkpoint
    assert any(line.startswith("fitting is finished") for line in lines)
    only_the_head_moved(work.start, trained.checkpoint)


WITHOUT_WEIGHTS = {11, 12, 14, 15, 18, 21}
"""Layers of YOLO11n that only resize or join maps."""


def layers_that_moved(start: Path, checkpoint: Path) -> set[int]:
    from safetensors.torch import load_file  # noqa: PLC0415  # extra `train`

    before, after = load_file(start), weights(checkpoint)
    same_shape = [name for name, value in after.items() if value.shape == before[name].shape]
    moved = [name for name in same_shape if not torch.equal(after[name].half(), before[name].half())]
    return {int(name.split(".")[1]) for name in moved}


def only_the_head_moved(start: Path, checkpoint: Path) -> None:
    """Frozen layers and batch statistics stayed; the box branch learnt."""
    from safetensors.torch import load_file  # noqa: PLC0415  # extra `train`

    before = {name: value.half().float() for name, value in load_file(start).items()}
    after = weights(checkpoint)
    moved = {name for name, value in after.items() if value.shape == before[name].shape}
    moved = {name for name in moved if not torch.equal(after[name].float(), before[name])}
    assert any(name.startswith("model.23.cv2") for name in moved)
    assert not [name for name in moved if int(name.split(".")[1]) < recipe().fit.frozen_layers]
    assert not [name for name in moved if "running_" in name]


def test_the_same_seed_gives_the_same_weights(picture_set: Path, tmp_path: Path) -> None:
    data = picture_set / "data.yaml"
    runs = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        runs.append(
            weights(fit(recipe(epochs=1), data_with_street_classes(data, folder), shop(picture_set, folder), print))
        )
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


def data_with_street_classes(data: Path, folder: Path) -> Path:
    path = folder / "data.yaml"
    names = json.dumps(list(STREET_CLASSES))
    path.write_text(f"path: {data.parent}\ntrain: images/train\nval: images/val\nnames: {names}\n")
    return path


def test_statistics_and_agreement_with_the_start_go_with_a_resumable_run(picture_set: Path, tmp_path: Path) -> None:
    plan = recipe(epochs=1)
    extra = {"retain": 1.0, "retain_every": 2, "average": 4, "batch_statistics": True, "cosine": True}
    extra |= {"plain_epochs": 0, "frozen_layers": 2}
    plan = plan.model_copy(update={"fit": plan.fit.model_copy(update=extra)})
    work = shop(picture_set, tmp_path)
    data = data_with_street_classes(picture_set / "data.yaml", tmp_path)
    with pytest.raises(TrainingError, match=r"fit\.retain needs the COCO weights"):
        fit(plan, data, work, print)
    checkpoint = fit(plan, data, replace(work, keep=work.start), print)
    trained = load_checkpoint(checkpoint)
    assert not isinstance(getattr(trained, "criterion", None), Retention)
    assert any(name.endswith("running_var") and value.min() < 0.9 for name, value in trained.state_dict().items())
    assert layers_that_moved(work.start, checkpoint) == set(range(2, 24)) - WITHOUT_WEIGHTS


def test_a_run_of_limited_time_ends_within_an_epoch(picture_set: Path, tmp_path: Path) -> None:
    data = data_with_street_classes(picture_set / "data.yaml", tmp_path)
    work = replace(shop(picture_set, tmp_path), hours=0.0)
    checkpoint = fit(recipe(epochs=9), data, work, print)
    assert json.loads((work.out / "fit/finished.json").read_text())["steps"] == 1
    assert load_checkpoint(checkpoint).names == dict(enumerate(STREET_CLASSES))


def test_no_bias_is_warmed_up_with_a_rate_for_random_layers(tmp_path: Path) -> None:
    settings = fit_settings(recipe(), tmp_path / "data.yaml", tmp_path / "fit", device="cpu")
    assert settings["warmup_bias_lr"] == 0.0
    assert settings["seed"] == 5


def test_a_missing_teacher_is_one_line(picture_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.yaml"
    doubtful = recipe().sets[0].model_copy(update={"trust": "some"})
    path.write_text(recipe().model_copy(update={"sets": (doubtful,)}).model_dump_json())
    arguments = ["--start", "coco.safetensors", "--where", f"pictures={picture_set}", "--out", str(tmp_path / "out")]
    assert run_alone("train", [str(path), *arguments]) == 2
    assert "expected two teachers, got 0" in capsys.readouterr().err
