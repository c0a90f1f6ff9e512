"""What the watches remember over a restart: a small file a camera, written aside and put in place whole."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

from evidence.disk import Disk, replace_file

logger = logging.getLogger(__name__)

Snapshot = dict[str, Any]


class WatchMemory:
    """Snapshots by camera. Lanes `keep` them, the worker's care writes them; any thread may call any method."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._fresh: dict[str, Snapshot] = {}

    def keep(self, camera_id: str, snapshot: Snapshot) -> None:
        """Remember this from now on; it is on the disk after the next `write`."""
        with self._lock:
            self._fresh[camera_id] = snapshot

    def recall(self, camera_id: str) -> Snapshot | None:
        """The newest snapshot of the camera; None when there is none that can be read."""
        with self._lock:
            fresh = self._fresh.get(camera_id)
        if fresh is not None:
            return fresh
        try:
            value = json.loads(self._file(camera_id).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger.warning("camera %s: what was remembered of it cannot be read: %s", camera_id, error)
            return None
        return value if isinstance(value, dict) else None

    def write(self) -> None:
        """Put what is new on the disk. Raises OSError when that is full; nothing is forgotten then."""
        with self._lock:
            fresh = dict(self._fresh)
        for camera_id, snapshot in fresh.items():
            replace_file(Disk(), self._file(camera_id), json.dumps(snapshot, separators=(",", ":")).encode(), 0o600)
            with self._lock:
                if self._fresh.get(camera_id) is snapshot:
                    del self._fresh[camera_id]

    def _file(self, camera_id: str) -> Path:
        return self._folder / f"{camera_id}.json"
