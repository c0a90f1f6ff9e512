"""A float detector as static int8: quantise-dequantise pairs, weights per channel, calibrated on pictures."""

from __future__ import annotations

import itertools
import os
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from detector.letterbox import InputBuffer, plan_letterbox
from models.catalogue import Card, card_json, sha256_of
from models.errors import QuantizeError
from models.extra import require_packages
from models.lighten import decoding, entrance, lighten, name_nodes
from models.merge import unpack_halves

SUFFIXES = (".jpg", ".jpeg", ".png")
# All that lies between two convolutions: else every one of them would go to float and back, and gain nothing.
QUANTISED_OPERATORS = ("Conv", "Sigmoid", "Mul", "Add", "Concat", "MaxPool", "Resize", "Split", "Slice")
DEFAULT_SIDE = 640
DEFAULT_LIMIT = 128
ERROR_LEVEL = 3
INT8_CONVOLUTIONS = ("QLinearConv", "ConvInteger")


@dataclass(frozen=True, slots=True)
class Fused:
    """Convolutions of a file, and those that ONNX Runtime computes in int8 on this machine."""

    convolutions: int
    in_int8: int


def quantize(
    model: Path, target: Path, pictures: Path | Sequence[Path], *, limit: int = DEFAULT_LIMIT, seed: int = 0
) -> Fused:
    """Write `model` as int8 to `target`, with its metadata, calibrated on pictures of one or several folders in turn.

    Weights are signed and per channel, activations unsigned: the pair that processors multiply. The first layer and
    the head's decoding stay float: the first is no faster in int8, and one scale for pixels up to 640 and scores up
    to 1 would round every score to 0. The accuracy it costs is for `models evaluate` to say.

    Raises QuantizeError: no model, no pictures, a graph that ONNX Runtime cannot quantise or does not compute in int8.
    """
    require_packages("quantising", ["onnx"])
    chosen = _choose([pictures] if isinstance(pictures, Path) else pictures, limit, seed)
    if not model.is_file():
        raise QuantizeError(f"{model}: no such model")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".quantize-") as folder:
        draft = Path(folder) / target.name
        _quantize(model, draft, chosen, Path(folder))
        _copy_metadata(model, draft)
        fused = fused_convolutions(draft, Path(folder) / "optimised.onnx")
        if not fused.in_int8:
            raise QuantizeError(f"{model}: ONNX Runtime computes none of its {fused.convolutions} convolutions in int8")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    return fused


def _choose(folders: Sequence[Path], limit: int, seed: int) -> list[Path]:
    """Pictures drawn from each folder in turn, so that a large one does not outvote a small one."""
    draws = []
    for folder in folders:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
        if not found:
            raise QuantizeError(f"{folder}: no pictures to calibrate on")
        random.Random(seed).shuffle(found)  # noqa: S311  # a draw, not a secret
        draws.append(found)
    in_turn = (path for row in itertools.zip_longest(*draws) for path in row if path is not None)
    return list(itertools.islice(in_turn, limit))


def _quantize(model: Path, draft: Path, pictures: Sequence[Path], folder: Path) -> None:
    import onnx  # noqa: PLC0415  # extra `train`
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    prepared = folder / "prepared.onnx"
    try:
        whole = onnx.load(str(model))
        unpack_halves(whole.graph)
        onnx.save(whole, str(prepared))
        quant_pre_process(str(prepared), str(prepared), skip_symbolic_shape=True)
        light = onnx.load(str(prepared))
        lighten(light)
        name_nodes(light.graph)
        onnx.save(light, str(prepared))
        quantize_static(
            str(prepared),
            str(draft),
            _Pictures(light.graph.input[0], pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=list(QUANTISED_OPERATORS),
            nodes_to_exclude=[*entrance(light.graph), *decoding(light.graph)],
        )
    except QuantizeError:
        raise
    except Exception as problem:  # protobuf's, ONNX's and the runtime's own kinds, all meaning: not this file
        raise QuantizeError(f"{model}: cannot be quantised: {str(problem).splitlines()[0]}") from problem


def fused_convolutions(model: Path, scratch: Path) -> Fused:
    """What ONNX Runtime makes of a file's convolutions here; its optimised graph is written to `scratch`."""
    import onnx  # noqa: PLC0415  # extra `train`
    import onnxruntime  # noqa: PLC0415  # slow to import, and only needed here

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERROR_LEVEL
    options.optimized_model_filepath = str(scratch)
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    operators = Counter(node.op_type for node in onnx.load(str(scratch)).graph.node)
    in_int8 = sum(operators[name] for name in INT8_CONVOLUTIONS)
    return Fused(in_int8 + operators["Conv"] + operators["FusedConv"], in_int8)


def write_int8_card(card: Card, target: Path, pictures: Sequence[Path]) -> Path:
    """Write the card of `target`, the int8 form of that card's weights, beside it; figures are yet to be measured.

    Raises QuantizeError when the file's name cannot be a model's.
    """
    drawn = ", ".join(f"{folder.parent.name}/{folder.name}" for folder in pictures)
    facts = card.model_dump() | {
        "name": target.stem,
        "file": target.name,
        "sha256": sha256_of(target),
        "bytes": target.stat().st_size,
        "precision": "int8",
        "url": None,
        "figures": (),
        "training": card.training.model_copy(
            update={
                "command": f"streetwarden models quantize {card.name} {target.name}",
                "notes": (*card.training.notes, f"static int8 of {card.file}, calibrated on pictures of {drawn}"),
            }
        ).model_dump(),
    }
    try:
        made = Card.model_validate(facts)
    except ValidationError as problem:
        raise QuantizeError(f"{target}: {problem.errors(include_url=False)[0]['msg']}") from problem
    path = target.with_suffix(".json")
    path.write_text(card_json(made), encoding="utf-8")
    return path


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
