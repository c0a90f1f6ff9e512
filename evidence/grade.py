"""The grade: one pure function says whether a package is a lead or can be evidence, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from evidence.camera_file import CameraFile
from evidence.manifest import PlateState

Grade = Literal["lead", "evidence"]

CAMERA_FILE_INCOMPLETE: Final = "camera_file_incomplete"
CAMERA_FILE_NOT_VALID: Final = "camera_file_not_valid"
WARNING_PERIOD: Final = "warning_period"
CLOCK_UNKNOWN: Final = "clock_unknown"
CLOCK_OFF: Final = "clock_off"
ZONE_NOT_IN_FORCE: Final = "zone_not_in_force"
ZONE_HOURS_UNCHECKED: Final = "zone_hours_unchecked"
RESOLUTION_LOW: Final = "resolution_low"
PICTURE_UNFIT: Final = "picture_unfit"
CLIP_MISSING: Final = "clip_missing"
STILLS_INCOMPLETE: Final = "stills_incomplete"
STILLS_NOT_SPANNING: Final = "stills_not_spanning"
PLATE_UNREADABLE: Final = "plate_unreadable"
PLATE_UNCHECKED: Final = "plate_unchecked"
RECORD_GAP: Final = "record_gap"


@dataclass(frozen=True, slots=True)
class GradeLimits:
    """The numbers of the gates.

    GA/T 832-2014: at most 1.0 s off the reference, pictures of at least 1280x720, 10 s between them at rest. Three
    stills and at most 2 s of unfit picture are our own choice. `published_days`: how long before its use a camera
    must have been made public, where the local rule names a time; 0: on the day.
    """

    max_clock_offset_s: float = 1.0
    min_size_wh: tuple[int, int] = (1280, 720)
    min_span_s: float = 10.0
    wanted_stills: int = 3
    max_unfit_s: float = 2.0
    published_days: int = 0


@dataclass(frozen=True, slots=True)
class GradeFacts:
    """What the grade depends on.

    `day` is the day of the confirmation in the camera's time zone. `clock_offset_s` None: nobody measured it; its
    uncertainty counts against it. `zone_in_force` None: nobody asked. `unfit_s`: seconds of unfit picture between
    start and confirmation. `stills_span_s` None: under two times. `reported` are reasons that the detector found.
    """

    camera_file: CameraFile | None
    day: date
    clock_offset_s: float | None
    zone_in_force: bool | None
    frame_size_wh: tuple[int, int]
    has_clip: bool
    stills: int
    stills_span_s: float | None
    limit_s: float
    gaps: int
    plate: PlateState
    unfit_s: float = 0.0
    clock_uncertainty_s: float = 0.0
    zone_warning_only_until: date | None = None
    reported: tuple[str, ...] = ()
    limits: GradeLimits = field(default_factory=GradeLimits)


def grade(facts: GradeFacts) -> tuple[Grade, tuple[str, ...]]:
    """`evidence` without reasons, or `lead` with every reason, in a fixed order."""
    reasons = (*_law(facts), *_time(facts), *_pictures(facts), *sorted(set(facts.reported)))
    return ("lead" if reasons else "evidence"), reasons


def _law(facts: GradeFacts) -> Iterator[str]:
    """The camera's file, the period of warnings, the hours of the zone."""
    file = facts.camera_file
    if file is None or file.missing():
        yield CAMERA_FILE_INCOMPLETE
    if file is not None and file.not_valid_on(facts.day, facts.limits.published_days):
        yield CAMERA_FILE_NOT_VALID
    until = facts.zone_warning_only_until
    if (file is not None and file.warns_only_on(facts.day)) or (until is not None and facts.day <= until):
        yield WARNING_PERIOD
    if facts.zone_in_force is None:
        yield ZONE_HOURS_UNCHECKED
    elif not facts.zone_in_force:
        yield ZONE_NOT_IN_FORCE


def _time(facts: GradeFacts) -> Iterator[str]:
    if facts.clock_offset_s is None:
        yield CLOCK_UNKNOWN
    elif abs(facts.clock_offset_s) + facts.clock_uncertainty_s > facts.limits.max_clock_offset_s:
        yield CLOCK_OFF


def _pictures(facts: GradeFacts) -> Iterator[str]:
    limits = facts.limits
    if any(side < least for side, least in zip(facts.frame_size_wh, limits.min_size_wh, strict=True)):
        yield RESOLUTION_LOW
    if facts.unfit_s > limits.max_unfit_s:
        yield PICTURE_UNFIT
    if not facts.has_clip:
        yield CLIP_MISSING
    if facts.stills < limits.wanted_stills:
        yield STILLS_INCOMPLETE
    if facts.stills_span_s is None or facts.stills_span_s < max(limits.min_span_s, facts.limit_s):
        yield STILLS_NOT_SPANNING
    if facts.plate == "unreadable":
        yield PLATE_UNREADABLE
    elif facts.plate == "unchecked":
        yield PLATE_UNCHECKED
    if facts.gaps:
        yield RECORD_GAP
