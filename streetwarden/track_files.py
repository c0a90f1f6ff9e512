"""The files of the store of tracks: one a camera and hour, blocks appended one after another.

    DIR/CAMERA/2026-11-22T16.tracks     UTC hour of the pictures in it

A file begins with a magic; a block is its kind, its length and its CRC-32 (9 bytes), then its bytes. What a crash left
half-written at the end fails one of these and is cut off, by a reader for itself and by the next writer for good.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detector.replay import Case
from detector.seen import Began, Seen
from evidence.disk import Disk, replace_file
from streetwarden.track_codec import CodecError, decode, encode

MAGIC = b"SWTRACK1"
HEAD = struct.Struct("<cII")
BEGAN, LOOKS, FOUND = b"B", b"L", b"I"
SUFFIX = ".tracks"
LARGEST_BLOCK = 64 << 20
HOUR_FORMAT = "%Y-%m-%dT%H"
HOUR = timedelta(hours=1)


def hour_of(utc_ns: int) -> datetime:
    """The UTC hour in which a moment lies."""
    return datetime.fromtimestamp(utc_ns // 10**9, UTC).replace(minute=0, second=0, microsecond=0)


def hour_file(folder: Path, camera_id: str, hour: datetime) -> Path:
    """Where that camera's looks of that hour lie."""
    return folder / camera_id / f"{hour.strftime(HOUR_FORMAT)}{SUFFIX}"


def hour_of_file(path: Path) -> datetime | None:
    """The hour in a file's name; None for a file of another name."""
    try:
        return datetime.strptime(path.name.removesuffix(SUFFIX), HOUR_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def block(kind: bytes, content: bytes) -> bytes:
    """One block with its head."""
    return HEAD.pack(kind, len(content), zlib.crc32(content)) + content


def whole_blocks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Kind, content and end of every whole block, up to the first that is not."""
    if not data.startswith(MAGIC):
        return
    offset = len(MAGIC)
    while offset + HEAD.size <= len(data):
        kind, length, crc = HEAD.unpack_from(data, offset)
        begin, end = offset + HEAD.size, offset + HEAD.size + length
        if length > LARGEST_BLOCK or end > len(data) or zlib.crc32(data[begin:end]) != crc:
            return
        yield kind, data[begin:end], end
        offset = end


def cut_torn_tail(path: Path) -> None:
    """Leave a file with whole blocks only; one that has none goes. Nothing there is no error."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = max((end for _, _, end in whole_blocks(data)), default=0)
    if end == 0:
        path.unlink()
    elif end < len(data):
        with path.open("r+b") as file:
            file.truncate(end)


def compact(path: Path) -> None:
    """Write a finished hour anew with all looks of a watch in one block: a third smaller, and read twice as fast."""
    data = path.read_bytes()
    blocks, looks = [MAGIC], list[Seen]()
    for kind, content, _ in whole_blocks(data):
        if kind == LOOKS:
            looks += decode(content)
            continue
        if kind == BEGAN and looks:
            blocks.append(block(LOOKS, encode(looks)))
            looks = []
        blocks.append(block(kind, content))
    blocks += [block(LOOKS, encode(looks))] if looks else []
    replace_file(Disk(), path, b"".join(blocks))


def began_bytes(began: Began, *, goes_on: bool) -> bytes:
    """How a watch began; `goes_on`: it is the one of the hour before."""
    told: dict[str, Any] = {**asdict(began), "goes_on": goes_on}
    for name in ("active_s", "rest_s"):
        told[name] = None if told[name] == float("inf") else told[name]
    return json.dumps(told, separators=(",", ":")).encode()


def found_bytes(case: Case) -> bytes:
    """A case that the live watch found."""
    return json.dumps(asdict(case), separators=(",", ":")).encode()


class TrackArchive:
    """Reads what a worker stored. Broken blocks end their file and are otherwise nobody's trouble."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def camera_ids(self) -> list[str]:
        """Cameras that have a folder."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir()) if self._folder.is_dir() else []

    def hours(self, camera_id: str, since: datetime, until: datetime | None = None) -> list[Path]:
        """The files of the camera that can hold pictures from `since` to `until`, in their order."""
        folder = self._folder / camera_id
        named = [(hour_of_file(path), path) for path in folder.glob(f"*{SUFFIX}")] if folder.is_dir() else []
        return [
            path
            for hour, path in sorted(named, key=str)
            if hour and since - HOUR < hour and (until is None or hour < until)
        ]

    def story(self, path: Path, *, is_first: bool) -> Iterator[Began | Seen | Case]:
        """What one hour holds. A watch that goes on from the hour before is only told of where that was not read."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            # Its days were over a moment ago.
            return
        for kind, content, _ in whole_blocks(data):
            try:
                parts = list(_parts(kind, content, is_first=is_first))
            except (CodecError, ValueError, TypeError, KeyError):
                return
            yield from parts
            is_first = is_first and kind != BEGAN


def _parts(kind: bytes, content: bytes, *, is_first: bool) -> Iterator[Began | Seen | Case]:
    if kind == LOOKS:
        yield from decode(content)
    elif kind == FOUND:
        told = json.loads(content)
        case = Case(**told)
        yield replace(case, box_xyxy=tuple(told["box_xyxy"]), frame_size_wh=tuple(told["frame_size_wh"]))
    elif kind == BEGAN:
        told = json.loads(content)
        goes_on = told.pop("goes_on")
        if is_first or not goes_on:
            yield _began(told, resumed=told["resumed"] and not goes_on)


def _began(told: dict[str, Any], *, resumed: bool) -> Began:
    return Began(
        resumed=resumed,
        classes=tuple(told["classes"]),
        crop_classes=tuple(told["crop_classes"]),
        active_s=float("inf") if told["active_s"] is None else told["active_s"],
        rest_s=float("inf") if told["rest_s"] is None else told["rest_s"],
    )
