"""The street detector as a torch model: COCO's YOLO11n cut down to the street's classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.classes import COCO_IDS, STREET_CLASSES
from models.errors import ModelsError
from models.extra import require_train_extra

if TYPE_CHECKING:
    import torch

COCO_CLASS_COUNT = 80
ARCHITECTURE = "yolo11n.yaml"


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
    """The street model before any training of ours: COCO's scores for `STREET_CLASSES`, in that order."""
    return keep_classes(coco_start(weights), STREET_CLASSES, [COCO_IDS[name] for name in STREET_CLASSES])


def _rows_of(convolution: torch.nn.Conv2d, rows: Sequence[int]) -> torch.nn.Conv2d:
    import torch  # noqa: PLC0415  # extra `train`

    kept = torch.nn.Conv2d(convolution.in_channels, len(rows), kernel_size=1)
    kept.load_state_dict({name: value[list(rows)].clone() for name, value in convolution.state_dict().items()})
    return kept
