"""The grade: one pure function says whether a package is a lead or can be evidence, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Grade = Literal["lead", "evidence"]

CAMERA_FILE_INCOMPLETE: Final = "camera_file_incomplete"
CLOCK_UNKNOWN: Final = "clock_unknown"
CLOCK_OFF: Final = "clock_off"
RESOLUTION_LOW: Final = "resolution_low"
CLIP_MISSING: Final = "clip_missing"
STILLS_INCOMPLETE: Final = "stills_incomplete"
STILLS_NOT_SPANNING: Final = "stills_not_spanning"
RECORD_GAP: Final = "record_gap"

# GA/T 832-2014: at most 1.0 s off the reference, pictures of at least 1280x720, 10 s between them at rest.
MAX_CLOCK_OFFSET_S: Final = 1.0
MIN_SIZE_WH: Final = (1280, 720)
MIN_SPAN_S: Final = 10.0
WANTED_STILLS: Final = 3


@dataclass(frozen=True, slots=True)
class GradeFacts:
    """What the grade depends on. `clock_offset_s` None: nobody measured it. `stills_span_s` None: under two times.

    `reported` are reasons that the detector found, such as a camera that moved.
    """

    camera_file_complete: bool
    clock_offset_s: float | None
    frame_size_wh: tuple[int, int]
    has_clip: bool
    stills: int
    stills_span_s: float | None
    limit_s: float
    gaps: int
    reported: tuple[str, ...] = ()


def grade(facts: GradeFacts) -> tuple[Grade, tuple[str, ...]]:
    """`evidence` without reasons, or `lead` with every reason, in a fixed order."""
    reasons = tuple(_reasons(facts))
    return ("lead" if reasons else "evidence"), reasons


def _reasons(facts: GradeFacts) -> Iterator[str]:
    if not facts.camera_file_complete:
        yield CAMERA_FILE_INCOMPLETE
    if facts.clock_offset_s is None:
        yield CLOCK_UNKNOWN
    elif abs(facts.clock_offset_s) > MAX_CLOCK_OFFSET_S:
        yield CLOCK_OFF
    if facts.frame_size_wh[0] < MIN_SIZE_WH[0] or facts.frame_size_wh[1] < MIN_SIZE_WH[1]:
        yield RESOLUTION_LOW
    if not facts.has_clip:
        yield CLIP_MISSING
    if facts.stills < WANTED_STILLS:
        yield STILLS_INCOMPLETE
    if facts.stills_span_s is None or facts.stills_span_s < max(MIN_SPAN_S, facts.limit_s):
        yield STILLS_NOT_SPANNING
    if facts.gaps:
        yield RECORD_GAP
    yield from sorted(set(facts.reported))
