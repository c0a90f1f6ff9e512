"""The life of a case as data: one table of steps for managing it, one for punishing, and what both are made of."""

from __future__ import annotations

from api.cases.lifecycle_management import MANAGEMENT_STEPS, OPEN_STATES, REJECT_REASONS, CaseState
from api.cases.lifecycle_penalty import PENALTY_OPEN_STATES, PENALTY_STEPS, VOID_REASONS, PenaltyState
from api.cases.lifecycle_steps import Flow, Reason, Step

__all__ = [
    "APPEND",
    "OPEN",
    "OPEN_STATES",
    "PENALTY_OPEN_STATES",
    "REJECT_REASONS",
    "STEPS",
    "UNDO",
    "VOID_REASONS",
    "CaseState",
    "Flow",
    "PenaltyState",
    "Reason",
    "Step",
    "find_step",
    "flow_of",
    "is_undoable",
]

STEPS: tuple[Step, ...] = (*MANAGEMENT_STEPS, *PENALTY_STEPS)
_BY_PLACE = {(step.action, step.source): step for step in STEPS}
_FLOWS = {step.action: step.flow for step in STEPS}
# Taking back one's own latest undoable step, within the time that the settings give.
UNDO = "undo"
OPEN = "open"
# Another package of the same violation was appended.
APPEND = "append"


def find_step(action: str, source: str) -> Step | None:
    """The step that this action takes from this state."""
    return _BY_PLACE.get((action, source))


def flow_of(action: str) -> Flow | None:
    """The table that knows this action; each action stands in one of them only."""
    return _FLOWS.get(action)


def is_undoable(action: str, source: str | None) -> bool:
    """Whether a step that was taken may be taken back."""
    step = find_step(action, source) if source else None
    return step is not None and step.undoable
