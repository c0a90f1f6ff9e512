"""The engine: pictures in, detections out, whatever YOLO export is behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.backends import Backend, TensorSpec, open_backend
from detector.buffers import BufferKey, BufferPool
from detector.detections import Detections
from detector.errors import ModelError
from detector.heads import Head, Output, decode, recognise
from detector.letterbox import InputBuffer, LetterboxPlan, plan_letterbox
from detector.metadata import ExportFacts, read_facts
from detector.nms import suppress
from streams.frame import Image

DEFAULT_INPUT_HW = (640, 640)
DEFAULT_SCORE_THRESHOLD = 0.25
DEFAULT_IOU_THRESHOLD = 0.7
"""Ultralytics' own default; rows of parked cars overlap a lot."""
DEFAULT_LIMIT = 300
USUAL_PICTURE_HW = (1080, 1920)
USUAL_STRIDE = 32
MAX_DYNAMIC_BATCH = 16
"""Pictures in one run of a model of dynamic batch: more only costs memory on a CPU."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is kept of a model's output: `score` above, suppressed over `iou`, at most `limit` a picture."""

    score: float = DEFAULT_SCORE_THRESHOLD
    iou: float = DEFAULT_IOU_THRESHOLD
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class InputContract:
    """The input that a model takes: at most `batch` pictures, exactly so many when `fixed_batch`."""

    size_hw: tuple[int, int]
    batch: int
    fixed_batch: bool
    rect: bool
    dtype: str


