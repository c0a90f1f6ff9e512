"""A float detector as static int8: quantise-dequantise pairs, weights per channel, calibrated on pictures."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from detector.letterbox import InputBuffer, plan_letterbox
from models.errors import QuantizeError
from models.extra import require_packages

SUFFIXES = (".jpg", ".jpeg", ".png")
# The head's decoding mixes pixels up to 640 and scores up to 1: one int8 scale for both would round every score to 0.
QUANTISED_OPERATORS = ("Conv",)
DEFAULT_SIDE = 640


def quantize(model: Path, target: Path, pictures: Path, *, limit: int = 128, seed: int = 0) -> Path:
    """Write `model` as int8 to `target`, with its metadata; returns `target`.

    Only convolutions are quantised. The accuracy it costs is for `models evaluate` to say.
    Raises QuantizeError: no model, no pictures, or a graph that ONNX Runtime cannot quantise.
    """
    require_packages("quantising", ["onnx"])
    chosen = _choose(pictures, limit, seed)
    if not model.is_file():
        raise QuantizeError(f"{model}: no such model")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".quantize-") as folder:
        draft = Path(folder) / target.name
        _quantize(model, draft, chosen, Path(folder))
        _copy_metadata(model, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    return target


def _choose(folder: Path, limit: int, seed: int) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not found:
        raise QuantizeError(f"{folder}: no pictures to calibrate on")
    random.Random(seed).shuffle(found)  # noqa: S311  # a draw, not a secret
    return found[:limit]


def _quantize(model: Path, draft: Path, pictures: Sequence[Path], folder: Path) -> None:
    import onnx  # noqa: PLC0415  # extra `train`
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    prepared = folder / "prepared.onnx"
    try:
        quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(str(prepared)).graph
        quantize_static(
            str(prepared),
            str(draft),
            _Pictures(graph.input[0], pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=list(QUANTISED_OPERATORS),
            nodes_to_exclude=_head_outputs(graph),
        )
    except QuantizeError:
        raise
    except Exception as problem:  # protobuf's, ONNX's and the runtime's own kinds, all meaning: not this file
        raise QuantizeError(f"{model}: cannot be quantised: {str(problem).splitlines()[0]}") from problem


def _head_outputs(graph: Any) -> list[str]:
    """The convolution of the box distribution's expectation: its weights are the numbers 0 to 15, not learnt."""
    return [node.name for node in graph.node if node.op_type == "Conv" and "dfl" in node.name]


class _Pictures:
    """What ONNX Runtime's calibration asks for inputs, one letterboxed picture at a time."""

    def __init__(self, graph_input: Any, pictures: Sequence[Path]) -> None:
        height, width = (axis.dim_value or DEFAULT_SIDE for axis in graph_input.type.tensor_type.shape.dim[2:])
        self._name = str(graph_input.name)
        self._size_hw = (int(height), int(width))
        self._pictures = list(pictures)
        self._next = 0

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """The next input, or None after the last."""
        if self._next >= len(self._pictures):
            return None
        path = self._pictures[self._next]
        self._next += 1
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise QuantizeError(f"{path}: not a picture")
        buffer = InputBuffer(1, self._size_hw, np.float32, rgb_unit=True)
        shape = (int(image.shape[0]), int(image.shape[1]))
        buffer.write(0, np.asarray(image, np.uint8), plan_letterbox(shape, self._size_hw, 32))
        return {self._name: buffer.array}

    def rewind(self) -> None:
        """Begin again with the first picture."""
        self._next = 0

    def set_range(self, start_index: int, end_index: int) -> None:
        """Keep to a part of the pictures (calibration in strides)."""
        self._pictures, self._next = self._pictures[start_index:end_index], 0


def _copy_metadata(model: Path, draft: Path) -> None:
    import onnx  # noqa: PLC0415  # extra `train`

    source = onnx.load(str(model), load_external_data=False)
    result = onnx.load(str(draft))
    del result.metadata_props[:]
    result.metadata_props.extend(source.metadata_props)
    onnx.save(result, str(draft))
