"""Training: one recipe in, one ONNX file out; seeded, and taken up again where it stopped.

    streetwarden models train RECIPE.yaml --start COCO.safetensors --teacher A.onnx --teacher B.onnx \
        --where pictures=DIR --where scenes=DIR --out DIR

Steps: the data set (`data/`) and fitting (`fit/`), both left out when `--out` holds them already; the blend of tuned
and start weights; the export (`NAME.onnx`); a card without figures (`NAME.json`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card import draft_card, write_card
from models.errors import TrainingError
from models.export import ExportOptions, Parity, export_model, load_checkpoint
from models.extra import require_train_extra
from models.prepare import Teacher, coco_teachers, nobody, prepare
from models.recipe import Recipe
from models.street import ARCHITECTURE, street_start

FINISHED = "finished.json"
START = "YOLO11n on COCO, by Ultralytics (AGPL-3.0)"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where training finds what it needs and leaves what it makes.

    `start`: COCO weights, or a checkpoint to go on from. `keep`: weights to agree with, when the recipe says so.
    `hours`: fitting ends after so long, within an epoch if need be, with what it has by then.
    """

    start: Path
    teachers: tuple[Path, ...]
    places: Mapping[str, Path]
    out: Path
    threads: int = 2
    device: str = "auto"
    keep: Path | None = None
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """The export, the checkpoint it was made from, and how closely the one follows the other."""

    weights: Path
    checkpoint: Path
    parity: Parity


def train(recipe: Recipe, shop: Workshop, say: Callable[[str], None] = print) -> Trained:
    """Make a recipe's weights. Raises TrainingError, ExportError and MissingExtraError.

    Running it again after an interruption goes on from the last finished epoch; after the end it only exports.
    """
    require_train_extra("training")
    shop.out.mkdir(parents=True, exist_ok=True)
    data = prepare(recipe, shop.places, _teacher(recipe, shop), shop.out / "data", say)
    checkpoint = fit(recipe, data, shop, say)
    say(f"blending: {recipe.fit.blend:.2f} tuned, the rest start")
    model = blend(street_start(shop.start), load_checkpoint(checkpoint), recipe.fit.blend)
    weights = shop.out / f"{recipe.name}.onnx"
    description = f"Streetwarden {recipe.name} detector (YOLO11n)"
    parity = export_model(model, weights, ExportOptions(description=description))
    say(f"{weights}: parity with torch {parity.box_px:.4f} px, {parity.score:.6f} score")
    write_card(
        draft_card(recipe, weights, data.parent, start=START, notes=_notes(recipe)), weights.with_suffix(".json")
    )
    return Trained(weights, checkpoint, parity)


def _teacher(recipe: Recipe, shop: Workshop) -> Teacher:
    """The two COCO detectors, which a recipe whose sets are all labelled in full does without."""
    if not shop.teachers and all(part.trust == "all" for part in recipe.sets):
        return nobody
    return coco_teachers(shop.teachers, shop.threads)


def fit(recipe: Recipe, data: Path, shop: Workshop, say: Callable[[str], None]) -> Path:
    """Fit the street model to `data`, or go on with it; returns the last epoch's checkpoint."""
    folder = shop.out / "fit"
    last = folder / "weights" / "last.pt"
    if (folder / FINISHED).is_file():
        say(f"fitting is finished: {last}")
        return last
    settings = fit_settings(recipe, data, folder, device=_device(shop.device), workers=min(shop.threads - 1, 4))
    if last.is_file():
        say(f"going on from {last}")
        settings["resume"] = str(last)
    if recipe.fit.retain and shop.keep is None:
        raise TrainingError(f"recipe {recipe.name}: fit.retain needs the COCO weights to agree with: --keep FILE")
    from models.trainer import StreetTrainer  # noqa: PLC0415  # extra `train`

    trainer: Any = StreetTrainer(recipe.fit, shop.start, shop.keep, threads=shop.threads, overrides=settings)
    epochs = recipe.fit.epochs
    trainer.add_callback("on_model_save", lambda state: say(f"epoch {state.epoch + 1} of {epochs}"))
    steps = Steps(None if shop.hours is None else time.monotonic() + 3600 * shop.hours)
    trainer.add_callback("on_train_batch_end", steps.another)
    trainer.train()
    (folder / FINISHED).write_text(json.dumps({"steps": steps.done, "epochs": epochs, "seed": recipe.seed}) + "\n")
    return last


@dataclass(slots=True)
class Steps:
    """Counts this run's steps, and ends it at `until_s` of the monotonic clock."""

    until_s: float | None
    done: int = 0

    def another(self, trainer: Any) -> None:
        """One step is over."""
        self.done += 1
        if self.until_s is not None and time.monotonic() > self.until_s:
            trainer.stop = True


def fit_settings(recipe: Recipe, data: Path, folder: Path, *, device: str, workers: int = 0) -> dict[str, object]:
    """What ultralytics' trainer is told.

    No weight is warmed up with ultralytics' large bias rate: it is meant for layers that start at random, and here it
    would throw away what COCO taught.
    """
    how = recipe.fit
    return {
        "model": ARCHITECTURE,
        "data": str(data),
        "project": str(folder.parent),
        "name": folder.name,
        "exist_ok": True,
        "epochs": how.epochs,
        "batch": how.batch,
        "nbs": how.batch,
        "imgsz": how.image_size,
        "freeze": how.frozen_layers,
        "optimizer": "AdamW",
        "lr0": how.learning_rate,
        "lrf": how.final_rate_share,
        "weight_decay": how.weight_decay,
        "warmup_epochs": 0.5,
        "warmup_bias_lr": 0.0,
        "mosaic": how.mosaic,
        "close_mosaic": how.plain_epochs,
        "cos_lr": how.cosine,
        "scale": how.scale,
        "degrees": how.degrees,
        "seed": recipe.seed,
        "deterministic": True,
        "workers": workers,
        "amp": False,
        "device": device,
        "val": False,
        "plots": False,
        "pretrained": False,
    }


def _notes(recipe: Recipe) -> list[str]:
    how = recipe.fit
    return [
        f"{how.epochs} epochs at {how.image_size} px, the first {how.frozen_layers} layers frozen, {how.precision}",
        f"weights: {how.blend:.0%} tuned, the rest start",
    ]


def blend(start: Any, tuned: Any, share: float) -> Any:
    """`share` of the tuned weights and the rest of the start's, in place of `start`'s; returns it.

    The average of a network and its fine-tune keeps most of what both know; `share` 1 is the fine-tune alone.
    Raises TrainingError when the two are not the same architecture.
    """
    other = tuned.state_dict()
    mixed = {}
    for name, value in start.state_dict().items():
        if name not in other or other[name].shape != value.shape:
            raise TrainingError(f"the tuned weights do not fit the start at {name}")
        is_float = value.is_floating_point()
        mixed[name] = value + share * (other[name].to(value.dtype) - value) if is_float else value
    start.load_state_dict(mixed)
    return start


def _device(wish: str) -> str:
    import torch  # noqa: PLC0415  # extra `train`

    if wish == "auto":
        return "0" if torch.cuda.is_available() else "cpu"
    return wish
