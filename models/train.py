"""Training: one recipe in, one ONNX file out; seeded, and taken up again where it stopped.

    streetwarden models train RECIPE.yaml --start COCO.safetensors --teacher A.onnx --teacher B.onnx \
        --where pictures=DIR --where scenes=DIR --out DIR

Steps: the data set (`data/`) and fitting (`fit/`), both left out when `--out` holds them already; the blend of tuned
and start weights; the export (`NAME.onnx`); a card without figures (`NAME.json`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card import draft_card, write_card
from models.errors import TrainingError
from models.export import ExportOptions, Parity, export_model, load_checkpoint
from models.extra import require_train_extra
from models.prepare import coco_teachers, prepare
from models.recipe import Recipe
from models.street import ARCHITECTURE, street_start

FINISHED = "finished.json"
START = "YOLO11n on COCO, by Ultralytics (AGPL-3.0)"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where training finds what it needs and leaves what it makes."""

    start: Path
    teachers: tuple[Path, ...]
    places: Mapping[str, Path]
    out: Path
    threads: int = 2
    device: str = "auto"


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
    data = prepare(recipe, shop.places, coco_teachers(shop.teachers, shop.threads), shop.out / "data", say)
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


def fit(recipe: Recipe, data: Path, shop: Workshop, say: Callable[[str], None]) -> Path:
    """Fit the street model to `data`, or go on with it; returns the last epoch's checkpoint."""
    folder = shop.out / "fit"
    last = folder / "weights" / "last.pt"
    if (folder / FINISHED).is_file():
        say(f"fitting is finished: {last}")
        return last
    settings = fit_settings(recipe, data, folder, device=_device(shop.device))
    if last.is_file():
        say(f"going on from {last}")
        settings["resume"] = str(last)
    trainer_class = _trainer_class(shop.start, shop.threads, bfloat16=recipe.fit.precision == "bfloat16")
    trainer = trainer_class(overrides=settings)
    epochs = recipe.fit.epochs
    trainer.add_callback("on_model_save", lambda state: say(f"epoch {state.epoch + 1} of {epochs}"))
    trainer.train()
    (folder / FINISHED).write_text(json.dumps({"epochs": recipe.fit.epochs, "seed": recipe.seed}) + "\n")
    return last


def fit_settings(recipe: Recipe, data: Path, folder: Path, *, device: str) -> dict[str, object]:
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
        "close_mosaic": 1,
        "scale": how.scale,
        "degrees": how.degrees,
        "seed": recipe.seed,
        "deterministic": True,
        "workers": 0,
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


def _trainer_class(start: Path, threads: int, *, bfloat16: bool) -> Any:
    """Ultralytics' detect trainer with our start weights and its batch statistics held still."""
    import torch  # noqa: PLC0415  # extra `train`
    from ultralytics.models.yolo.detect import DetectionTrainer  # noqa: PLC0415  # extra `train`

    class StreetTrainer(DetectionTrainer):
        def get_model(self, cfg: object = None, weights: Any = None, verbose: bool = True) -> Any:  # noqa: FBT001, FBT002
            torch.set_num_threads(threads)
            model = street_start(start)
            if weights is not None:
                model.load_state_dict(weights.float().state_dict())
            model.model[-1].register_forward_hook(_as_float32)
            # Convolutions on a CPU run about twice as fast in this layout, most of all in bfloat16.
            return model.to(memory_format=torch.channels_last)

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            # Ultralytics offers bfloat16 on GPUs alone. The trainer calls this within its own autocast, which puts
            # things back when the batch is done.
            if bfloat16:
                torch.set_autocast_enabled(self.device.type, True)  # noqa: FBT003
                torch.set_autocast_dtype(self.device.type, torch.bfloat16)
            ready: dict[str, Any] = super().preprocess_batch(batch)
            return ready

        def save_model(self) -> bool:
            average: Any = self.ema
            average.ema.model[-1]._forward_hooks.clear()  # noqa: SLF001  # a checkpoint must load without this module
            parent: Any = super()
            return bool(parent.save_model())

        def _model_train(self) -> None:
            # The start's normalisation is folded into its convolutions (mean 0, variance 1), so statistics of a
            # batch would not be those the weights were made for: every layer keeps its own.
            model: Any = self.model
            model.train()
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()

    return StreetTrainer


def _as_float32(_module: object, _inputs: object, output: Any) -> Any:
    """A training head's outputs in float32, and the loss after it too: bfloat16 is too coarse for pixels of a box."""
    import torch  # noqa: PLC0415  # extra `train`

    if not isinstance(output, dict):
        return output
    torch.set_autocast_enabled(output["boxes"].device.type, False)  # noqa: FBT003
    return {name: value.float() if hasattr(value, "float") else value for name, value in output.items()}
