"""From a rejection to a better model: a detector takes discs for heaps, reviewers say no, and the next one does not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from datasets.feedback.build import Plan, build
from detector.engine import Engine
from models.classes import STREET_CLASSES
from models.recipe import Fit, PictureSet, Recipe
from models.train import Workshop, train
from tests.datasets.feedback_help import case, write_cases, write_package
from tests.models.test_street import small_model

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore")  # ultralytics' and torch's own

GARBAGE = STREET_CLASSES.index("garbage")
SIDE = 64
BOX = (20, 20, 44, 44)
TEACHERS = (Path("first.onnx"), Path("second.onnx"))  # never asked: every label is a person's
Pixels = npt.NDArray[np.uint8]


def street(seed: int, *, heap: bool) -> Pixels:
    """Noise with a bright square (a heap) or a bright ring (a manhole) in the middle."""
    image = np.random.default_rng(seed).integers(90, 150, (SIDE, SIDE, 3), np.uint8)
    if heap:
        image[20:44, 20:44] = 240
    else:
        cv2.circle(image, (32, 32), 12, (240, 240, 240), 5)
    return image


def base_set(folder: Path) -> Path:
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for seed in range(12):
        cv2.imwrite(str(folder / f"images/{seed}.png"), street(seed, heap=True))
        (folder / f"labels/{seed}.txt").write_text(f"{GARBAGE} 0.5 0.5 0.375 0.375\n")
    return folder


def decided(folder: Path) -> Path:
    """A worker's packages and the reviewers' word on them: eight rings rejected, four heaps confirmed."""
    cases = []
    for number in range(12):
        heap = number >= 8
        image = street(100 + number, heap=heap)
        write_package(folder / "packages", f"p{number}", image, BOX, camera=f"cam-{number % 3}", day=number)
        state, reason = ("filed", None) if heap else ("rejected", "no_violation")
        cases.append(case(number, f"p{number}", state, reason, camera_id=f"cam-{number % 3}"))
    write_cases(folder / "decisions.json", *cases)
    build(folder / "decisions.json", folder / "packages", folder / "feedback", Plan(STREET_CLASSES, test_share=0.0))
    return folder / "feedback"


def recipe(name: str, epochs: int, *sets: PictureSet) -> Recipe:
    how = Fit(
        epochs=epochs,
        batch=6,
        image_size=SIDE,
        frozen_layers=0,
        learning_rate=0.01,
        final_rate_share=0.1,
        weight_decay=0.0,
        mosaic=0.0,
        scale=0.1,
        blend=1,
        batch_statistics=True,
    )
    return Recipe(name=name, seed=3, sets=sets, fit=how)


def picture_set(name: str, images: str, labels: str, refuted: str | None = None) -> PictureSet:
    return PictureSet(
        name=name,
        where=name,
        images=images,
        labels=labels,
        refuted=refuted,
        names=STREET_CLASSES,
        trust="all",
        kind="real",
        licence="none",
        without_objects=1.0,
        repeat=1 if name == "base" else 2,
    )


def tiny_start(folder: Path) -> Path:
    model = small_model(len(STREET_CLASSES))
    model.names = dict(enumerate(STREET_CLASSES))
    torch.save({"model": model, "ema": None}, folder / "tiny.pt")
    return folder / "tiny.pt"


def best_score(model: Engine, *, heap: bool) -> float:
    """Mean over new pictures, as large as the model's input, of the best score that something gets as garbage."""
    pictures = [np.tile(street(seed, heap=heap), (10, 10, 1)) for seed in range(500, 504)]
    found = [model.detect([picture])[0] for picture in pictures]
    return float(np.mean([one.score[one.class_id == GARBAGE].max(initial=0.0) for one in found]))


def test_rejections_make_the_next_model_better(tmp_path: Path) -> None:
    base = picture_set("base", "images", "labels")
    places = {"base": base_set(tmp_path / "base")}
    shop = Workshop(tiny_start(tmp_path), TEACHERS, places, tmp_path / "first", threads=1, device="cpu")
    first = train(recipe("first", 18, base), shop, lambda _: None)
    before = Engine.load(first.weights, threads=1, score_threshold=0.01)
    assert best_score(before, heap=True) > 0.5
    assert best_score(before, heap=False) > 0.2  # the mistake to unlearn

    reviewed = picture_set("feedback", "images/train", "labels/train", "refuted/train")
    places = {**places, "feedback": decided(tmp_path / "office")}
    shop = Workshop(first.checkpoint, TEACHERS, places, tmp_path / "second", threads=1, device="cpu")
    second = train(recipe("second", 16, base, reviewed), shop, lambda _: None)
    after = Engine.load(second.weights, threads=1, score_threshold=0.01)
    assert best_score(after, heap=True) > 0.5
    assert best_score(after, heap=False) < best_score(before, heap=False) / 2
