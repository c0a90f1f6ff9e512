"""What an Ultralytics export says of itself in its ONNX metadata."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detector.errors import ModelError


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """The metadata of an export that matter here. `end_to_end` None: the file does not say (older exports)."""

    class_names: tuple[str, ...]
    stride: int
    input_hw: tuple[int, int] | None
    end_to_end: bool | None


def read_facts(where: str, metadata: Mapping[str, str]) -> ExportFacts | None:
    """Facts of an Ultralytics export, or None when the file carries no such metadata.

    Raises ModelError when the file is an export for another task, or its metadata make no sense.
    """
    if "names" not in metadata and "task" not in metadata:
        return None
    task = metadata.get("task", "detect")
    if task != "detect":
        raise ModelError(f"{where}: this model is for the task {task!r}; a detect export is needed")
    arguments = literal(where, metadata, "args", {})
    declared = literal(where, metadata, "end2end", None)
    with_nms = bool(arguments.get("nms")) if isinstance(arguments, dict) else False
    return ExportFacts(
        class_names=class_names(where, literal(where, metadata, "names", None)),
        stride=_stride(where, literal(where, metadata, "stride", 32)),
        input_hw=input_hw(where, literal(where, metadata, "imgsz", None)),
        end_to_end=True if with_nms else declared if isinstance(declared, bool) else None,
    )


def literal(where: str, metadata: Mapping[str, str], key: str, default: Any) -> Any:
    """The Python literal of one entry, or `default` without it. Raises ModelError."""
    text = metadata.get(key)
    if text is None:
        return default
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ModelError(f"{where}: the metadata entry {key!r} cannot be read: {text[:60]!r}") from error


def class_names(where: str, names: Any) -> tuple[str, ...]:
    """The classes of an entry `names`, a list or a table by number. Raises ModelError."""
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list | tuple) or not names:
        raise ModelError(f"{where}: the metadata entry 'names' must list the classes 0..n-1, got {str(names)[:60]!r}")
    return tuple(str(name) for name in names)


def _stride(where: str, stride: Any) -> int:
    if not isinstance(stride, int | float) or not 1 <= stride <= 256:
        raise ModelError(f"{where}: the metadata entry 'stride' must be a number from 1 to 256, got {stride!r}")
    return int(stride)


def input_hw(where: str, imgsz: Any) -> tuple[int, int] | None:
    """Height and width of an entry `imgsz`; None without it. Raises ModelError."""
    if imgsz is None:
        return None
    sides = [imgsz, imgsz] if isinstance(imgsz, int) else list(imgsz) if isinstance(imgsz, list | tuple) else []
    if len(sides) != 2 or not all(isinstance(side, int) and side > 0 for side in sides):
        raise ModelError(f"{where}: the metadata entry 'imgsz' must be [height, width], got {imgsz!r}")
    return sides[0], sides[1]
