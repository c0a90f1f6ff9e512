"""A classifier of crops: what a box of a picture shows, as the load of a truck."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from detector.backends import Backend, open_backend
from detector.detections import Boxes, Scores
from detector.errors import ModelError
from detector.metadata import class_names, input_hw, literal
from streams.frame import Image

TASK = "classify"
DEFAULT_MARGIN = 0.06
"""Share of a box's sides that is added all around: what stands over the edge belongs to it."""
SUM_TOLERANCE = 0.01
MAX_BATCH = 16


@dataclass(frozen=True, slots=True)
class CropContract:
    """The crops that a classifier takes: height and width, and as many a run as `batch` says (None: any number).

    `squash` stretches a crop to that shape; otherwise its middle square is taken, as ultralytics' classifiers do.
    """

    class_names: tuple[str, ...]
    size_hw: tuple[int, int]
    batch: int | None
    squash: bool
    margin: float


class CropClassifier:
    """A loaded classifier. `scores` may be called from several threads at once."""

    def __init__(self, backend: Backend, contract: CropContract, identity: Mapping[str, Any]) -> None:
        self._backend = backend
        self._contract = contract
        self._identity = identity
        self._lut = (np.arange(256) / 255).astype(backend.inputs[0].dtype)

    @classmethod
    def load(
        cls,
        model_path: Path | str,
        *,
        threads: int | None = 1,
        backend: str = "onnxruntime",
        classes: Sequence[str] | None = None,
        sha256: str | None = None,
    ) -> CropClassifier:
        """Load an ONNX classifier and run it once.

        The file says of itself, in the keys of ultralytics' exports: `task` "classify", `names`, `imgsz`; and, where it
        differs from those, `fit` "squash" and `margin` (share of the box's sides, 0.06 unless told).
        `classes`, in that order, and `sha256` are what the caller expects, if it expects something.

        Raises ModelError: no such file, another hash, no classifier, other classes, or a shape that does not fit.
        """
        path = Path(model_path)
        found_sha256 = _check_hash(path, sha256)
        runtime = open_backend(backend, path, threads)
        contract = _contract(str(path), runtime)
        _check_classes(str(path), contract.class_names, classes)
        classifier = cls(runtime, contract, {"model": path.name, "sha256": found_sha256})
        classifier._try_out(str(path))
        return classifier

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores' columns."""
        return self._contract.class_names

    def describe(self) -> dict[str, Any]:
        """Model, classes and the device that computes, as plain JSON values."""
        return {
            **self._identity,
            **self._backend.describe(),
            "classes": list(self.class_names),
            "input_hw": list(self._contract.size_hw),
            "margin": self._contract.margin,
        }

    def scores(self, image: Image, xyxy: Boxes) -> Scores:
        """Scores float32 (N, C), each row adding up to 1, of boxes (N, 4) in pixels of a BGR picture (H, W, 3).

        A box may stand over the picture's edge; what lies outside of it is left out. Raises ValueError for arrays of
        another shape, and for a box that has no pixel in the picture.
        """
        _check_picture(image, xyxy)
        rows = [self._scores_of(image, xyxy[start : start + MAX_BATCH]) for start in range(0, len(xyxy), MAX_BATCH)]
        return np.concatenate([np.zeros((0, len(self.class_names)), np.float32), *rows])

    def _scores_of(self, image: Image, xyxy: Boxes) -> Scores:
        crops = np.stack([self._prepare(crop(image, box, self._contract.margin)) for box in xyxy])
        step = self._contract.batch or len(crops)
        outputs = [self._run(crops[start : start + step], step) for start in range(0, len(crops), step)]
        return np.concatenate(outputs).astype(np.float32, copy=False)

    def _run(self, crops: npt.NDArray[np.floating], rows: int) -> npt.NDArray[np.floating]:
        """Outputs of at most `rows` crops; a fixed batch is filled up with the last one."""
        padded = np.concatenate([crops, np.repeat(crops[-1:], rows - len(crops), axis=0)])
        return self._backend.run(padded)[0][: len(crops)]

    def _prepare(self, picture: Image) -> npt.NDArray[np.floating]:
        """A crop as the network's input (3, H, W): RGB, 0..1."""
        if not self._contract.squash:
            picture = _middle_square(picture)
        height, width = self._contract.size_hw
        scaled = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        planes: npt.NDArray[np.floating] = self._lut[scaled[..., ::-1].transpose(2, 0, 1)]
        return planes

    def _try_out(self, where: str) -> None:
        """Run on grey. Raises ModelError when what comes out are not scores of these classes."""
        crops = np.full((1, 3, *self._contract.size_hw), self._lut[114])
        try:
            output = self._run(crops, self._contract.batch or 1)
        except Exception as error:  # whatever the runtime raises: the model cannot be used
            line = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise ModelError(f"{where}: the model fails on its own input size ({line})") from error
        expected = 1, len(self.class_names)
        if output.shape != expected:
            found = "x".join(map(str, output.shape))
            raise ModelError(f"{where}: {len(self.class_names)} classes need an output of 1x{expected[1]}, got {found}")
        if output.min() < 0 or abs(float(output.sum()) - 1) > SUM_TOLERANCE:
            raise ModelError(f"{where}: the scores do not add up to 1: export the model with its softmax")


