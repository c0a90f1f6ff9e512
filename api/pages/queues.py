"""The queues of the review page: which cases wait for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args

from api.access import ACCESS, Principal
from api.cases.lifecycle import CaseState, PenaltyState
from api.cases.lifecycle_steps import REVIEWERS, SECOND
from api.pages.case_steps import STEP_TABLE
from evidence.derivatives.make import Kind


class QueueName(StrEnum):
    """What a queue is made of."""

    CANDIDATE = "candidate"  # what the machine found
    OPINION = "opinion"  # a colleague asks for a second opinion
    LEAD = "lead"  # 初审 of a penalty
    SCREENED = "screened"  # 复审 of a penalty, by another person


@dataclass(frozen=True, slots=True)
class Queue:
    """The cases whose `field` is `state`, for people of these roles."""

    field: str
    state: str
    roles: frozenset[Any]


QUEUES: Mapping[QueueName, Queue] = {
    QueueName.CANDIDATE: Queue("state", CaseState.CANDIDATE, REVIEWERS),
    QueueName.OPINION: Queue("state", CaseState.OPINION, SECOND),
    QueueName.LEAD: Queue("penalty_state", PenaltyState.LEAD, REVIEWERS),
    QueueName.SCREENED: Queue("penalty_state", PenaltyState.SCREENED, SECOND),
}


def review_setup(who: Principal, name: QueueName, *, makes: bool) -> dict[str, Any]:
    """What the review page must know: this queue, the others of this person, and the steps of a case's life.

    `makes`: whether derivatives are made here.
    """
    chosen = QUEUES[name]
    return {
        "queue": {
            "name": name.value,
            "field": chosen.field,
            "state": str(chosen.state),
            "query": f"{chosen.field}={chosen.state}",
        },
        "queues": [each.value for each, queue in QUEUES.items() if who.has(*queue.roles)],
        "decides": who.has(*ACCESS["decide_case"]),
        "steps": STEP_TABLE,
        "derivatives": {"kinds": get_args(Kind), "make": makes and who.has(*ACCESS["make_derivatives"])},
    }
