"""What the tables of a case's life are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from api.access import Role


class Flow(StrEnum):
    """Management: the office's work on the street. Penalty: the proceeding against a party."""

    MANAGEMENT = "management"
    PENALTY = "penalty"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step was taken; `needs_note` asks for a word of explanation."""

    code: str
    digit: int
    needs_note: bool = False


def reasons(*found: Reason) -> Mapping[str, Reason]:
    """Reasons by code."""
    return {reason.code: reason for reason in found}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `reasons` lists the codes to choose from (empty: none is needed), `needs` the fields of the decision
    that must be filled, `guards` the checks of `lifecycle_guards` that must hold."""

    action: str
    source: str
    target: str
    roles: frozenset[Role]
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    needs_note: bool = False
    undoable: bool = False
    needs: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    flow: Flow = Flow.MANAGEMENT


REVIEWERS = frozenset({Role.REVIEWER, Role.SECOND_REVIEWER})
SECOND = frozenset({Role.SECOND_REVIEWER})
