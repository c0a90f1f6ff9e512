"""What was found beside what other rules would have found, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detector.boxes import box_iou
from detector.replay import Case

SAME_TIMES_NS = 1_000_000_000
"""Starts and ends within so much are the same."""
SAME_BOX = 0.5


class Change(StrEnum):
    """Same: found in both, at the same times. Changed: in both, at other times. New, gone: in one of them alone."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in both worlds; at least one of the two is there."""

    found: Case | None
    would: Case | None

    @property
    def change(self) -> Change:
        if self.found is None:
            return Change.NEW
        if self.would is None:
            return Change.GONE
        return Change.SAME if _same_times(self.found, self.would) else Change.CHANGED

    @property
    def case(self) -> Case:
        """The case as it would be, or else as it was."""
        case = self.would or self.found
        if case is None:
            raise ValueError("a pair needs one case at least")
        return case


def compare(found: Iterable[Case], would: Iterable[Case]) -> list[Pair]:
    """Pair the cases, in the order of their confirmation. First by id; then the same kind, time and thing."""
    left = {case.incident_id: case for case in found}
    right = {case.incident_id: case for case in would}
    pairs = [Pair(left.pop(key), right.pop(key)) for key in list(left) if key in right]
    for case in right.values():
        match = _best(case, list(left.values()))
        if match is not None:
            del left[match.incident_id]
        pairs.append(Pair(match, case))
    pairs += [Pair(case, None) for case in left.values()]
    return sorted(pairs, key=lambda pair: (pair.case.confirmed_at_ns, pair.case.incident_id))


def _best(case: Case, others: Sequence[Case]) -> Case | None:
    alike = [other for other in others if _is_alike(case, other)]
    return max(alike, key=lambda other: _together_ns(case, other), default=None)


def _is_alike(first: Case, second: Case) -> bool:
    if first.kind != second.kind or _together_ns(first, second) <= 0:
        return False
    return first.track_id == second.track_id or box_iou(first.box_xyxy, second.box_xyxy) >= SAME_BOX


def _together_ns(first: Case, second: Case) -> int:
    ends = [case.ended_at_ns for case in (first, second) if case.ended_at_ns is not None]
    begin_ns = max(first.started_at_ns, second.started_at_ns)
    return min(ends, default=max(first.confirmed_at_ns, second.confirmed_at_ns) + 1) - begin_ns


def _same_times(first: Case, second: Case) -> bool:
    if first.zone_id != second.zone_id or abs(first.started_at_ns - second.started_at_ns) > SAME_TIMES_NS:
        return False
    if first.ended_at_ns is None or second.ended_at_ns is None:
        return first.ended_at_ns == second.ended_at_ns
    return abs(first.ended_at_ns - second.ended_at_ns) <= SAME_TIMES_NS
