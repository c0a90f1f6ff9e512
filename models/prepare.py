"""A recipe's picture sets as one YOLO data set, with teachers' labels where a set has none.

Layout: for each set `SET/images/{train,val}/NAME.jpg`, `SET/labels/{train,val}/NAME.txt` and `SET/set.json` with what
it was made from and what it holds; above them `data.yaml` for ultralytics. A set's folder appears whole or not at all,
and one that was made from the same part of the recipe is taken as it is.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import yaml

from detector.boxes import iou
from detector.detections import Boxes, Detections
from models.classes import STREET_CLASSES, class_mapping
from models.errors import TrainingError
from models.recipe import PictureSet, Recipe, folder_of
from models.teacher import CocoTeacher, TeacherLabels, TeacherPolicy, consensus
from streams.frame import Image

SET_FILE = "set.json"
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")
PAINT = 114  # the grey of the letterbox: the network has learnt that nothing is there
JPEG_QUALITY = 92
QUICK_SIZE = 640
LONGEST_SIDE = 960  # larger pictures only cost time: training looks at fewer pixels than that

Teacher = Callable[[Image, bool], TeacherLabels]
"""A BGR picture, and whether a quick look will do."""


@dataclass(frozen=True, slots=True)
class SetReport:
    """What one set gave to one split."""

    name: str
    split: str
    pictures: int
    boxes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Known:
    """Folders of what people said of a set's pictures: boxes of things, and places where nothing is."""

    labels: Path | None
    refuted: Path | None


def coco_teachers(models: Sequence[Path], threads: int, policy: TeacherPolicy | None = None) -> Teacher:
    """Two COCO detectors as one teacher. Raises TrainingError when there are not two."""
    if len(models) != 2:
        raise TrainingError(f"expected two teachers, got {len(models)}: --teacher FIRST.onnx --teacher SECOND.onnx")
    careful = policy or TeacherPolicy()

    @cache
    def eyes(chosen: TeacherPolicy) -> list[CocoTeacher]:  # opened with the first picture that needs them
        return [CocoTeacher(model, chosen, threads) for model in models]

    def teach(image: Image, quick: bool) -> TeacherLabels:  # noqa: FBT001  # a callback's plain arguments
        chosen = replace(careful, image_size=QUICK_SIZE, mirror=False) if quick else careful
        first, second = eyes(chosen)
        return consensus(first.look(image), second.look(image), chosen)

    return teach


def nobody(_image: Image, _quick: bool) -> TeacherLabels:  # noqa: FBT001  # a callback's plain arguments
    """The teacher of sets that need none. Raises TrainingError when one does."""
    raise TrainingError(
        "a set whose labels are not complete needs teachers: --teacher FIRST.onnx --teacher SECOND.onnx"
    )


def prepare(
    recipe: Recipe, places: Mapping[str, Path], teacher: Teacher, target: Path, say: Callable[[str], None]
) -> Path:
    """Write the data set to the folder `target` and return its `data.yaml`. Raises TrainingError."""
    target.mkdir(parents=True, exist_ok=True)
    for part in recipe.sets:
        _prepare_set(part, recipe.seed, places, teacher, target / part.name, say)
    return _write_data_yaml(recipe, target)


def read_reports(folder: Path) -> list[SetReport]:
    """What one prepared set holds, a report a split."""
    rows = json.loads((folder / SET_FILE).read_text(encoding="utf-8"))["reports"]
    return [SetReport(**row) for row in rows]


def _prepare_set(
    part: PictureSet,
    seed: int,
    places: Mapping[str, Path],
    teacher: Teacher,
    folder: Path,
    say: Callable[[str], None],
) -> None:
    origin = {"seed": seed, **_origin(part)}
    if _is_made_from(folder, origin):
        say(f"{part.name}: already prepared")
        return
    draft = folder.with_name(f".{folder.name}.draft")
    for old in (draft, folder):
        shutil.rmtree(old, ignore_errors=True)
    reports = list(_write_set(part, seed, places, teacher, draft, say))
    content = {"origin": origin, "reports": [asdict(report) for report in reports]}
    (draft / SET_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder)


def _is_made_from(folder: Path, origin: Mapping[str, object]) -> bool:
    # What this version of the recipe's form adds, an older origin has at its default.
    try:
        stored = json.loads((folder / SET_FILE).read_text(encoding="utf-8"))["origin"]
        seed = stored.pop("seed")
        return bool({"seed": seed, **_origin(PictureSet.model_validate(stored))} == origin)
    except (OSError, ValueError, KeyError):
        return False


