"""Heads: what a detector's output means. Recognised from metadata and shapes together; anything else is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from detector.coco import COCO_CLASS_NAMES
from detector.detections import Boxes, Ids, Scores
from detector.errors import ModelError
from detector.metadata import ExportFacts

YOLOX_STRIDES = (8, 16, 32)
YOLOX_CENTRE_LIMIT = 64.0
"""Undecoded centres are offsets of a few cells from the grid; decoded ones are pixels up to the input's size."""

Output = npt.NDArray[np.floating]
Candidates = tuple[Boxes, Scores, Ids]


class HeadKind(StrEnum):
    """`RAW`: (B, 4 + classes, N), centre and size in pixels, best class to be taken, NMS to be done.

    `END_TO_END`: (B, N, 6), corners in pixels, score, class; already suppressed (YOLOv10, YOLO26, or `nms=True`).
    `YOLOX`: (B, N, 5 + classes), offsets on a grid, objectness and class scores apart, NMS to be done.
    """

    RAW = "raw"
    END_TO_END = "end2end"
    YOLOX = "yolox"


@dataclass(frozen=True, slots=True)
class Head:
    """What the engine must know of a model beside its weights."""

    kind: HeadKind
    class_names: tuple[str, ...]
    names_from: str
    stride: int

    @property
    def rgb_unit(self) -> bool:
        """RGB in 0..1, or else BGR in 0..255."""
        return self.kind is not HeadKind.YOLOX

    @property
    def centred(self) -> bool:
        """The picture lies in the middle of the letterbox, or else in its upper left corner."""
        return self.kind is not HeadKind.YOLOX

    @property
    def needs_suppression(self) -> bool:
        return self.kind is not HeadKind.END_TO_END


def recognise(
    where: str, facts: ExportFacts | None, outputs: Sequence[Output], batch: int, input_hw: tuple[int, int]
) -> Head:
    """Tell the head from the file's facts and from the outputs of one run on a grey input of `input_hw`.

    Raises ModelError, naming the shape found and the shapes understood.
    """
    shapes = " and ".join("x".join(str(size) for size in output.shape) for output in outputs)
    if len(outputs) != 1 or outputs[0].ndim != 3 or outputs[0].shape[0] != batch:
        raise ModelError(f"{where}: a detector has one output of 3 dimensions, got {len(outputs)} ({shapes})")
    if facts is None:
        return _recognise_yolox(where, outputs[0], shapes, input_hw)
    return _recognise_export(where, facts, outputs[0], shapes)


def _recognise_export(where: str, facts: ExportFacts, output: Output, shapes: str) -> Head:
    classes = len(facts.class_names)
    raw = output.shape[1] == 4 + classes and facts.end_to_end is not True
    suppressed = output.shape[2] == 6 and not raw and facts.end_to_end is not False
    if raw == suppressed:
        raise ModelError(
            f"{where}: output {shapes} does not fit the {classes} classes of the file's metadata "
            f"(a raw head has {4 + classes} rows, an end-to-end head 6 columns)"
        )
    kind = HeadKind.RAW if raw else HeadKind.END_TO_END
    return Head(kind, facts.class_names, "metadata", facts.stride)


def _recognise_yolox(where: str, output: Output, shapes: str, input_hw: tuple[int, int]) -> Head:
    cells = len(_yolox_grid(input_hw)[0])
    if output.shape[1:] != (cells, 5 + len(COCO_CLASS_NAMES)):
        raise ModelError(
            f"{where}: no Ultralytics metadata and output {shapes} is not YOLOX's "
            f"{cells}x{5 + len(COCO_CLASS_NAMES)}: this engine does not know the model; export it with ultralytics"
        )
    if np.abs(output[0, :, :2].astype(np.float32)).max() > YOLOX_CENTRE_LIMIT:
        raise ModelError(f"{where}: a YOLOX file with decoded boxes; export it without --decode_in_inference")
    return Head(HeadKind.YOLOX, COCO_CLASS_NAMES, "coco, by convention: the file names none", max(YOLOX_STRIDES))


def decode(kind: HeadKind, output: Output, threshold: float, input_hw: tuple[int, int]) -> Candidates:
    """Boxes (N, 4) in pixels of the input, scores and classes above `threshold`, of one picture's output."""
    return DECODERS[kind](output, threshold, input_hw)


def _decode_raw(output: Output, threshold: float, _input_hw: tuple[int, int]) -> Candidates:
    # The threshold first, on one pass over the scores: of 8400 candidates a few dozen are left for all the rest.
    found = np.flatnonzero(output[4:].max(axis=0) > threshold)
    columns = output[:, found].astype(np.float32, copy=False)
    class_id = columns[4:].argmax(axis=0)
    return _corners(columns[:4].T), columns[4:].max(axis=0), class_id.astype(np.int64)


def _decode_end_to_end(output: Output, threshold: float, _input_hw: tuple[int, int]) -> Candidates:
    rows = output[output[:, 4] > threshold].astype(np.float32, copy=False)
    return rows[:, :4].copy(), rows[:, 4].copy(), rows[:, 5].astype(np.int64)


def _decode_yolox(output: Output, threshold: float, input_hw: tuple[int, int]) -> Candidates:
    score = output[:, 5:].max(axis=1) * output[:, 4]
    found = np.flatnonzero(score > threshold)
    rows = output[found].astype(np.float32, copy=False)
    cells, stride = _yolox_grid(input_hw)
    step = stride[found, None]
    centre, size = (rows[:, :2] + cells[found]) * step, np.exp(rows[:, 2:4]) * step
    class_id = rows[:, 5:].argmax(axis=1).astype(np.int64)
    return _corners(np.concatenate([centre, size], axis=1)), score[found].astype(np.float32), class_id


DECODERS: Mapping[HeadKind, Callable[[Output, float, tuple[int, int]], Candidates]] = {
    HeadKind.RAW: _decode_raw,
    HeadKind.END_TO_END: _decode_end_to_end,
    HeadKind.YOLOX: _decode_yolox,
}


def _corners(centre_size: npt.NDArray[np.float32]) -> Boxes:
    half = centre_size[:, 2:] / 2
    return np.concatenate([centre_size[:, :2] - half, centre_size[:, :2] + half], axis=1)


@lru_cache(maxsize=16)
def _yolox_grid(input_hw: tuple[int, int]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Cell of each of YOLOX's N outputs (N, 2) as x, y, and its stride (N,)."""
    cells, strides = [], []
    for stride in YOLOX_STRIDES:
        rows, columns = np.mgrid[: input_hw[0] // stride, : input_hw[1] // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full(rows.size, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
