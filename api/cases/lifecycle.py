"""The life of a case as data: states, steps between them, who may take them and what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from api.access import Role


class CaseState(StrEnum):
    """Candidate: a machine's lead. Filed (立案): confirmed by a person. Rejected: no violation, with a reason."""

    CANDIDATE = "candidate"
    FILED = "filed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case was rejected; `needs_note` asks for a word of explanation."""

    code: str
    digit: int
    needs_note: bool = False


REJECT_REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("no_violation", 1),
        Reason("temporary_stop", 2),
        Reason("permitted", 3),
        Reason("record_unclear", 4),
        Reason("emergency_vehicle", 5),
        Reason("danger_avoided", 6),
        Reason("handled_on_site", 7),
        Reason("duplicate", 8),
        Reason("other", 9, needs_note=True),
    )
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `reasons` lists the codes to choose from (empty: none is needed)."""

    action: str
    source: CaseState
    target: CaseState
    roles: frozenset[Role]
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    needs_note: bool = False
    undoable: bool = False


_REVIEWERS = frozenset({Role.REVIEWER, Role.SECOND_REVIEWER})
_SECOND = frozenset({Role.SECOND_REVIEWER})

STEPS: tuple[Step, ...] = (
    Step("confirm", CaseState.CANDIDATE, CaseState.FILED, _REVIEWERS, undoable=True),
    Step("reject", CaseState.CANDIDATE, CaseState.REJECTED, _REVIEWERS, reasons=REJECT_REASONS, undoable=True),
    Step("reopen", CaseState.REJECTED, CaseState.CANDIDATE, _SECOND, needs_note=True),
    Step("reopen", CaseState.FILED, CaseState.CANDIDATE, _SECOND, needs_note=True),
)
# Taking back one's own latest undoable step, within the time that the settings give.
UNDO = "undo"
OPEN = "open"


def find_step(action: str, source: str) -> Step | None:
    """The step that this action takes from this state."""
    return next((step for step in STEPS if step.action == action and step.source == source), None)


def is_undoable(action: str, source: str | None) -> bool:
    """Whether a step that was taken may be taken back."""
    step = find_step(action, source) if source else None
    return step is not None and step.undoable