def _origin(part: PictureSet) -> dict[str, object]:
    """Everything of a set's part in the recipe that decides what its folder holds."""
    return part.model_dump(mode="json", exclude={"repeat"})


def _write_set(
    part: PictureSet, seed: int, places: Mapping[str, Path], teacher: Teacher, draft: Path, say: Callable[[str], None]
) -> Iterator[SetReport]:
    pictures = _pictures(part, seed, folder_of(part, part.images, places))
    folders = [folder_of(part, name, places) if name is not None else None for name in (part.labels, part.refuted)]
    known = Known(*folders)
    for split, members in _split(part, pictures):
        say(f"{part.name}: labelling {len(members)} pictures for {split}")
        report = _write_split(part, split, members, known, teacher, draft)
        say(f"{part.name}: {report.pictures} pictures for {split}, {dict(report.boxes)}")
        yield report


def _pictures(part: PictureSet, seed: int, folder: Path) -> list[Path]:
    pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not pictures:
        raise TrainingError(f"set {part.name}: no pictures in {folder}")
    random.Random(f"{seed}:{part.name}").shuffle(pictures)  # noqa: S311  # a draw, not a secret
    return pictures[: part.limit]


def _split(part: PictureSet, pictures: list[Path]) -> list[tuple[str, list[Path]]]:
    if part.split != "both":
        return [(part.split, pictures)]
    # Whole groups are held out: two pictures of one street, one in each split, would make training look too good.
    groups: dict[str, list[Path]] = {}
    for picture in pictures:
        groups.setdefault(_group(part, picture), []).append(picture)
    members = list(groups.values())
    held_out = max(round(len(members) * part.val_share), 1)
    return [
        ("val", [picture for group in members[:held_out] for picture in group]),
        ("train", [picture for group in members[held_out:] for picture in group]),
    ]


def _group(part: PictureSet, picture: Path) -> str:
    match = re.search(part.group, picture.stem) if part.group else None
    return match.group() if match else picture.stem


def _write_split(
    part: PictureSet, split: str, pictures: Sequence[Path], known: Known, teacher: Teacher, draft: Path
) -> SetReport:
    for kind in ("images", "labels"):
        (draft / kind / split).mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(STREET_CLASSES, 0)
    written = empty = 0
    for picture in pictures:
        image = _read(picture)
        boxes, painted = _label(part, picture, image, known, teacher)
        if not len(boxes):
            empty += 1
            if empty > part.without_objects * (written + 1):
                continue
        name = picture.stem
        cv2.imwrite(str(draft / "images" / split / f"{name}.jpg"), painted, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        (draft / "labels" / split / f"{name}.txt").write_text(yolo_lines(boxes, painted), encoding="ascii")
        written += 1
        for class_id in boxes.class_id:
            counts[STREET_CLASSES[class_id]] += 1
    return SetReport(part.name, split, written, counts)


def _read(picture: Path) -> Image:
    image = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if image is None:
        raise TrainingError(f"{picture}: not a picture")
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)


def _label(part: PictureSet, picture: Path, image: Image, known: Known, teacher: Teacher) -> tuple[Detections, Image]:
    own = read_yolo(known.labels / f"{picture.stem}.txt", part.names, image) if known.labels else _whole(part, image)
    if part.trust == "all":
        return own, image
    taught = teacher(image, part.quick_teachers)
    refuted = _refuted(known, picture, image)
    merged = merge_labels(own, _outside(taught.kept, refuted))
    return merged, paint_over(image, taught.doubtful, np.concatenate([merged.xyxy, refuted]))


def _refuted(known: Known, picture: Path, image: Image) -> Boxes:
    """Places (N, 4) of which a person said that nothing is there: neither labelled by teachers nor painted over."""
    file = known.refuted / f"{picture.stem}.txt" if known.refuted is not None else None
    lines = file.read_text(encoding="ascii").splitlines() if file is not None and file.is_file() else []
    try:
        values = np.array([[float(value) for value in line.split()] for line in lines], np.float32)
        return _corners(values.reshape(len(lines), 4), image)
    except ValueError as problem:
        raise TrainingError(f"{file}: expected lines of `cx cy w h`") from problem


