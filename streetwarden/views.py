"""Where each camera looked when its zones were drawn, kept over restarts: a camera turned meanwhile has moved."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from evidence.disk import Disk, replace_file
from streams.fitness.glance import SMALL_WH, Grey
from streams.fitness.picture import PictureFitness
from streams.fitness.view import DayPart
from streetwarden.cameras_file import CameraConfig

logger = logging.getLogger(__name__)


class Views:
    """The reference pictures of the cameras, a small file each; new zones are drawn on what the camera shows then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._followed: dict[str, tuple[str, PictureFitness, int]] = {}

    def follow(self, config: CameraConfig, fitness: PictureFitness) -> None:
        """Give the camera back the references that belong to its zones as they are, and keep what it learns."""
        digest = zones_digest(config)
        references = self._read(config.id, digest)
        if references:
            fitness.restore(references)
        with self._lock:
            self._followed[config.id] = (digest, fitness, len(references))

    def forget(self, camera_id: str) -> None:
        """The camera is followed no more; its references stay."""
        with self._lock:
            self._followed.pop(camera_id, None)

    def write(self) -> None:
        """Put what was learnt since on the disk. Raises OSError when that is full; it is tried again then."""
        with self._lock:
            followed = dict(self._followed)
        for camera_id, (digest, fitness, kept) in followed.items():
            references = fitness.references
            if len(references) > kept:
                replace_file(Disk(), self._file(camera_id), _encoded(digest, references), 0o600)
                with self._lock:
                    if self._followed.get(camera_id, (None, None, 0))[1] is fitness:
                        self._followed[camera_id] = (digest, fitness, len(references))

    def _read(self, camera_id: str, digest: str) -> dict[DayPart, Grey]:
        try:
            value = json.loads(self._file(camera_id).read_bytes())
            return _decoded(value) if value["zones"] == digest else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, cv2.error) as error:
            logger.warning("camera %s: where it looked cannot be read and is learnt anew: %s", camera_id, error)
            return {}

    def _file(self, camera_id: str) -> Path:
        return self._folder / f"{camera_id}.json"


def zones_digest(config: CameraConfig) -> str:
    """Changes when a zone is drawn anew; limits and hours do not matter."""
    outlines = [(zone.id, zone.polygon) for zone in config.zones]
    return hashlib.sha256(json.dumps(outlines).encode()).hexdigest()


def _encoded(digest: str, references: dict[DayPart, Grey]) -> bytes:
    pictures = {
        part.name: base64.b64encode(cv2.imencode(".png", small)[1].tobytes()).decode()
        for part, small in references.items()
    }
    return json.dumps({"zones": digest, "pictures": pictures}).encode()


def _decoded(value: Any) -> dict[DayPart, Grey]:
    """Raises ValueError when a picture is none."""
    found: dict[DayPart, Grey] = {}
    for name, text in value["pictures"].items():
        raw = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
        picture = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
        if picture is None or picture.shape != SMALL_WH[::-1]:
            raise ValueError(f"{name} is no picture of {SMALL_WH[0]}x{SMALL_WH[1]}")
        found[DayPart[name]] = np.asarray(picture, np.uint8)
    return found
