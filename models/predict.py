"""A detector's answers for measuring it: every class of every candidate, not only the best one.

The engine gives one class a box, as use wants it. A precision-recall curve wants more: a lorry that is bus 0.5 and
truck 0.4 is a right answer for one class and a wrong one for the other, and ultralytics' validation counts both. Input
size and padding are those of that validation too (8.4), so that the figures can be compared.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.backends import Backend, open_backend
from detector.detections import Detections
from detector.errors import ModelError
from detector.heads import Head, HeadKind, decode, recognise
from detector.letterbox import InputBuffer, LetterboxPlan
from detector.metadata import read_facts
from detector.nms import suppress
from streams.frame import Image

DEFAULT_SIDE = 640
SCORE_THRESHOLD = 0.001
IOU_THRESHOLD = 0.7
MAX_DETECTIONS = 300
EXTRA_STRIDES = 0.5
"""Ultralytics' validation pads a picture by half a stride more than it needs where the size is dynamic."""


class Predictor:
    """An ONNX detector opened for measuring."""

    def __init__(
        self,
        model: Path,
        *,
        threads: int | None = None,
        score_threshold: float = SCORE_THRESHOLD,
        backend: str = "onnxruntime",
    ) -> None:
        """Raise detector.errors.ModelError when the file is not a detector that the engine knows."""
        self._backend = open_backend(backend, model, threads)
        self._threshold = score_threshold
        facts = read_facts(str(model), self._backend.metadata)
        spec = self._backend.inputs[0]
        height, width = (size if isinstance(size, int) else None for size in spec.shape[2:4])
        declared = (facts.input_hw if facts else None) or (DEFAULT_SIDE, DEFAULT_SIDE)
        self._size_hw = (height or declared[0], width or declared[1])
        self._dynamic = height is None or width is None
        self._batch = spec.shape[0] or 1
        self._dtype = spec.dtype
        self.head = self._learn_head(model, self._backend)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; `Detections.class_id` counts into them."""
        return self.head.class_names

    def predict(self, image: Image) -> Detections:
        """Every class of every box of a BGR picture (H, W, 3) above the threshold, clipped to the picture."""
        plan = self._plan((image.shape[0], image.shape[1]))
        buffer = InputBuffer(self._batch, plan.input_hw, self._dtype, rgb_unit=self.head.rgb_unit)
        buffer.write(0, image, plan)
        output = self._backend.run(buffer.array)[0][0]
        found = self._decode(np.asarray(output, np.float32), plan)
        limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
        xyxy = np.clip(plan.to_source(found.xyxy), 0, limits).astype(np.float32)
        return Detections.untracked(xyxy, found.score, found.class_id)

    def _learn_head(self, model: Path, backend: Backend) -> Head:
        facts = read_facts(str(model), backend.metadata)
        grey = InputBuffer(self._batch, self._size_hw, self._dtype, rgb_unit=True).array
        try:
            outputs = backend.run(grey)
        except Exception as problem:  # whatever the runtime raises: the model cannot be used
            raise ModelError(f"{model}: the model fails on its own input size {list(grey.shape)}") from problem
        return recognise(str(model), facts, outputs, self._batch, self._size_hw)

    def _plan(self, source_hw: tuple[int, int]) -> LetterboxPlan:
        ratio = min(self._size_hw[0] / source_hw[0], self._size_hw[1] / source_hw[1])
        scaled = (
            min(math.ceil(source_hw[0] * ratio), self._size_hw[0]),
            min(math.ceil(source_hw[1] * ratio), self._size_hw[1]),
        )
        if not self.head.centred:
            return LetterboxPlan(source_hw, self._size_hw, scaled, 0, 0)
        input_hw = self._padded(source_hw) if self._dynamic else self._size_hw
        top = round((input_hw[0] - scaled[0]) / 2 - 0.1)
        left = round((input_hw[1] - scaled[1]) / 2 - 0.1)
        return LetterboxPlan(source_hw, input_hw, scaled, top, left)

    def _padded(self, source_hw: tuple[int, int]) -> tuple[int, int]:
        longest = max(source_hw)
        stride, side = self.head.stride, max(self._size_hw)
        height, width = (math.ceil(edge / longest * side / stride + EXTRA_STRIDES) * stride for edge in source_hw)
        return height, width

    def _decode(self, output: npt.NDArray[np.float32], plan: LetterboxPlan) -> Detections:
        if self.head.kind is not HeadKind.RAW:
            found = Detections.untracked(*decode(self.head.kind, output, self._threshold, plan.input_hw))
        else:
            found = _every_class(output, self._threshold)
        if not self.head.needs_suppression:
            return found
        return found.select(suppress(found.xyxy, found.score, found.class_id, IOU_THRESHOLD, MAX_DETECTIONS))


def _every_class(output: npt.NDArray[np.float32], threshold: float) -> Detections:
    """One detection for each class score above `threshold` of a raw head's output (4 + classes, N)."""
    class_id, anchor = np.nonzero(output[4:] > threshold)
    order = np.lexsort((class_id, anchor))  # candidate by candidate, as ultralytics lists them: ties keep their order
    class_id, anchor = class_id[order], anchor[order]
    centre, half = output[:2, anchor].T, output[2:4, anchor].T / 2
    xyxy = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return Detections.untracked(xyxy, output[4 + class_id, anchor].astype(np.float32), class_id.astype(np.int64))
