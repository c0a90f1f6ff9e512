"""Looks as bytes: what judges saw of many pictures, column by column, as differences, and compressed.

Neighbouring looks at one track differ by little, so every column is sorted by track, kept as differences in the
smallest integers that hold them, and left to zlib. Nothing is lost: `detector.seen` has rounded boxes and scores.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.boxes import Box
from detector.seen import BOX_STEPS, SCORE_STEPS, Seen
from detector.tracking.track import TrackView

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
COLUMN = struct.Struct("<BI")
LEVEL = 6
TYPES = {code: np.dtype(f"<i{code}") for code in (1, 2, 4, 8)}
OPTIONAL_TIMES = ("still_since_pts_ns", "left_pts_ns")
SEEN, HELD, SEEN_NOW, HELD_NOW, HAS_BOX = (1 << bit for bit in range(5))
FIRST_TIME_BIT = 5
NO_BOX: Box = (0.0, 0.0, 0.0, 0.0)


class CodecError(ValueError):
    """Bytes that are no looks of this version."""


def encode(looks: Sequence[Seen]) -> bytes:
    """The looks, in their order, as one compressed block."""
    rows = [(look, track) for look in looks for track in look.tracks]
    names = sorted({track.class_name for _, track in rows})
    told = {"classes": names, "crops": _crops(looks)}
    text = json.dumps(told, separators=(",", ":")).encode()
    packed = [*_look_columns(looks), *_track_columns(rows, names)]
    return zlib.compress(b"".join([struct.pack("<I", len(text)), text, *map(_pack, packed)]), LEVEL)


def decode(block: bytes) -> list[Seen]:
    """The looks of a block. Raises CodecError."""
    try:
        data = zlib.decompress(block)
        (length,) = struct.unpack_from("<I", data)
        told = json.loads(data[4 : 4 + length])
        columns = _unpack(data, 4 + length)
        return _looks(columns, told)
    except (zlib.error, struct.error, ValueError, StopIteration, KeyError, IndexError) as error:
        raise CodecError(f"no looks of this version: {error}") from None


def _crops(looks: Sequence[Seen]) -> dict[str, Any]:
    """By index of the look and id of the track, the scores in steps."""
    return {
        str(index): {
            str(track_id): {name: round(score * SCORE_STEPS) for name, score in row.items()}
            for track_id, row in look.crop_scores.items()
        }
        for index, look in enumerate(looks)
        if look.crop_scores
    }


def _look_columns(looks: Sequence[Seen]) -> list[Ints]:
    pts = _ints([look.pts_ns for look in looks])
    since = [0 if look.since_pts_ns is None else look.pts_ns - look.since_pts_ns for look in looks]
    return [
        _diff(pts),
        _diff(_ints([look.captured_at_ns for look in looks]) - pts),
        _diff(_ints([look.frame_size_wh[0] for look in looks])),
        _diff(_ints([look.frame_size_wh[1] for look in looks])),
        _ints([look.is_fit + 2 * (look.since_pts_ns is not None) for look in looks]),
        _ints(since),
        _ints([len(look.tracks) for look in looks]),
    ]


def _track_columns(rows: Sequence[tuple[Seen, TrackView]], names: Sequence[str]) -> Iterator[Ints]:
    tracks = [track for _, track in rows]
    ids = _ints([track.track_id for track in tracks])
    order = _order(ids)
    flags = _ints([_flags(look, track) for look, track in rows])[order]
    yield _diff(ids)
    yield flags
    yield _diff(_ints([names.index(track.class_name) for track in tracks])[order])
    yield _diff(_ints([track.first_seen_pts_ns for track in tracks])[order])
    yield _diff(_ints([track.last_seen_pts_ns for track in tracks])[order][flags & SEEN_NOW == 0])
    yield _diff(_ints([track.held_pts_ns for track in tracks])[order][flags & HELD_NOW == 0])
    for bit, name in enumerate(OPTIONAL_TIMES, FIRST_TIME_BIT):
        yield _diff(_ints([getattr(track, name) or 0 for track in tracks])[order][flags & (1 << bit) != 0])
    yield _diff(_steps([track.score for track in tracks], SCORE_STEPS)[order])
    yield _diff(_steps([track.mean_score for track in tracks], SCORE_STEPS)[order])
    for side in range(4):
        yield _diff(_steps([track.xyxy[side] for track in tracks], BOX_STEPS)[order])
    still = [NO_BOX if track.still_xyxy is None else track.still_xyxy for track in tracks]
    for side in range(4):
        yield _diff(_steps([box[side] for box in still], BOX_STEPS)[order][flags & HAS_BOX != 0])


def _flags(look: Seen, track: TrackView) -> int:
    flags = SEEN * track.seen | HELD * track.held | HAS_BOX * (track.still_xyxy is not None)
    flags |= SEEN_NOW * (track.last_seen_pts_ns == look.pts_ns) | HELD_NOW * (track.held_pts_ns == look.pts_ns)
    for bit, name in enumerate(OPTIONAL_TIMES, FIRST_TIME_BIT):
        flags |= int(getattr(track, name) is not None) << bit
    return flags


def _looks(columns: Iterator[Ints], told: Mapping[str, Any]) -> list[Seen]:
    pts = next(columns).cumsum()
    captured = next(columns).cumsum() + pts
    widths, heights, state, since, counts = (
        next(columns).cumsum(), next(columns).cumsum(), next(columns), next(columns), next(columns)
    )  # fmt: skip
    tracks = _tracks(columns, np.repeat(pts, counts), told["classes"])
    ends = counts.cumsum()
    crops = {
        int(index): {
            int(track_id): {name: steps / SCORE_STEPS for name, steps in row.items()} for track_id, row in rows.items()
        }
        for index, rows in told["crops"].items()
    }
    lists = (column.tolist() for column in (pts, captured, widths, heights, state, pts - since, ends - counts, ends))
    return [
        Seen(
            *(at, taken, (width, height)),
            is_fit=bool(flag & 1),
            since_pts_ns=begun if flag & 2 else None,
            tracks=tracks[begin:end],
            crop_scores=crops.get(index, {}),
        )
        for index, (at, taken, width, height, flag, begun, begin, end) in enumerate(zip(*lists, strict=True))
    ]


def _tracks(columns: Iterator[Ints], pts: Ints, names: Sequence[str]) -> tuple[TrackView, ...]:
    """Every track of every look; `pts` (N,) are the times of their looks."""
    ids = next(columns).cumsum()
    back = np.argsort(_order(ids), kind="stable")
    flags = next(columns)
    classes, first = next(columns).cumsum(), next(columns).cumsum()
    now = pts[_order(ids)]
    last = _filled(now, flags & SEEN_NOW == 0, next(columns))
    held = _filled(now, flags & HELD_NOW == 0, next(columns))
    times = [
        _optional(next(columns), flags & (1 << bit) != 0, back) for bit, _ in enumerate(OPTIONAL_TIMES, FIRST_TIME_BIT)
    ]
    score, mean = next(columns).cumsum() / SCORE_STEPS, next(columns).cumsum() / SCORE_STEPS
    boxes = np.stack([next(columns).cumsum() for _ in range(4)], axis=1) / BOX_STEPS
    has_box = flags & HAS_BOX != 0
    still = np.stack([_filled(np.zeros_like(flags), has_box, next(columns)) for _ in range(4)], axis=1) / BOX_STEPS
    still_boxes = [
        (*box,) if there else None
        for box, there in zip(still[back].tolist(), has_box[back].tolist(), strict=True)
    ]  # fmt: skip
    lists = [column[back].tolist() for column in (flags & SEEN != 0, flags & HELD != 0, first, last, held)]
    named = [names[index] for index in classes[back].tolist()]
    shown = [(*box,) for box in boxes[back].tolist()]
    scores = score[back].tolist(), mean[back].tolist()
    values = zip(ids.tolist(), named, *lists, shown, *scores, times[0], still_boxes, times[1], strict=True)
    return tuple(TrackView(*value) for value in values)


def _optional(differences: Ints, there: Flags, back: Ints) -> list[int | None]:
    values = _filled(np.zeros(len(there), np.int64), there, differences)[back].tolist()
    return [value if known else None for value, known in zip(values, there[back].tolist(), strict=True)]


def _filled(values: Ints, where: Flags, differences: Ints) -> Ints:
    """`values` with those `where` replaced by the sums of their differences."""
    filled = values.copy()
    filled[where] = differences.cumsum()
    return filled


def _order(ids: Ints) -> Ints:
    return np.argsort(ids, kind="stable")


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64)


def _steps(values: Sequence[float], steps: int) -> Ints:
    return np.round(np.array(values, np.float64) * steps).astype(np.int64)


def _diff(values: Ints) -> Ints:
    return np.diff(values, prepend=0)


def _pack(values: Ints) -> bytes:
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    code = next(code for code in TYPES if -(1 << (8 * code - 1)) <= low and high < 1 << (8 * code - 1))
    raw = values.astype(TYPES[code])
    # Byte by byte of all values: the high bytes of small numbers are long runs of the same.
    planes = raw.view(np.uint8).reshape(-1, code).T.tobytes()
    return COLUMN.pack(code, len(values)) + planes


def _unpack(data: bytes, offset: int) -> Iterator[Ints]:
    while offset < len(data):
        code, count = COLUMN.unpack_from(data, offset)
        offset += COLUMN.size
        planes = np.frombuffer(data, np.uint8, code * count, offset).reshape(code, count)
        yield np.ascontiguousarray(planes.T).view(TYPES[code]).reshape(-1).astype(np.int64)
        offset += code * count
