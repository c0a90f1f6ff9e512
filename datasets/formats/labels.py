"""Labelled pictures in the form that every format is read into and written from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Xyxy = tuple[float, float, float, float]


class FormatError(Exception):
    """Labels cannot be read or written: one line that names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled thing: pixel edges x1, y1, x2, y2 (0 is the left or top edge of the first pixel)."""

    label: str
    xyxy: Xyxy

    def __post_init__(self) -> None:
        x1, y1, x2, y2 = self.xyxy
        if not (x1 < x2 and y1 < y2):
            raise FormatError(f"box of {self.label!r} needs x1 < x2 and y1 < y2, got {self.xyxy}")


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """A picture's file name (relative to the set's picture folder, with /), its size in pixels and its boxes."""

    name: str
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSet:
    """A set of labelled pictures; `classes` is in the order of the class numbers."""

    classes: tuple[str, ...]
    images: tuple[LabelledImage, ...]

    def __post_init__(self) -> None:
        _once("class", self.classes)
        _once("picture", tuple(image.name for image in self.images))
        unknown = {box.label for image in self.images for box in image.boxes} - set(self.classes)
        if unknown:
            raise FormatError(f"boxes of classes that the set does not have: {', '.join(sorted(unknown))}")


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was not taken over: where it was and why."""

    where: str
    why: str


def _once(what: str, names: tuple[str, ...]) -> None:
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise FormatError(f"{what} named twice: {', '.join(sorted(twice))}")


def box_or_reason(label: str, xyxy: Xyxy) -> Box | str:
    """A box, or why there is none."""
    try:
        return Box(label, xyxy)
    except FormatError as error:
        return str(error)


def write_whole(path: Path, data: str) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".part")
    fresh.write_text(data, "utf-8")
    fresh.replace(path)
