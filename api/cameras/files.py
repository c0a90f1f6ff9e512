"""A camera's legal file: what is there, what is missing, what does not hold today."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from pydantic import BaseModel

from evidence.camera_file import CameraFile


class FileState(BaseModel):
    """Whether pictures of a camera can be evidence, as far as its file goes."""

    complete: bool
    missing: list[str]
    not_valid: list[str]
    warning_only: bool


def read_file(stored: dict[str, Any]) -> CameraFile:
    """The file as it was stored."""
    return CameraFile.model_validate_json(json.dumps(stored))


def as_stored(file: CameraFile) -> dict[str, Any]:
    """The file as JSON values, without what is empty."""
    return file.model_dump(mode="json", exclude_none=True)


def state_on(file: CameraFile, day: date) -> FileState:
    """How the file stands on a day of the camera's time zone."""
    missing, failing = file.missing(), file.not_valid_on(day)
    return FileState(
        complete=not missing and not failing,
        missing=list(missing),
        not_valid=list(failing),
        warning_only=file.warns_only_on(day),
    )
