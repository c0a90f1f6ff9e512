"""What of a tracker outlives a restart of the worker: what stood still, and what its place looked like."""

from __future__ import annotations

import base64
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detector.boxes import Box
from detector.tracking.appearance import PATCH, Patch

MAX_TRACKS = 128


def _decodable(text: str) -> str:
    if len(base64.b64decode(text, validate=True)) != PATCH * PATCH:
        raise ValueError(f"a patch has {PATCH} x {PATCH} grey levels")
    return text


PatchText = Annotated[str, AfterValidator(_decodable)]
"""A patch as base64 of its grey levels, one byte each."""


class StillTrack(BaseModel):
    """A track that stood still. Times in pts nanoseconds; `class_seconds` by class name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    track_id: Annotated[int, Field(ge=1)]
    class_seconds: Annotated[dict[str, float], Field(min_length=1)]
    first_ns: int
    last_ns: int
    box: Box
    score: float
    mean_score: float
    seconds: float
    since_ns: int
    held_ns: int
    anchor: Box
    reference: PatchText
    empty: PatchText | None


class TrackerState(BaseModel):
    """The tracks that stood still, and the first id that was never given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    next_id: Annotated[int, Field(ge=1)]
    tracks: Annotated[tuple[StillTrack, ...], Field(max_length=MAX_TRACKS)]


def patch_text(patch: Patch) -> str:
    """A patch, rounded to whole grey levels, as text."""
    return base64.b64encode(np.rint(patch).clip(0, 255).astype(np.uint8).tobytes()).decode("ascii")


def patch_from(text: str) -> Patch:
    """The patch that `patch_text` wrote."""
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(PATCH, PATCH).astype(np.float32)
