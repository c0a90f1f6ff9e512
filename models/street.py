"""The street detector as a torch model: COCO's YOLO11n cut down to the street's classes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.classes import COCO_IDS, COUSIN_IDS, STREET_CLASSES
from models.errors import ModelsError
from models.extra import require_train_extra

if TYPE_CHECKING:
    import torch

COCO_CLASS_COUNT = 80
ARCHITECTURE = "yolo11n.yaml"
DOUBT = 4.6  # ln 100
NEVER = -20.0  # a logit: two in a thousand million
MIN_VARIANCE = 1e-6


def coco_start(weights: Path) -> Any:
    """YOLO11n with its 80 COCO classes, from a safetensors file with ultralytics' parameter names.

    Returns an `ultralytics.nn.tasks.DetectionModel` in float32. Raises ModelsError when the file is not such weights.
    """
    require_train_extra("loading COCO weights")
    from safetensors.torch import load_file  # noqa: PLC0415  # extra `train`
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # extra `train`

    if not weights.is_file():
        raise ModelsError(f"{weights}: no such file of COCO weights (safetensors)")
    build: Any = DetectionModel  # ultralytics carries no types
    model = build(ARCHITECTURE, nc=COCO_CLASS_COUNT, verbose=False)
    try:
        state = {name: tensor.float() for name, tensor in load_file(weights).items()}
        model.load_state_dict(state)
    except Exception as problem:
        first_line = str(problem).splitlines()[0]
        raise ModelsError(f"{weights}: not the weights of {ARCHITECTURE} with 80 classes: {first_line}") from problem
    return model


def keep_classes(model: Any, names: Sequence[str], rows: Sequence[int]) -> Any:
    """Cut the class outputs of a detect head down to `rows`, and call them `names`, in place.

    Only the last 1x1 convolution of each level loses outputs: every class's score stays what it was to the bit, and
    the hidden layers keep their width, so that COCO's weights fit. Returns the same model.
    """
    head = model.model[-1]
    for level in head.cv3:
        level[-1] = _rows_of(level[-1], rows)
    head.nc = len(names)
    head.no = head.nc + 4 * head.reg_max
    model.nc = head.nc
    model.names = dict(enumerate(names))
    model.yaml["nc"] = head.nc
    return model


def street_start(weights: Path) -> Any:
    """The street model before any training of ours, a checkpoint (`.pt`) of it to go on from, or an export of ours.

    Classes that COCO has keep COCO's scores; each other starts from its cousin's looks, with a hundredth of the odds.
    """
    if weights.suffix == ".pt":
        return _checkpoint(weights)
    if weights.suffix == ".onnx":
        return from_export(weights)
    ids = {**COUSIN_IDS, **COCO_IDS}
    model = keep_classes(coco_start(weights), STREET_CLASSES, [ids[name] for name in STREET_CLASSES])
    new = [row for row, name in enumerate(STREET_CLASSES) if name not in COCO_IDS]
    for level in model.model[-1].cv3:
        level[-1].bias.data[new] -= DOUBT
    return model


def _checkpoint(path: Path) -> Any:
    from models.export import load_checkpoint  # noqa: PLC0415  # the export needs nothing of this file

    model = load_checkpoint(path)
    names = tuple(model.names[index] for index in sorted(model.names))
    if names != STREET_CLASSES:
        raise ModelsError(f"{path}: expected the classes {', '.join(STREET_CLASSES)}; got {', '.join(names)}")
    return model


def from_export(weights: Path) -> Any:
    """The torch model of a float export of ours (`.onnx`, YOLO11n), in float32, with all the street's classes.

    Classes that the export lacks score nothing. Raises ModelsError when the file is not such an export.
    """
    import numpy as np  # noqa: PLC0415  # beside the imports that need it
    import onnx  # noqa: PLC0415  # extra `train`
    from onnx import numpy_helper  # noqa: PLC0415  # extra `train`

    graph = onnx.load(str(weights))
    stored = {entry.key: entry.value for entry in graph.metadata_props}
    values = {tensor.name: np.array(numpy_helper.to_array(tensor)) for tensor in graph.graph.initializer}
    try:
        names = {str(name): int(row) for row, name in ast.literal_eval(stored["names"]).items()}
        return _filled(values, names)
    except (KeyError, RuntimeError, ValueError, SyntaxError) as problem:
        raise ModelsError(f"{weights}: not a float export of {ARCHITECTURE}: {problem}") from problem


def _filled(values: Mapping[str, Any], names: Mapping[str, int]) -> Any:
    import torch  # noqa: PLC0415  # extra `train`
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  # extra `train`

    build: Any = DetectionModel  # ultralytics carries no types
    whole = build(ARCHITECTURE, nc=COCO_CLASS_COUNT, verbose=False)  # the head's width goes by COCO's classes
    model = keep_classes(whole, STREET_CLASSES, range(len(STREET_CLASSES)))
    last = {id(level[-1]) for level in model.model[-1].cv3}
    with torch.no_grad():
        for prefix, module in model.named_modules():
            if not isinstance(module, torch.nn.Conv2d) or prefix.endswith("dfl.conv"):
                continue
            weight, bias = (torch.from_numpy(values[f"{prefix}.{part}"]) for part in ("weight", "bias"))
            if id(module) in last:
                weight, bias = _spread(weight, bias, names)
            module.weight.copy_(weight)
            if module.bias is not None:
                module.bias.copy_(bias)
            else:
                _fold(model.get_submodule(f"{prefix.removesuffix('conv')}bn"), bias)
    return model


def _spread(weight: torch.Tensor, bias: torch.Tensor, names: Mapping[str, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """An export's class rows at the street's places; the rest never score."""
    import torch  # noqa: PLC0415  # extra `train`

    wide = torch.zeros(len(STREET_CLASSES), *weight.shape[1:])
    shift = torch.full((len(STREET_CLASSES),), NEVER)
    for name, row in names.items():
        wide[STREET_CLASSES.index(name)] = weight[row]
        shift[STREET_CLASSES.index(name)] = bias[row]
    return wide, shift


def _fold(layer: Any, bias: torch.Tensor) -> None:
    """A normalisation that only adds `bias`, as after folding it into the convolution."""
    layer.weight.fill_(1)
    layer.bias.copy_(bias)
    layer.running_mean.zero_()
    layer.running_var.fill_(1 - layer.eps)


def renormalise(model: Any, batches: Iterable[torch.Tensor], *, first_layer: int = 0) -> Any:
    """Give folded normalisation layers the statistics of pictures again, in place, without changing what they compute.

    Weights whose normalisation was folded into the convolutions (mean 0, variance 1, gain 1) train badly: nothing
    holds the layers' scales. With mean m and variance v of each layer's input over `batches` ((N, 3, H, W), 0..1), the
    same function is gain sqrt(v + eps) and bias b + m around statistics m and v, and can then be trained as usual.
    Layers before `first_layer` stay as they are, to the bit.
    """
    import torch  # noqa: PLC0415  # extra `train`

    trained = model.model[first_layer:]
    layers = [module for module in trained.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    sums: dict[Any, list[Any]] = {
        layer: [0, torch.zeros(layer.num_features), torch.zeros(layer.num_features)] for layer in layers
    }
    hooks = [layer.register_forward_pre_hook(_adder(sums[layer])) for layer in layers]
    model.eval()
    with torch.no_grad():
        for batch in batches:
            model(batch)
        for hook in hooks:
            hook.remove()
        for layer, (count, total, squares) in sums.items():
            _set_statistics(layer, total / max(count, 1), squares / max(count, 1))
    return model


def _adder(sums: list[Any]) -> Any:
    def add(_module: object, inputs: Any) -> None:
        values = inputs[0].float()
        sums[0] += values.numel() // values.shape[1]
        sums[1] += values.sum(dim=(0, 2, 3))
        sums[2] += values.square().sum(dim=(0, 2, 3))

    return add


def _set_statistics(layer: Any, mean: torch.Tensor, mean_square: torch.Tensor) -> None:
    """Around new statistics, the affine function that the layer was."""
    variance = (mean_square - mean.square()).clamp(min=MIN_VARIANCE)
    gain = layer.weight / (layer.running_var + layer.eps).sqrt()
    bias = layer.bias - gain * layer.running_mean
    layer.weight.copy_(gain * (variance + layer.eps).sqrt())
    layer.bias.copy_(bias + gain * mean)
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(variance)


def _rows_of(convolution: torch.nn.Conv2d, rows: Sequence[int]) -> torch.nn.Conv2d:
    import torch  # noqa: PLC0415  # extra `train`

    kept = torch.nn.Conv2d(convolution.in_channels, len(rows), kernel_size=1)
    kept.load_state_dict({name: value[list(rows)].clone() for name, value in convolution.state_dict().items()})
    return kept
