"""ultralytics itself as the peer of the engine: exports in every layout, and its own boxes on the same file."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from detector.boxes import iou
from detector.detections import Detections
from streams.frame import Image

STUBS = Path(__file__).resolve().parents[1] / "stubs"


def ultralytics(config_dir: Path) -> Any:
    """The package, offline, quiet, with its settings in `config_dir` and the stand-in for torchvision."""
    os.environ.update(YOLO_OFFLINE="1", YOLO_VERBOSE="False", YOLO_CONFIG_DIR=str(config_dir), YOLO_AUTOINSTALL="0")
    if str(STUBS) not in sys.path:
        sys.path.append(str(STUBS))
    import ultralytics as package  # noqa: PLC0415  # it reads the environment while it loads

    return package


def export(package: Any, architecture: str, folder: Path, weights: Path | None = None, **options: Any) -> Path:
    """An ONNX export of a model; without `weights` an untrained one whose class scores are spread over 0..1."""
    import torch  # noqa: PLC0415  # heavy, and only for the peer

    torch.manual_seed(5)
    model = package.YOLO(f"{architecture}.yaml", task="detect", verbose=False)
    if weights is not None:
        from safetensors.torch import load_file  # noqa: PLC0415

        model.model.load_state_dict({name: value.float() for name, value in load_file(weights).items()})
    else:
        _spread_scores(model.model, torch)
    model.model.names = {index: f"class {index}" for index in range(80)}
    # An export lands in the working folder, under the name of the architecture.
    with contextlib.chdir(folder):
        return Path(model.export(format="onnx", verbose=False, opset=17, **options)).resolve()


def _spread_scores(model: Any, torch: Any) -> None:
    """Wake an untrained model: normalise its features on noise, let its class scores spread and its boxes be boxes."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    noise = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        model.train()(noise)
        model.eval()
        head = model.model[-1]
        for prefix in ("", "one2one_"):
            for scores, boxes in zip(
                getattr(head, f"{prefix}cv3", None) or (), getattr(head, f"{prefix}cv2", None) or (), strict=True
            ):
                _calibrate(model, noise, scores[-1], spread=0.015, centre=-1.12, torch=torch)
                _calibrate(model, noise, boxes[-1], spread=0.2, centre=1.5, torch=torch)


def _calibrate(model: Any, noise: Any, layer: Any, *, spread: float, centre: float, torch: Any) -> None:
    seen: list[float] = []
    hook = layer.register_forward_pre_hook(lambda _layer, given: seen.append(float(given[0].pow(2).mean().sqrt())))
    model.model[-1].training = True
    model(noise)
    model.model[-1].training = False
    hook.remove()
    torch.nn.init.normal_(layer.weight, 0, spread / (max(seen[0], 1e-6) * layer.weight.shape[1] ** 0.5))
    torch.nn.init.constant_(layer.bias, centre)


def predict(package: Any, model_path: Path, image: Image, **options: Any) -> Detections:
    """The peer's own boxes, which it clips to the picture."""
    boxes = package.YOLO(str(model_path), task="detect").predict(image, verbose=False, **options)[0].boxes
    return Detections.untracked(
        boxes.xyxy.numpy().astype(np.float32),
        boxes.conf.numpy().astype(np.float32),
        boxes.cls.numpy().astype(np.int64),
    )


def assert_same(ours: Detections, theirs: Detections, image: Image) -> None:
    """The same detections, each way: a partner of the same class with IoU over 0.99 and a score within 0.01."""
    assert len(ours) == len(theirs)
    limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    boxes = np.clip(ours.xyxy, 0, limits)
    # Boxes outside the picture are clipped to nothing by the peer: their overlap says nothing, their corners do.
    alike = (iou(boxes, theirs.xyxy) > 0.99) | (np.abs(boxes[:, None] - theirs.xyxy[None]).max(axis=2) < 0.1)
    alike &= ours.class_id[:, None] == theirs.class_id[None]
    alike &= np.abs(ours.score[:, None] - theirs.score[None]) < 0.01
    assert alike.any(axis=0).all()
    assert alike.any(axis=1).all()