def crop(image: Image, box: npt.NDArray[np.floating], margin: float = DEFAULT_MARGIN) -> Image:
    """The part of a picture inside `box` (4,), xyxy in pixels, widened by `margin` of its sides; a view.

    Raises ValueError when nothing of the box lies in the picture.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = (float(edge) for edge in box)
    grow_x, grow_y = (right - left) * margin, (bottom - top) * margin
    columns = slice(max(int(left - grow_x), 0), min(int(right + grow_x) + 1, width))
    rows = slice(max(int(top - grow_y), 0), min(int(bottom + grow_y) + 1, height))
    if rows.start >= rows.stop or columns.start >= columns.stop or right <= left or bottom <= top:
        raise ValueError(f"box {[round(float(edge), 1) for edge in box]} has no pixel in a picture of {width}x{height}")
    return image[rows, columns]


def _middle_square(picture: Image) -> Image:
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def _check_picture(image: Image, xyxy: Boxes) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"picture: expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
    if xyxy.ndim != 2 or xyxy.shape[1] != 4 or not np.isfinite(xyxy).all():
        raise ValueError(f"boxes: expected finite numbers (N, 4), got {xyxy.shape}")


def _check_hash(path: Path, expected: str | None) -> str:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot read the model file ({error.strerror})") from error
    if expected is not None and found != expected:
        raise ModelError(f"{path}: sha256 is {found[:16]}..., {expected[:16]}... was expected: fetch the model again")
    return found


def _contract(where: str, backend: Backend) -> CropContract:
    facts = backend.metadata
    if facts.get("task") != TASK:
        raise ModelError(f"{where}: this model is for the task {facts.get('task', 'unknown')!r}; {TASK!r} is needed")
    spec = backend.inputs[0]
    declared = input_hw(where, literal(where, facts, "imgsz", None))
    if len(backend.inputs) != 1 or len(spec.shape) != 4 or spec.shape[1] not in (3, None) or declared is None:
        raise ModelError(f"{where}: a classifier takes one input (batch, 3, height, width) and states its 'imgsz'")
    if spec.dtype not in {"float32", "float16"} or spec.shape[2] not in (declared[0], None):
        raise ModelError(f"{where}: input {spec.dtype} {list(spec.shape)} does not fit 'imgsz' {list(declared)}")
    return CropContract(
        class_names=class_names(where, literal(where, facts, "names", None)),
        size_hw=declared,
        batch=spec.shape[0],
        squash=facts.get("fit") == "squash",
        margin=_margin(where, literal(where, facts, "margin", DEFAULT_MARGIN)),
    )


def _margin(where: str, margin: Any) -> float:
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin <= 1:
        raise ModelError(f"{where}: the metadata entry 'margin' must be a number from 0 to 1, got {margin!r}")
    return float(margin)


def _check_classes(where: str, found: Sequence[str], expected: Sequence[str] | None) -> None:
    if expected is not None and list(found) != list(expected):
        raise ModelError(f"{where}: its classes are {', '.join(found)}; {', '.join(expected)} are expected")
