"""Packages and decisions in small, as the worker seals them and the API tells of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

DAY_NS = 86_400 * 10**9
SIZE_WH = (200, 120)


def jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def write_package(
    folder: Path,
    package_id: str,
    image: npt.NDArray[np.uint8],
    box: tuple[float, float, float, float],
    *,
    camera: str = "cam-1",
    place: str | None = None,
    day: int = 0,
    class_name: str = "garbage",
) -> Path:
    """One still of the confirmation; the thing moved ten pixels to the right since it was first seen."""
    data = jpeg(image)
    path = "data/stills/panorama_confirmed.jpg"
    (folder / package_id / "data/stills").mkdir(parents=True)
    (folder / package_id / path).write_bytes(data)
    earlier = [box[0] - 10, box[1], box[2] - 10, box[3]]
    height, width = image.shape[:2]
    manifest = {
        "package_id": package_id,
        "camera": {"id": camera, "place": place, "timezone": "Asia/Shanghai"},
        "subject": {
            "class_name": class_name,
            "box_xyxy": list(box),
            "frame_size_wh": [width, height],
            "positions": [{"pts_ns": "0", "xyxy": earlier}, {"pts_ns": "9000000000", "xyxy": list(box)}],
        },
        "files": [
            {
                "path": path,
                "purpose": "panorama_confirmed",
                "crop_xyxy": None,
                "pts_ns": "8900000000",
                "at_ns": str(day * DAY_NS),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        ],
    }
    (folder / package_id / "manifest.json").write_text(json.dumps(manifest))
    return folder / package_id


def case(number: int, package_id: str, state: str = "filed", reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A case as `GET /api/cases/ID` tells of it, as far as it is read."""
    return {
        "id": number,
        "camera_id": "cam-1",
        "kind": "exposed_garbage",
        "state": state,
        "decision_reason": reason,
        "packages": [{"package_id": package_id}],
        **more,
    }


def write_cases(path: Path, *cases: Any) -> Path:
    path.write_text(json.dumps({"cases": list(cases)}))
    return path


def grey(width: int = SIZE_WH[0], height: int = SIZE_WH[1]) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), 120, np.uint8)