class Engine:
    """A loaded and warmed-up model.

    `detect` may be called from several threads at once: each call has input buffers of its own, and the weights are
    shared. With `threads=1` a core each is what such callers use.
    """

    def __init__(
        self,
        backend: Backend,
        head: Head,
        contract: InputContract,
        thresholds: Thresholds,
        *,
        identity: dict[str, Any],
        keep_classes: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self._backend = backend
        self._head = head
        self._contract = contract
        self._thresholds = thresholds
        self._identity = identity
        self._keep_classes = keep_classes
        self._buffers = BufferPool(self._make_buffer)

    @classmethod
    def load(
        cls,
        model_path: Path | str,
        *,
        backend: str = "onnxruntime",
        threads: int | None = None,
        score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        iou_threshold: float = DEFAULT_IOU_THRESHOLD,
        classes: Sequence[str] | None = None,
        rect: bool = True,
    ) -> Engine:
        """Load a model file, learn its head, and run it once so that the first real picture is not slow.

        `backend` is a name of `detector.backends.BACKENDS`, or `auto` for the best here (`describe` says which);
        `threads` are those of one inference, all cores when None. `classes` keeps only detections of these names.
        `rect` pads a picture no further than the model's stride where the model's size is dynamic, as ultralytics
        does: 384x640 instead of 640x640 for 16:9.

        Raises ModelError: no such file, not a model, another task, a shape or class that does not fit.
        """
        path = Path(model_path)
        sha256 = _sha256(path)
        runtime = open_backend(backend, path, threads)
        facts = read_facts(str(path), runtime.metadata)
        contract = _input_contract(str(path), runtime, facts, rect=rect)
        outputs = _warm_up(str(path), runtime, contract)
        head = recognise(str(path), facts, outputs, contract.batch if contract.fixed_batch else 1, contract.size_hw)
        return cls(
            runtime,
            head,
            contract,
            Thresholds(score_threshold, iou_threshold),
            identity={"model": path.name, "sha256": sha256, "backend_asked": backend},
            keep_classes=None if classes is None else _class_ids(str(path), head.class_names, classes),
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; `Detections.class_id` counts into them."""
        return self._head.class_names

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the model's input (the largest, where the size is dynamic)."""
        return self._contract.size_hw

    @property
    def max_batch(self) -> int:
        """Pictures that one run of the model takes; `detect` splits longer lists."""
        return self._contract.batch

    def describe(self) -> dict[str, Any]:
        """Model, head, sizes and the device that computes, as plain JSON values, for manifests and health."""
        return {
            **self._identity,
            **self._backend.describe(),
            "head": str(self._head.kind),
            "classes": list(self._head.class_names),
            "class_names_from": self._head.names_from,
            "input_hw": list(self._contract.size_hw),
            "rect": self._contract.rect,
            "batch": self._contract.batch,
            "dtype": self._contract.dtype,
            "score_threshold": self._thresholds.score,
            "iou_threshold": self._thresholds.iou,
        }

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Detect in BGR pictures (H, W, 3) uint8 of any sizes; one `Detections` for each, in their order.

        Pictures of like shape share a run of the model. Boxes are in pixels of each picture, not clipped to it.
        """
        for index, image in enumerate(images):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
                raise ValueError(f"picture {index}: expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
        plans = [self._plan(image) for image in images]
        results: list[Detections] = [Detections.empty()] * len(images)
        for group in _batches([plan.input_hw for plan in plans], self._contract.batch):
            outputs = self._run([images[index] for index in group], [plans[index] for index in group])
            for index, output in zip(group, outputs, strict=True):
                results[index] = self._interpret(output, plans[index])
        return results

    def _plan(self, image: Image) -> LetterboxPlan:
        return plan_letterbox(
            (image.shape[0], image.shape[1]),
            self._contract.size_hw,
            self._head.stride,
            centred=self._head.centred,
            rect=self._contract.rect,
        )

    def _run(self, images: Sequence[Image], plans: Sequence[LetterboxPlan]) -> list[Output]:
        rows = self._contract.batch if self._contract.fixed_batch else len(images)
        with self._buffers.lend((rows, plans[0].input_hw)) as buffer:
            for slot, (image, plan) in enumerate(zip(images, plans, strict=True)):
                buffer.write(slot, image, plan)
            return list(self._backend.run(buffer.array)[0][: len(images)])

    def _make_buffer(self, key: BufferKey) -> InputBuffer:
        rows, input_hw = key
        return InputBuffer(rows, input_hw, self._contract.dtype, rgb_unit=self._head.rgb_unit)

    def _interpret(self, output: Output, plan: LetterboxPlan) -> Detections:
        boxes, score, class_id = decode(self._head.kind, output, self._thresholds.score, plan.input_hw)
        if self._keep_classes is not None:
            wanted = np.isin(class_id, self._keep_classes)
            boxes, score, class_id = boxes[wanted], score[wanted], class_id[wanted]
        if self._head.needs_suppression:
            kept = suppress(boxes, score, class_id, self._thresholds.iou, self._thresholds.limit)
            boxes, score, class_id = boxes[kept], score[kept], class_id[kept]
        return Detections.untracked(plan.to_source(boxes), np.clip(score, 0, 1), class_id)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot read the model file ({error.strerror})") from error


def _input_contract(where: str, backend: Backend, facts: ExportFacts | None, *, rect: bool) -> InputContract:
    spec = _only_input(where, backend)
    batch, _channels, height, width = spec.shape
    dynamic_size = height is None or width is None
    declared = (facts.input_hw if facts is not None else None) or DEFAULT_INPUT_HW
    size_hw = (height or declared[0], width or declared[1])
    return InputContract(
        size_hw=size_hw,
        batch=batch or MAX_DYNAMIC_BATCH,
        fixed_batch=batch is not None,
        rect=rect and dynamic_size and facts is not None,
        dtype=spec.dtype,
    )


def _only_input(where: str, backend: Backend) -> TensorSpec:
    spec = backend.inputs[0] if len(backend.inputs) == 1 else None
    if (
        spec is None
        or len(spec.shape) != 4
        or spec.shape[1] not in (3, None)
        or spec.dtype not in {"float32", "float16"}
    ):
        found = ", ".join(f"{item.name} {item.dtype} {list(item.shape)}" for item in backend.inputs)
        raise ModelError(f"{where}: a detector takes one float input (batch, 3, height, width), got {found}")
    return spec


def _warm_up(where: str, backend: Backend, contract: InputContract) -> Sequence[Output]:
    rows = contract.batch if contract.fixed_batch else 1
    # Where pictures are padded to their own shape, that of most cameras: the memory planned now is what they will use.
    size_hw = plan_letterbox(USUAL_PICTURE_HW, contract.size_hw, USUAL_STRIDE, rect=contract.rect).input_hw
    grey = InputBuffer(rows, size_hw, contract.dtype, rgb_unit=True).array
    try:
        return backend.run(grey)
    except Exception as error:  # whatever the runtime raises: the model cannot be used
        line = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ModelError(f"{where}: the model fails on its own input size {list(grey.shape)} ({line})") from error


def _class_ids(where: str, known: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.int64]:
    missing = [name for name in wanted if name not in known]
    if missing:
        raise ModelError(f"{where}: the model has no class {', '.join(missing)}; it knows {', '.join(known)}")
    return np.array([known.index(name) for name in wanted], np.int64)


def _batches(keys: Sequence[tuple[int, int]], size: int) -> list[list[int]]:
    """Indices of equal keys together, at most `size` in a batch, in order of first appearance."""
    groups: dict[tuple[int, int], list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
