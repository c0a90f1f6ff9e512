"""What reviewers decided, as the API tells it, and what a detector can learn from each decision.

The file is JSON: `{"cases": [...]}`, each as `GET /api/cases/ID` gives it, of which `id`, `camera_id`, `kind`, `state`,
`decision_reason` and `packages[].package_id` are read. A reviewer who drew boxes anew adds `corrections`:
`[{"class_name": "garbage", "xyxy": [x1, y1, x2, y2]}]` in pixels of the whole picture; an empty list says that nothing
of what was alleged is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from datasets.formats.labels import Box, Dropped, FormatError

MAX_CASES = 1_000_000
REJECTED = frozenset({"rejected", "void"})
FILED = frozenset({"filed", "dispatched", "handled", "verified", "closed", "answered", "transferred"})


class Lesson(StrEnum):
    """What a decision says of the alleged thing: it is there, it is not, or here is what is there."""

    PRESENT = "present"
    ABSENT = "absent"
    CORRECTED = "corrected"


# No violation, but the thing was what the detector took it for.
THERE_ALL_THE_SAME = frozenset(
    {
        "temporary_stop",
        "permitted",
        "emergency_vehicle",
        "danger_avoided",
        "handled_on_site",
        "duplicate",
        "stolen_or_cloned_plate",
        "inconsistent_signals",
        "plate_wrong",
    }
)
# The thing itself was not there, whatever the kind.
NOT_THERE = frozenset({"not_there", "wrong_object", "false_alarm"})
# Kinds whose thing is the violation: without one there is no such thing. A car without a violation is still a car.
THING_IS_VIOLATION = frozenset({"exposed_garbage", "overflowing_bin", "street_vending"})


@dataclass(frozen=True, slots=True)
class Decision:
    """One decided case; `boxes`: the reviewer's own, in pixels of the whole picture."""

    case_id: int
    camera_id: str
    kind: str
    lesson: Lesson
    reason: str | None
    package_ids: tuple[str, ...]
    boxes: tuple[Box, ...] = ()


def read_decisions(path: Path) -> tuple[list[Decision], list[Dropped]]:
    """Decisions that teach something, and every case that does not, with the reason. Raises FormatError."""
    try:
        cases = json.loads(path.read_text("utf-8"))["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path}: expected JSON with a list 'cases': {type(error).__name__} {error}") from error
    if not isinstance(cases, list) or len(cases) > MAX_CASES:
        raise FormatError(f"{path}: cases: expected a list of at most {MAX_CASES} cases")
    decisions, dropped = [], []
    for number, case in enumerate(cases):
        read = _read(case)
        if isinstance(read, Decision):
            decisions.append(read)
        else:
            dropped.append(Dropped(_name(case, number), read))
    return decisions, dropped


def _name(case: Any, number: int) -> str:
    return f"case {case['id']}" if isinstance(case, dict) and "id" in case else f"case at place {number}"


def _read(case: Any) -> Decision | str:
    """A decision, or why there is none."""
    try:
        boxes = tuple(_corrections(case))
        lesson = Lesson.CORRECTED if case.get("corrections") is not None else lesson_of(case)
        if not isinstance(lesson, Lesson):
            return lesson
        packages = tuple(str(package["package_id"]) for package in case["packages"])
        reason = case.get("decision_reason")
        return Decision(int(case["id"]), str(case["camera_id"]), str(case["kind"]), lesson, reason, packages, boxes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"not a case of the API: {type(error).__name__} {error}"
    except FormatError as error:
        return str(error)


def _corrections(case: Mapping[str, Any]) -> Iterator[Box]:
    for row in case.get("corrections") or ():
        x1, y1, x2, y2 = (float(edge) for edge in row["xyxy"])
        yield Box(str(row["class_name"]), (x1, y1, x2, y2))


def lesson_of(case: Mapping[str, Any]) -> Lesson | str:
    """What a case without corrected boxes teaches, or why it teaches nothing."""
    state, reason, kind = case["state"], case.get("decision_reason"), case["kind"]
    if state in FILED:
        return Lesson.PRESENT
    if state not in REJECTED:
        return f"state {state!r}: nobody decided yet"
    if reason in THERE_ALL_THE_SAME:
        return Lesson.PRESENT
    if reason in NOT_THERE or (reason == "no_violation" and kind in THING_IS_VIOLATION):
        return Lesson.ABSENT
    return f"rejected as {reason!r}: that does not say whether the thing was there"
