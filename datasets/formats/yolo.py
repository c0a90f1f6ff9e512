"""YOLO detection labels: one text file a picture, `class cx cy w h` as shares of the picture's size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from datasets.formats.labels import Box, Dropped, FormatError, LabelledImage, LabelSet, box_or_reason, write_whole
from datasets.formats.pictures import pictures_under, size_of


def write_yolo(labels: LabelSet, folder: Path) -> None:
    """Write `folder`/labels/NAME.txt for every picture (an empty file says: nothing here), and `folder`/data.yaml."""
    stems = [str(PurePosixPath(image.name).with_suffix("")) for image in labels.images]
    if len(set(stems)) < len(stems):
        raise FormatError(f"{folder}: YOLO names labels by the picture's stem, and two pictures share one")
    for stem, image in zip(stems, labels.images, strict=True):
        lines = [_line(labels.classes.index(box.label), box, image) for box in image.boxes]
        write_whole(folder / "labels" / f"{stem}.txt", "".join(lines))
    names = "".join(f"  {number}: {_quoted(name)}\n" for number, name in enumerate(labels.classes))
    write_whole(folder / "data.yaml", f"path: .\ntrain: images\nval: images\nnames:\n{names}")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _line(number: int, box: Box, image: LabelledImage) -> str:
    x1, y1, x2, y2 = box.xyxy
    values = (
        (x1 + x2) / 2 / image.width,
        (y1 + y2) / 2 / image.height,
        (x2 - x1) / image.width,
        (y2 - y1) / image.height,
    )
    return f"{number} {' '.join(repr(value) for value in values)}\n"


def read_yolo(images: Path, labels: Path, classes: Sequence[str]) -> tuple[LabelSet, tuple[Dropped, ...]]:
    """Read pictures and their label files; what lacks its other half and bad lines are dropped."""
    pictures = pictures_under(images)
    dropped: list[Dropped] = []
    items: list[LabelledImage] = []
    used: set[Path] = set()
    for name, path in pictures.items():
        file = labels / PurePosixPath(name).with_suffix(".txt")
        if not file.is_file():
            dropped.append(Dropped(name, "a picture without a label file"))
            continue
        used.add(file)
        width, height = size_of(path)
        boxes = _read_lines(file, tuple(classes), (width, height), dropped)
        items.append(LabelledImage(name, width, height, boxes))
    alone = sorted(file.relative_to(labels).as_posix() for file in set(labels.rglob("*.txt")) - used)
    dropped += [Dropped(name, "a label file without a picture") for name in alone]
    return LabelSet(tuple(classes), tuple(items)), tuple(dropped)


def _read_lines(file: Path, classes: tuple[str, ...], size: tuple[int, int], dropped: list[Dropped]) -> tuple[Box, ...]:
    boxes = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if line.strip():
            box = _read_line(line, classes, size)
            if isinstance(box, Box):
                boxes.append(box)
            else:
                dropped.append(Dropped(f"{file.name}:{number}", box))
    return tuple(boxes)


def _read_line(line: str, classes: tuple[str, ...], size: tuple[int, int]) -> Box | str:
    words = line.split()
    if len(words) != 5:
        return f"expected 5 numbers, got {len(words)}"
    try:
        number, (cx, cy, w, h) = int(words[0]), [float(word) for word in words[1:]]
    except ValueError as error:
        return f"not a number: {error}"
    if not 0 <= number < len(classes):
        return f"class {number} of {len(classes)}"
    x, y, half_w, half_h = cx * size[0], cy * size[1], w * size[0] / 2, h * size[1] / 2
    return box_or_reason(classes[number], (x - half_w, y - half_h, x + half_w, y + half_h))
