"""Measuring a detector: mean average precision on a YOLO data set, and what of a reference's finds it finds.

Precision is measured as ultralytics measures it (see `models.predict`); agreement on the engine as it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from detector.boxes import iou
from detector.detections import Boxes, Detections, Ids
from detector.engine import Engine
from models.average_precision import Judged, judge, per_class
from models.classes import class_mapping
from models.errors import EvaluationError
from models.predict import Predictor
from streams.frame import Image

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")

Predict = Callable[[Image], Detections]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: its average precisions and its true boxes."""

    map50: float
    map50_95: float
    boxes: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one model on one data set; `missing`: the set's classes that the model does not know."""

    map50: float
    map50_95: float
    per_class: Mapping[str, ClassFigures]
    pictures: int
    boxes: int
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "missing": list(self.missing)}


@dataclass(frozen=True, slots=True)
class DataSet:
    """One split of a YOLO data set: its pictures, each with a label file or none, and its class names."""

    names: tuple[str, ...]
    pictures: tuple[Path, ...]

    def truth(self, picture: Path, size_wh: tuple[int, int]) -> tuple[Boxes, Ids]:
        """True boxes (M, 4) in pixels and class ids (M,). Raises EvaluationError when the file is no label file."""
        return read_labels(label_path(picture), size_wh)


def open_data_set(data_yaml: Path, split: str = "val") -> DataSet:
    """One split of the set that a YOLO `data.yaml` describes. Raises EvaluationError."""
    content = _read_yaml(data_yaml)
    names = content.get("names")
    listed = [names[key] for key in sorted(names)] if isinstance(names, dict) else names
    if not isinstance(listed, list) or not listed:
        raise EvaluationError(f"{data_yaml}: names: expected the list of classes")
    entries = content.get(split)
    entries = [entries] if isinstance(entries, str) else entries
    if not isinstance(entries, list) or not entries:
        raise EvaluationError(f"{data_yaml}: {split}: expected the folder of that split's pictures, or a list of them")
    folders = [_split_folder(data_yaml, content.get("path"), str(entry)) for entry in entries]
    pictures = tuple(path for folder in folders for path in sorted(folder.iterdir()) if _is_picture(path))
    if not pictures:
        raise EvaluationError(f"{data_yaml}: no pictures in {', '.join(map(str, folders))}")
    return DataSet(tuple(str(name) for name in listed), pictures)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise EvaluationError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise EvaluationError(f"{path}: not YAML: {' '.join(str(problem).split())}") from problem
    if not isinstance(content, dict):
        raise EvaluationError(f"{path}: expected a YOLO data set's keys (path, val, names)")
    return content


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _split_folder(data_yaml: Path, root: object, entry: str) -> Path:
    base = data_yaml.parent / str(root or ".")
    for folder in (base / entry, data_yaml.parent / entry):
        if folder.is_dir():
            return folder
    raise EvaluationError(f"{data_yaml}: no folder {base / entry}")


