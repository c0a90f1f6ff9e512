"""Torch detectors to ONNX files, as ultralytics writes them, checked against torch before they are kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.errors import ExportError
from models.extra import require_train_extra

DynamicAxes = Literal["batch", "all", "none"]
LICENSE = "AGPL-3.0 License (https://ultralytics.com/license)"
OPSET = 18
MAX_IR_VERSION = 10  # what the oldest ONNX Runtime that we accept reads

# Sum of rounding over some hundred layers; boxes are pixels of a 640-pixel input, scores are 0..1.
BOX_TOLERANCE_PX = 0.05
SCORE_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Input side in pixels (a multiple of the stride), which axes stay free, and the operator set.

    `all` lets the engine pad a 16:9 picture to 384x640 and not to a square, which halves the time on a CPU.
    """

    image_size: int = 640
    dynamic: DynamicAxes = "all"
    opset: int = OPSET
    description: str = ""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest difference between torch and ONNX Runtime on the same input, in pixels and in score."""

    box_px: float
    score: float

    @property
    def holds(self) -> bool:
        """Whether both stay under what rounding explains."""
        return self.box_px <= BOX_TOLERANCE_PX and self.score <= SCORE_TOLERANCE


def export_checkpoint(checkpoint: Path, target: Path, options: ExportOptions | None = None) -> Parity:
    """Write an Ultralytics detect checkpoint (`.pt`) as `target` (`.onnx`) and return the parity measured.

    A `.pt` file is a pickle: loading one runs its code, so export only checkpoints whose origin you trust.
    Raises ExportError (no such file, not a detect checkpoint, parity missed) and MissingExtraError.
    """
    require_train_extra("exporting a checkpoint")
    return export_model(load_checkpoint(checkpoint), target, options)


def load_checkpoint(checkpoint: Path) -> Any:
    """The float32 detection model of an Ultralytics `.pt`, its EMA where it has one."""
    require_train_extra("loading a checkpoint")
    import torch  # noqa: PLC0415  # extra `train`
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # extra `train`

    if not checkpoint.is_file():
        raise ExportError(f"{checkpoint}: no such checkpoint")
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    except Exception as problem:
        raise ExportError(f"{checkpoint}: not a torch checkpoint: {_first_line(problem)}") from problem
    model = (content.get("ema") or content.get("model")) if isinstance(content, dict) else None
    if not isinstance(model, DetectionModel):
        found = type(model).__name__ if model is not None else "no model"
        raise ExportError(f"{checkpoint}: expected an Ultralytics detect model, found {found}")
    return model.float()


def export_model(model: Any, target: Path, options: ExportOptions | None = None) -> Parity:
    """Write a torch `DetectionModel` as ONNX: fused, slimmed, with ultralytics' metadata; `target` appears whole or
    not at all.

    The model itself is not changed. Raises ExportError when the file does not compute what torch computes.
    """
    require_train_extra("exporting a model")
    options = options or ExportOptions()
    fused = _ready_for_export(model, options)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        draft = Path(folder) / target.name
        _trace(fused, draft, options)
        _finish(draft, metadata_of(fused, options))
        parity = measure_parity(fused, draft, options)
        if not parity.holds:
            raise ExportError(
                f"{target}: the export differs from torch by {parity.box_px:.3f} px and {parity.score:.5f} in score"
            )
        _commit(draft, target)
    return parity


def metadata_of(model: Any, options: ExportOptions) -> Mapping[str, str]:
    """What ultralytics writes beside an export, and what the engine reads: names, stride, size, task, head."""
    import ultralytics  # noqa: PLC0415  # extra `train`

    head = model.model[-1]
    values: dict[str, object] = {
        "description": options.description or "Ultralytics detect model",
        "author": "Ultralytics",
        "version": ultralytics.__version__,
        "license": LICENSE,
        "docs": "https://docs.ultralytics.com",
        "stride": int(max(model.stride)),
        "task": "detect",
        "head": type(head).__name__,
        "batch": 1,
        "imgsz": [options.image_size, options.image_size],
        "names": {int(index): str(name) for index, name in model.names.items()},
        "channels": model.yaml.get("channels", 3),
        "end2end": bool(getattr(head, "end2end", False)),
        # Ultralytics itself reads from here whether the file takes any size.
        "args": {"batch": 1, "dynamic": options.dynamic == "all", "nms": False, "opset": options.opset},
    }
    return {key: str(value) for key, value in values.items()}


def measure_parity(model: Any, onnx_file: Path, options: ExportOptions) -> Parity:
    """Run both on the same pictures of smoothed noise, batch 2 where the file takes it.

    Smoothed, because pure noise excites no class and a check on scores of zero would check nothing.
    """
    import onnxruntime  # noqa: PLC0415  # slow to import, and only needed here
    import torch  # noqa: PLC0415  # extra `train`

    batch = 1 if options.dynamic == "none" else 2
    images = _test_images(batch, options.image_size)
    with torch.inference_mode():
        expected = model(torch.from_numpy(images)).numpy()
    session = onnxruntime.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    actual = session.run(None, {session.get_inputs()[0].name: images})[0]
    if actual.shape != expected.shape:
        raise ExportError(f"{onnx_file.name}: expected output {expected.shape}, got {actual.shape}")
    return _difference(expected, actual, end2end=bool(getattr(model.model[-1], "end2end", False)))


def _difference(expected: npt.NDArray[np.float32], actual: npt.NDArray[np.float32], *, end2end: bool) -> Parity:
    gap = np.abs(expected - actual)
    if end2end:  # (B, max_det, 6): x1 y1 x2 y2 score class
        return Parity(float(gap[..., :4].max()), float(gap[..., 4:].max()))
    return Parity(float(gap[:, :4].max()), float(gap[:, 4:].max()))


def _test_images(batch: int, size: int) -> npt.NDArray[np.float32]:
    coarse = np.random.default_rng(0).random((batch, 3, 8, 8), dtype=np.float32)
    repeat = -(-size // 8)
    return np.ascontiguousarray(coarse.repeat(repeat, axis=2).repeat(repeat, axis=3)[:, :, :size, :size])


def _ready_for_export(model: Any, options: ExportOptions) -> Any:
    from copy import deepcopy  # noqa: PLC0415  # beside the torch imports that need it

    ready = deepcopy(model).float().eval()
    for parameter in ready.parameters():
        parameter.requires_grad = False
    ready = ready.fuse(verbose=False)
    stride = int(max(ready.stride))
    if options.image_size % stride:
        raise ExportError(f"image size {options.image_size} is not a multiple of the model's stride {stride}")
    for module in ready.modules():
        if hasattr(module, "dynamic") and hasattr(module, "export"):  # the detect head, whichever version
            module.export, module.format, module.dynamic = True, "onnx", options.dynamic == "all"
    return ready


def _trace(model: Any, draft: Path, options: ExportOptions) -> None:
    import warnings  # noqa: PLC0415  # tracing warns of what is meant: sizes that become constants

    import torch  # noqa: PLC0415  # extra `train`

    example = torch.zeros(1, 3, options.image_size, options.image_size)
    model(example)  # fills the head's anchors, so that tracing sees constants
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example,),
            str(draft),
            opset_version=options.opset,
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes=_dynamic_axes(model, options.dynamic),
            dynamo=False,
        )


def _dynamic_axes(model: Any, dynamic: DynamicAxes) -> dict[str, dict[int, str]] | None:
    if dynamic == "none":
        return None
    if dynamic == "batch":
        return {"images": {0: "batch"}, "output0": {0: "batch"}}
    output = {0: "batch"} if getattr(model.model[-1], "end2end", False) else {0: "batch", 2: "anchors"}
    return {"images": {0: "batch", 2: "height", 3: "width"}, "output0": output}


def _finish(draft: Path, metadata: Mapping[str, str]) -> None:
    import onnx  # noqa: PLC0415  # extra `train`
    import onnxslim  # noqa: PLC0415  # extra `train`

    graph = onnxslim.slim(onnx.load(str(draft)))
    del graph.metadata_props[:]
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)
    graph.ir_version = min(graph.ir_version, MAX_IR_VERSION)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(draft))


def _commit(draft: Path, target: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)


def _first_line(problem: Exception) -> str:
    lines = str(problem).splitlines()
    return lines[0] if lines else type(problem).__name__
