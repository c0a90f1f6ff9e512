"""The pictures of a decision: stills of its sealed packages, cut to the surroundings of the alleged thing.

Only the surroundings are taken: of what else is in the picture nobody said anything, and what is not labelled counts as
background in training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cv2
import numpy as np
import numpy.typing as npt

from datasets.feedback.decisions import Decision, Lesson
from datasets.formats.labels import Box, Dropped, Xyxy

STILLS = ("panorama_first", "panorama_confirmed")
SURROUNDINGS = 3.0  # sides of the cut-out, in sides of the thing
SMALLEST_CUT = 320  # pixels
MAX_MANIFEST_BYTES = 4 << 20
NS = 1_000_000_000

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Example:
    """One picture to learn from: `boxes` are in it, `refuted` places hold nothing; pixels of the picture.

    `place` and `day` name what must not lie on both sides of a split: the same corner in the same light.
    """

    name: str
    camera_id: str
    place: str
    day: str
    lesson: Lesson
    image: Pixels
    boxes: tuple[Box, ...]
    refuted: tuple[Xyxy, ...]


class Unusable(Exception):
    """A package or a picture of it cannot be learnt from; the text says why."""


def examples_of(decision: Decision, packages: Path, dropped: list[Dropped]) -> Iterator[Example]:
    """Examples of one decision from the folder `packages` (one folder a package); what is left out goes to `dropped`.

    A still must have the hash that its manifest states; whether the manifest is authentic, `streetwarden verify` says.
    """
    found = False
    for package_id in decision.package_ids:
        try:
            manifest = _manifest(packages, package_id)
            for still in _stills(manifest):
                yield _example(decision, manifest, still, packages / package_id)
                found = True
        except Unusable as problem:
            dropped.append(Dropped(f"case {decision.case_id}: package {package_id}", str(problem)))
    if not found:
        dropped.append(Dropped(f"case {decision.case_id}", "no picture to learn from"))


def _manifest(packages: Path, package_id: str) -> Mapping[str, Any]:
    if not package_id.isalnum():
        raise Unusable("not the id of a package")
    path = packages / package_id / "manifest.json"
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise Unusable(f"its manifest is larger than {MAX_MANIFEST_BYTES} bytes")
        manifest = json.loads(path.read_bytes())
    except OSError as error:
        raise Unusable(f"manifest.json: {error.strerror}") from error
    except ValueError as error:
        raise Unusable(f"manifest.json: not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise Unusable("manifest.json: not an object")
    return manifest


def _stills(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        stills = [entry for entry in manifest["files"] if entry.get("purpose") in STILLS and entry["crop_xyxy"] is None]
    except (KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"manifest.json: files: {type(error).__name__} {error}") from error
    if not stills:
        raise Unusable(f"no still of {' or '.join(STILLS)}")
    return stills


def _example(decision: Decision, manifest: Mapping[str, Any], still: Mapping[str, Any], folder: Path) -> Example:
    image = _read(folder, still)
    try:
        alleged = _alleged(manifest["subject"], int(still["pts_ns"]), (image.shape[1], image.shape[0]))
        camera = manifest["camera"]
        day = _day(int(still["at_ns"]), camera.get("timezone"))
        thing = Box(str(manifest["subject"]["class_name"]), alleged)
        name = f"{decision.case_id}-{manifest['package_id'][:8]}-{still['purpose']}"
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Unusable(f"manifest.json: {type(error).__name__} {error}") from error
    boxes, refuted = _truth(decision, thing)
    window = surroundings([alleged, *(box.xyxy for box in boxes)], (image.shape[1], image.shape[0]))
    x1, y1, x2, y2 = window
    return Example(
        name=name,
        camera_id=decision.camera_id,
        place=str(camera.get("place") or decision.camera_id),
        day=day,
        lesson=decision.lesson,
        image=np.ascontiguousarray(image[y1:y2, x1:x2]),
        boxes=tuple(moved for box in boxes if (moved := _moved(box, window)) is not None),
        refuted=tuple(_shifted(place, window) for place in refuted),
    )


def _truth(decision: Decision, thing: Box) -> tuple[tuple[Box, ...], tuple[Xyxy, ...]]:
    if decision.lesson is Lesson.PRESENT:
        return (thing,), ()
    if decision.lesson is Lesson.ABSENT:
        return (), (thing.xyxy,)
    return decision.boxes, () if decision.boxes else (thing.xyxy,)


def _read(folder: Path, still: Mapping[str, Any]) -> Pixels:
    path = (folder / str(still["path"])).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise Unusable(f"{still['path']}: outside of the package")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{still['path']}: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != still.get("sha256"):
        raise Unusable(f"{still['path']}: not the bytes that the manifest states")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise Unusable(f"{still['path']}: not a picture")
    return np.asarray(image, np.uint8)


def _alleged(subject: Mapping[str, Any], pts_ns: int, size_wh: tuple[int, int]) -> Xyxy:
    """Where the thing was at a time, in pixels of a picture of `size_wh`."""
    positions = subject["positions"]
    nearest = min(positions, key=lambda one: abs(int(one["pts_ns"]) - pts_ns)) if positions else None
    box = nearest["xyxy"] if nearest is not None else subject["box_xyxy"]
    width, height = subject["frame_size_wh"]
    scale_x, scale_y = size_wh[0] / width, size_wh[1] / height
    return box[0] * scale_x, box[1] * scale_y, box[2] * scale_x, box[3] * scale_y


def _day(at_ns: int, timezone: str | None) -> str:
    try:
        zone = ZoneInfo(timezone) if timezone else UTC
    except (ZoneInfoNotFoundError, ValueError):
        zone = UTC
    return datetime.fromtimestamp(at_ns / NS, zone).date().isoformat()


def surroundings(things: list[Xyxy], size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Whole pixels x1, y1, x2, y2 around all the things, as wide as `SURROUNDINGS` says, within the picture."""
    edges = np.array(things)
    low, high = edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)
    half = np.maximum((high - low) * SURROUNDINGS / 2, SMALLEST_CUT / 2)
    centre = (low + high) / 2
    x1, y1 = np.floor(np.maximum(centre - half, 0)).astype(int)
    x2, y2 = np.ceil(np.minimum(centre + half, size_wh)).astype(int)
    if x2 <= x1 or y2 <= y1:
        raise Unusable("the box lies outside of the picture")
    return int(x1), int(y1), int(x2), int(y2)


def _moved(box: Box, window: tuple[int, int, int, int]) -> Box | None:
    """A box in pixels of the cut-out, clipped to it; None when nothing of it is left."""
    x1, y1, x2, y2 = _shifted(box.xyxy, window)
    width, height = window[2] - window[0], window[3] - window[1]
    clipped = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    return Box(box.label, clipped) if clipped[0] < clipped[2] and clipped[1] < clipped[3] else None


def _shifted(place: Xyxy, window: tuple[int, int, int, int]) -> Xyxy:
    left, top = window[:2]
    return place[0] - left, place[1] - top, place[2] - left, place[3] - top
