"""The load classifier's network: YOLO11n's backbone, its maps' means over upper, middle and lower third, one layer.

A bed lies in the upper part of a truck's picture and the cab in the lower: means over the whole picture would mix them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.errors import ExportError
from models.load_states import LOAD_STATES
from models.street import coco_start

TAPS = (4, 6, 10)  # backbone layers whose maps are read: strides 8, 16 and 32
THIRDS = 3
SIDE = 224
WEIGHT_DECAY = 3e-3
BACKBONE_RATE = 3e-4
LAYER_RATE = 3e-3
STEPS = 200
OPSET = 18
MAX_IR_VERSION = 10  # what the oldest ONNX Runtime that we accept reads
TOLERANCE = 1e-4


class LoadNet(torch.nn.Module):
    """RGB 0..1 (N, 3, 224, 224) in, probabilities (N, 5) out."""

    def __init__(self, layers: torch.nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers
        with torch.no_grad():
            width = self.pooled(torch.zeros(1, 3, SIDE, SIDE)).shape[1]
        self.last = torch.nn.Linear(width, len(LOAD_STATES))

    def pooled(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features (N, F): means over thirds of the tapped maps, each scaled to length 1."""
        maps, seen = pictures, []
        for index, layer in enumerate(self.layers):
            maps = layer(maps)
            if index in TAPS:
                means = torch.stack([part.mean(dim=(2, 3)) for part in maps.chunk(THIRDS, dim=2)], dim=1).flatten(1)
                seen.append(means / means.norm(dim=1, keepdim=True).clamp(min=1e-6))
        return torch.cat(seen, dim=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Probabilities of `LOAD_STATES`."""
        scores: torch.Tensor = self.last(self.pooled(pictures)).softmax(dim=1)
        return scores

    def features_of(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Features (N, F) of BGR pictures (N, 224, 224, 3)."""
        with torch.inference_mode():
            return np.asarray(self.pooled(as_input(pictures)).numpy(), np.float32)

    def scores_of(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probabilities (N, 5) of features (N, F)."""
        with torch.inference_mode():
            return np.asarray(self.last(torch.from_numpy(features)).softmax(dim=1).numpy(), np.float32)

    def tuner(self, steps: int, states: Sequence[int]) -> Tuner:
        """What tunes backbone and layer in so many steps on examples of these states (indices of `LOAD_STATES`)."""
        return Tuner(self, steps, torch.tensor(states))

    def fit(self, features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> None:
        """Fit the last layer from zero: cross entropy with every state weighing the same, and weight decay.

        A convex problem, solved by L-BFGS: no seed, no rate to choose. Features are centred and scaled while fitting,
        which is folded into the layer afterwards.
        """
        inputs, targets = torch.from_numpy(features), torch.from_numpy(labels)
        mean, deviation = inputs.mean(dim=0), inputs.std(dim=0).clamp(min=1e-4)
        weight = torch.zeros(len(LOAD_STATES), inputs.shape[1], requires_grad=True)
        bias = torch.zeros(len(LOAD_STATES), requires_grad=True)
        _minimise((inputs - mean) / deviation, targets, weight, bias)
        with torch.no_grad():
            self.last.weight.copy_(weight / deviation)
            self.last.bias.copy_(bias - (weight / deviation) @ mean)

    def export(self, target: Path) -> None:
        """Write ONNX with the the crop classifier's metadata. Raises ExportError when it computes otherwise."""
        import onnx  # noqa: PLC0415  # extra `train`

        example = torch.rand(2, 3, SIDE, SIDE)
        batch = {"images": {0: "batch"}, "scores": {0: "batch"}}
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
            draft = Path(folder) / target.name
            torch.onnx.export(
                self.eval(),
                (example,),
                str(draft),
                input_names=["images"],
                output_names=["scores"],
                dynamic_axes=batch,
                opset_version=OPSET,
                dynamo=False,
            )
            graph = onnx.load(str(draft))
            graph.ir_version = min(graph.ir_version, MAX_IR_VERSION)
            onnx.helper.set_model_props(graph, metadata())
            onnx.save(graph, str(draft))
            self._check(draft, example)
            draft.replace(target)

    def _check(self, draft: Path, example: torch.Tensor) -> None:
        import onnxruntime  # noqa: PLC0415  # slow to import, and only needed here

        session = onnxruntime.InferenceSession(str(draft), providers=["CPUExecutionProvider"])
        actual = session.run(None, {"images": example.numpy()})[0]
        with torch.inference_mode():
            expected = self(example).numpy()
        difference = float(np.abs(actual - expected).max())
        if difference > TOLERANCE:
            raise ExportError(f"{draft.name}: the export differs from torch by {difference:.5f} in score")


class Tuner:
    """Steps of AdamW along a cosine, every state weighing the same. Normalisation stays as it is folded in."""

    def __init__(self, net: LoadNet, steps: int, states: torch.Tensor) -> None:
        self._net = net
        self._states = states
        self._weight = _state_weights(states)
        self._solver = torch.optim.AdamW(
            [
                {"params": net.layers.requires_grad_(requires_grad=True).parameters(), "lr": BACKBONE_RATE},
                {"params": net.last.parameters(), "lr": LAYER_RATE},
            ],
            weight_decay=0.01,
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._solver, max(steps, 1))

    def step(self, crops: npt.NDArray[np.uint8], examples: npt.NDArray[np.int64]) -> float:
        """One step on BGR crops (N, 224, 224, 3) of the examples at these places; returns the loss."""
        inputs = as_input(crops).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            features = self._net.pooled(inputs)
        outputs = self._net.last(features.float())
        targets = self._states[torch.from_numpy(examples)]
        loss = torch.nn.functional.cross_entropy(outputs, targets, weight=self._weight, label_smoothing=0.05)
        self._solver.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch carries no type here
        self._solver.step()
        self._schedule.step()
        return float(loss.detach())


def _state_weights(states: torch.Tensor) -> torch.Tensor:
    counts = torch.bincount(states, minlength=len(LOAD_STATES)).float()
    share = torch.where(counts > 0, counts.sum() / counts.clamp(min=1), torch.zeros(()))
    return share / share.max().clamp(min=1e-6)


def load_net(start: Path) -> LoadNet:
    """The network with COCO's backbone and a last layer not yet fitted. Raises ModelsError."""
    layers: Any = coco_start(start).model
    backbone = torch.nn.ModuleList(list(layers)[: max(TAPS) + 1]).eval()
    return LoadNet(backbone.requires_grad_(requires_grad=False)).eval()


def as_input(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """BGR pictures (N, H, W, 3) as the network's input (N, 3, H, W), RGB 0..1."""
    rgb = np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2))
    return torch.from_numpy(rgb).float() / 255


def metadata() -> dict[str, str]:
    """The keys of ultralytics' classifiers; `fit`: the crop is squashed to the square."""
    return {
        "description": "Streetwarden load classifier (backbone YOLO11n)",
        "license": "AGPL-3.0 License (https://ultralytics.com/license)",
        "task": "classify",
        "imgsz": str([SIDE, SIDE]),
        "names": str(dict(enumerate(LOAD_STATES))),
        "fit": "squash",
    }


def _minimise(inputs: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> None:
    states = _state_weights(targets)
    solver = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        solver.zero_grad()
        loss = torch.nn.functional.cross_entropy(inputs @ weight.T + bias, targets, weight=states)
        loss = loss + WEIGHT_DECAY * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch carries no type here
        return loss

    solver.step(cost)  # type: ignore[no-untyped-call]  # torch carries no type here
