"""Ultralytics' detect trainer for the street model: our start weights, bfloat16 on processors, COCO kept in mind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from ultralytics.models.yolo.detect import DetectionTrainer

from models.classes import COCO_IDS, STREET_CLASSES
from models.prepare import PICTURE_SUFFIXES
from models.recipe import Fit
from models.retain import Retention, SharedLayers, begin_alike
from models.street import renormalise, street_start


class StreetTrainer(DetectionTrainer):
    """Fits the street model as a recipe's `fit` says; batch statistics are held still unless it asks for them."""

    def __init__(self, how: Fit, start: Path, keep: Path | None, *, threads: int, overrides: dict[str, object]) -> None:
        """`start`: weights to begin with; `keep`: COCO weights to agree with; `overrides`: ultralytics' settings."""
        self.how, self.start, self.keep, self.threads = how, start, keep, threads
        super().__init__(overrides=overrides)

    def get_model(self, cfg: object = None, weights: Any = None, verbose: bool = True) -> Any:  # noqa: FBT001, FBT002
        """The start, or the state of the checkpoint that an interrupted run goes on from."""
        torch.set_num_threads(max(self.threads - 1, 1))  # the last one loads pictures
        model = street_start(self.start)
        if self.how.batch_statistics:
            pictures = sample_batches(self.data["train"], self.how.image_size)
            renormalise(model, pictures, first_layer=self.how.frozen_layers)
        if weights is not None:
            model.load_state_dict(weights.float().state_dict())
        model.model[-1].register_forward_hook(_as_float32)
        # Convolutions on a CPU run about twice as fast in this layout, most of all in bfloat16.
        return model.to(memory_format=torch.channels_last)

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch as the network takes it."""
        # Ultralytics offers bfloat16 on GPUs alone. The trainer calls this within its own autocast, which puts things
        # back when the batch is done.
        if self.how.precision == "bfloat16":
            torch.set_autocast_enabled(self.device.type, True)  # noqa: FBT003
            torch.set_autocast_dtype(self.device.type, torch.bfloat16)
        if self.how.retain:
            self._retain()
        ready: dict[str, Any] = super().preprocess_batch(batch)
        return ready

    def validate(self) -> tuple[dict[str, float], float]:
        """Nothing: a model is measured as the export that will run, and not on the way."""
        return {}, 0.0

    def final_eval(self) -> None:
        """Nothing, for the same reason."""

    def save_model(self) -> bool:
        """Save the averaged weights and what is needed to go on."""
        average: Any = self.ema
        for layer in average.ema.model:
            layer._forward_hooks.clear()  # noqa: SLF001  # a checkpoint must load without this module
        parent: Any = super()  # ultralytics carries no types
        return bool(parent.save_model())

    def _retain(self) -> None:
        # Here and not earlier: the copy that is averaged and saved must not carry the teacher.
        model: Any = self.model
        if self.keep is None or isinstance(getattr(model, "criterion", None), Retention):
            return
        teacher = street_start(self.keep).to(self.device)
        rows = [STREET_CLASSES.index(name) for name in COCO_IDS]
        bfloat16 = self.how.precision == "bfloat16"
        criterion = model.init_criterion()
        frozen = self.how.frozen_layers
        shared = SharedLayers(model, frozen) if frozen and begin_alike(model, teacher, frozen) else None
        model.criterion = Retention(
            criterion, teacher, rows, self.how.retain, bfloat16=bfloat16, shared=shared, every=self.how.retain_every
        )

    def _setup_train(self) -> None:
        parent: Any = super()  # ultralytics carries no types
        parent._setup_train()  # noqa: SLF001  # the step before training that it offers to override
        steps = self.how.average
        if steps:
            # Ultralytics averages over ten thousand steps once it is warm, and hardly at all in a short run's first.
            average: Any = self.ema
            average.decay = lambda updates: min(1 - 1 / steps, updates / (updates + 9))

    def _model_train(self) -> None:
        # The start's normalisation is folded into its convolutions (mean 0, variance 1), so statistics of a batch would
        # not be those the weights were made for: a layer keeps its own, unless they were measured again for training.
        model: Any = self.model
        model.train()
        fixed = model.model[: self.how.frozen_layers] if self.how.batch_statistics else model
        for module in fixed.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()


def sample_batches(
    folders: str | Sequence[str], side: int, pictures: int = 128, batch: int = 16
) -> Iterator[torch.Tensor]:
    """Pictures spread evenly over the training folders, as float tensors (batch, 3, side, side), RGB 0..1."""
    listed = [folders] if isinstance(folders, str) else list(dict.fromkeys(folders))
    every = sorted(path for folder in listed for path in Path(folder).iterdir())
    paths = [path for path in every if path.suffix.lower() in PICTURE_SUFFIXES]
    chosen = paths[:: max(len(paths) // pictures, 1)][:pictures]
    for first in range(0, len(chosen), batch):
        images = [cv2.imread(str(path)) for path in chosen[first : first + batch]]
        square = [cv2.resize(image, (side, side)) for image in images if image is not None]
        rgb = np.stack(square)[..., ::-1].transpose(0, 3, 1, 2)
        yield torch.from_numpy(np.ascontiguousarray(rgb)).float() / 255


def _as_float32(_module: object, _inputs: object, output: Any) -> Any:
    """A training head's outputs in float32, and the loss after it too: bfloat16 is too coarse for pixels of a box."""
    if not isinstance(output, dict):
        return output
    torch.set_autocast_enabled(output["boxes"].device.type, False)  # noqa: FBT003
    return {name: value.float() if hasattr(value, "float") else value for name, value in output.items()}