def _corners(values: Boxes, image: Image) -> Boxes:
    """Pixels x1, y1, x2, y2 of centres and sizes in 0..1."""
    height, width = image.shape[:2]
    centre, half = values[:, :2], values[:, 2:] / 2
    scale = np.array([width, height, width, height], np.float32)
    corners: Boxes = (np.concatenate([centre - half, centre + half], axis=1) * scale).astype(np.float32)
    return corners


def _outside(taught: Detections, refuted: Boxes, same_iou: float = 0.4) -> Detections:
    if not len(taught) or not len(refuted):
        return taught
    return taught.select(iou(taught.xyxy, refuted).max(axis=1) < same_iou)


def _whole(part: PictureSet, image: Image) -> Detections:
    """The whole picture as one object, when the set's pictures are cut to their objects."""
    if part.whole is None:
        return Detections.empty()
    height, width = image.shape[:2]
    class_id = STREET_CLASSES.index(part.whole)
    return Detections.untracked(
        np.array([[0, 0, width, height]], np.float32), np.ones(1, np.float32), np.array([class_id])
    )


def merge_labels(own: Detections, taught: Detections, same_iou: float = 0.4) -> Detections:
    """A person's boxes, and the teachers' for everything that no person's box covers."""
    if not len(own):
        return taught
    new = taught.select(iou(taught.xyxy, own.xyxy).max(axis=1) < same_iou) if len(taught) else taught
    return Detections.untracked(
        np.concatenate([own.xyxy, new.xyxy]),
        np.concatenate([own.score, new.score]),
        np.concatenate([own.class_id, new.class_id]),
    )


def paint_over(image: Image, doubtful: Boxes, kept: Boxes) -> Image:
    """A copy with the doubtful boxes grey, except where they lie on a kept box."""
    painted = image.copy()
    for x0, y0, x1, y1 in _pixels(doubtful, image):
        painted[y0:y1, x0:x1] = PAINT
    for x0, y0, x1, y1 in _pixels(kept, image):
        painted[y0:y1, x0:x1] = image[y0:y1, x0:x1]
    return painted


def _pixels(boxes: Boxes, image: Image) -> list[list[int]]:
    height, width = image.shape[:2]
    limits = np.array([width, height, width, height])
    pixels: list[list[int]] = np.clip(np.round(boxes), 0, limits).astype(int).tolist()
    return pixels


def yolo_lines(boxes: Detections, image: Image) -> str:
    """Lines `class cx cy w h`, 0..1, clipped to the picture; boxes of no area inside it are left out."""
    height, width = image.shape[:2]
    lines = []
    for box, class_id in zip(boxes.xyxy, boxes.class_id, strict=True):
        x0, x1 = np.clip(box[[0, 2]], 0, width) / width
        y0, y1 = np.clip(box[[1, 3]], 0, height) / height
        if x1 > x0 and y1 > y0:
            lines.append(f"{class_id} {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}\n")
    return "".join(lines)


def read_yolo(path: Path, names: Sequence[str], image: Image) -> Detections:
    """A YOLO label file's boxes of our classes, score 1, in pixels of `image`; a missing file has none."""
    if not path.is_file():
        return Detections.empty()
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    try:
        values = np.array([[float(value) for value in row] for row in rows], np.float32).reshape(len(rows), 5)
    except ValueError as problem:
        raise TrainingError(f"{path}: expected lines of `class cx cy w h`") from problem
    mapping = class_mapping(names, STREET_CLASSES)
    values = values[np.array([int(row[0]) in mapping for row in values], np.bool_)]
    xyxy = _corners(values[:, 1:], image)
    classes = np.array([mapping[int(value)] for value in values[:, 0]], np.int64)
    return Detections.untracked(xyxy, np.ones(len(values), np.float32), classes)


def _write_data_yaml(recipe: Recipe, target: Path) -> Path:
    held = {part.name: {one.split for one in read_reports(target / part.name) if one.pictures} for part in recipe.sets}
    repeats = {part.name: part.repeat for part in recipe.sets}
    train = [f"{name}/images/train" for name, splits in held.items() if "train" in splits for _ in range(repeats[name])]
    if not train:
        raise TrainingError("no set gives pictures to train on")
    content = {
        "path": str(target.resolve()),
        "train": train,
        "val": [f"{name}/images/val" for name, splits in held.items() if "val" in splits] or train,
        "names": dict(enumerate(STREET_CLASSES)),
    }
    path = target / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
