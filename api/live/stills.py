"""The last picture of each camera as its worker shows it: small, masked, and replaced every minute."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.errors import InvalidError

FOLDER = "stills"
SUFFIX = ".jpg"
MOST_BYTES = 2_000_000
JPEG_BEGIN, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
LOOK_AGAIN = timedelta(minutes=10)


def still_path(data_dir: Path, camera_id: str) -> Path:
    """Where a camera's last picture lies, if it has one; ids hold nothing that leads out of a folder."""
    return data_dir / FOLDER / f"{camera_id}{SUFFIX}"


def keep_still(data_dir: Path, camera_id: str, picture: bytes) -> None:
    """Put a newer picture in place of the old one. Raises InvalidError for what is no JPEG."""
    check_jpeg(picture)
    path = still_path(data_dir, camera_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    # Not synchronised: after a power cut a newer one comes within a minute.
    fresh.write_bytes(picture)
    fresh.replace(path)


def forget_still(data_dir: Path, camera_id: str) -> None:
    """Take a camera's last picture away: it may show what nobody may see from now on."""
    still_path(data_dir, camera_id).unlink(missing_ok=True)


def check_jpeg(picture: bytes) -> None:
    """Raise InvalidError for what does not begin and end as a JPEG."""
    if not picture.startswith(JPEG_BEGIN) or not picture.rstrip(b"\x00").endswith(JPEG_END):
        raise InvalidError("This is no JPEG.")


def still_times(data_dir: Path) -> dict[str, datetime]:
    """When each camera's last picture came."""
    folder = data_dir / FOLDER
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {
            entry.name.removesuffix(SUFFIX): datetime.fromtimestamp(entry.stat().st_mtime, UTC)
            for entry in entries
            if entry.name.endswith(SUFFIX) and not entry.name.startswith(".")
        }


class LookBook:
    """Who looked at the last picture of which camera lately: a wall that stays open is one look in ten minutes."""

    def __init__(self) -> None:
        self._looks: dict[tuple[str, str], datetime] = {}

    def is_new(self, name: str, camera_id: str, now: datetime) -> bool:
        """Whether this look is to be written down."""
        if len(self._looks) > 10_000:
            self._looks = {key: at for key, at in self._looks.items() if now - at < LOOK_AGAIN}
        before = self._looks.get((name, camera_id))
        if before is not None and now - before < LOOK_AGAIN:
            return False
        self._looks[name, camera_id] = now
        return True
