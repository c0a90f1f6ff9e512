"""The sizes of pictures, from their headers alone."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from datasets.formats.labels import FormatError

SUFFIXES = (".jpg", ".jpeg", ".png")
_NO_SIZE = {0x01, *range(0xD0, 0xDA)}
_FRAME_STARTS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a JPEG or PNG file, as stored (ISO/IEC 10918-1 B.2.2, ISO/IEC 15948 11.2.2)."""
    try:
        with path.open("rb") as file:
            head = file.read(26)
            if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
                return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
            if head[:2] == b"\xff\xd8":
                return _jpeg_size(file, path)
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    raise FormatError(f"{path}: neither JPEG nor PNG")


def _jpeg_size(file: BinaryIO, path: Path) -> tuple[int, int]:
    file.seek(2)
    while (mark := file.read(2)) and len(mark) == 2 and mark[0] == 0xFF:
        if mark[1] in _NO_SIZE:
            continue
        if mark[1] == 0xFF:  # fill byte before a marker
            file.seek(-1, 1)
            continue
        segment = file.read(7)
        if mark[1] in _FRAME_STARTS and len(segment) == 7:
            return int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[3:5], "big")
        file.seek(int.from_bytes(segment[:2], "big") - 7, 1)
    raise FormatError(f"{path}: a JPEG without a frame header")


def pictures_under(folder: Path) -> dict[str, Path]:
    """Every picture below a folder, by its name relative to it."""
    if not folder.is_dir():
        raise FormatError(f"{folder}: no such folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return {path.relative_to(folder).as_posix(): path for path in found}