def label_path(picture: Path) -> Path:
    """Where YOLO keeps a picture's labels: the last folder called `images` becomes `labels`."""
    parts = list(picture.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def read_labels(path: Path, size_wh: tuple[int, int]) -> tuple[Boxes, Ids]:
    """Boxes (M, 4) in pixels and class ids (M,) of a YOLO label file; none when there is no such file."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()] if path.is_file() else []
    try:
        values = np.array([[float(value) for value in row] for row in rows], np.float64).reshape(len(rows), 5)
    except ValueError as problem:
        raise EvaluationError(f"{path}: expected lines of `class cx cy w h`") from problem
    values = np.unique(values, axis=0) if len(values) else values  # a box written twice is one box
    scale = np.array([*size_wh, *size_wh], np.float64)
    centre, half = values[:, 1:3], values[:, 3:5] / 2
    xyxy = (np.concatenate([centre - half, centre + half], axis=1) * scale).astype(np.float32)
    return xyxy, values[:, 0].astype(np.int64)


def evaluate(
    model: Path,
    data_yaml: Path,
    *,
    split: str = "val",
    threads: int | None = None,
    limit: int | None = None,
    backend: str = "onnxruntime",
) -> Evaluation:
    """Mean average precision of an ONNX detector on a YOLO data set, classes matched by name.

    Classes that only one side knows are left out, and those of the set are named in `missing`.
    Raises EvaluationError (data), detector.errors.ModelError (model).
    """
    data = open_data_set(data_yaml, split)
    predictor = Predictor(model, threads=threads, backend=backend)
    mapping = class_mapping(predictor.class_names, data.names)
    if not mapping:
        raise EvaluationError(f"{model.name} knows none of the set's classes: {', '.join(data.names)}")
    judged = [_judge_picture(predictor.predict, data, mapping, picture) for picture in data.pictures[:limit]]
    missing = tuple(name for index, name in enumerate(data.names) if index not in mapping.values())
    return summarise(judged, data.names, missing)


def summarise(judged: Sequence[Judged], names: Sequence[str], missing: Sequence[str]) -> Evaluation:
    """Figures of judged pictures; the mean is over the classes that have true boxes."""
    classes = {
        names[one.class_id]: ClassFigures(float(one.ap[0]), float(one.ap.mean()), one.truths)
        for one in per_class(judged)
    }
    return Evaluation(
        map50=_mean([figures.map50 for figures in classes.values()]),
        map50_95=_mean([figures.map50_95 for figures in classes.values()]),
        per_class=classes,
        pictures=len(judged),
        boxes=sum(figures.boxes for figures in classes.values()),
        missing=tuple(missing),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _judge_picture(predict: Predict, data: DataSet, mapping: Mapping[int, int], picture: Path) -> Judged:
    image = _read_picture(picture)
    truth_xyxy, truth_class = data.truth(picture, (image.shape[1], image.shape[0]))
    known = np.isin(truth_class, list(mapping.values()))
    return judge(_renamed(predict(image), mapping), truth_xyxy[known], truth_class[known])


def _renamed(found: Detections, mapping: Mapping[int, int]) -> Detections:
    shared = found.select(np.isin(found.class_id, list(mapping)))
    class_id = np.array([mapping[int(one)] for one in shared.class_id], np.int64)
    return Detections.untracked(shared.xyxy, shared.score, class_id)


def _read_picture(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise EvaluationError(f"{path}: not a picture")
    return np.asarray(image, np.uint8)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much of what a reference model finds surely another model finds too: counts of boxes, by class."""

    sought: Mapping[str, int]
    found: Mapping[str, int]

    @property
    def recall(self) -> float:
        """Share over all classes; 1 when nothing was sought."""
        total = sum(self.sought.values())
        return sum(self.found.values()) / total if total else 1.0


def agreement(
    reference: Engine,
    model: Engine,
    images: Iterator[Image],
    *,
    sure: float = 0.5,
    same_iou: float = 0.5,
    any_class: bool = False,
) -> Agreement:
    """Share of the reference's boxes above `sure` that the model (at its own threshold) has too, class by class.

    `any_class` takes another class for the same object: a van is often a car to one model and a truck to the other.
    """
    mapping = class_mapping(reference.class_names, model.class_names)
    sought = dict.fromkeys(model.class_names, 0)
    found = dict.fromkeys(model.class_names, 0)
    for image in images:
        wanted = _renamed(reference.detect([image])[0], mapping)
        wanted = wanted.select(wanted.score > sure)
        hit = _covered(wanted, model.detect([image])[0], same_iou, any_class=any_class)
        for class_id, is_hit in zip(wanted.class_id, hit, strict=True):
            sought[model.class_names[class_id]] += 1
            found[model.class_names[class_id]] += int(is_hit)
    return Agreement(sought, found)


def _covered(wanted: Detections, seen: Detections, same_iou: float, *, any_class: bool) -> list[bool]:
    if not len(wanted) or not len(seen):
        return [False] * len(wanted)
    close = iou(wanted.xyxy, seen.xyxy) >= same_iou
    if not any_class:
        close &= wanted.class_id[:, None] == seen.class_id[None, :]
    return [bool(row.any()) for row in close]
