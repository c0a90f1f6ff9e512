"""What of a camera's watch outlives a restart of the worker, as plain JSON of bounded size."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import DetectorError
from detector.tracking.state import TrackerState

VERSION: Literal[1] = 1
MAX_DOWNTIME_S = 3600.0
"""After a longer pause nobody knows any more that a vehicle is the same: the watch starts anew."""


class SnapshotError(DetectorError):
    """A snapshot that cannot be taken up; the message says why. The watch is left as it was."""


class JudgeState(BaseModel):
    """A judge's own state, and where it sat: it is only given back to the same rule of the same version of a zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone_id: str
    zone_version: int
    kind: str
    state: dict[str, Any]


class WatchState(BaseModel):
    """A watch after its last look, at `pts_ns` and `captured_at_ns`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = VERSION
    camera_id: str
    pts_ns: int
    captured_at_ns: int
    frame_size_wh: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    unfit_spans: tuple[tuple[int, int], ...]
    tracker: TrackerState
    judges: tuple[JudgeState, ...]

    @classmethod
    def parse(cls, snapshot: dict[str, Any], camera_id: str) -> WatchState:
        """Raises SnapshotError for anything that is not a whole snapshot of that camera by this version."""
        try:
            state = cls.model_validate(snapshot)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise SnapshotError(f"camera {camera_id}: the snapshot's {where or 'form'}: {first['msg']}") from None
        if state.camera_id != camera_id:
            raise SnapshotError(f"camera {camera_id}: the snapshot is of camera {state.camera_id}")
        return state
