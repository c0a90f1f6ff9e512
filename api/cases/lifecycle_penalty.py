"""Punishing: 线索, 初审, 复审, 告知, 陈述申辩, 复核, 决定, 送达, 执行, 归档.

A proceeding belongs to a filed case and runs beside its management: clearing the street does not wait for the fine.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from api.cases.lifecycle_reasons import DROP_REASONS, VOID_REASONS
from api.cases.lifecycle_steps import REVIEWERS, SECOND, Flow, Step

__all__ = ["PENALTY_OPEN_STATES", "PENALTY_STEPS", "VOID_REASONS", "PenaltyState"]


class PenaltyState(StrEnum):
    """Where a proceeding stands: what the last step led to."""

    NONE = "none"  # nobody is to be punished so far
    LEAD = "lead"  # 线索
    SCREENED = "screened"  # 初审
    REVIEWED = "reviewed"  # 复审: the record is evidence now
    NOTICED = "noticed"  # 告知
    HEARD = "heard"  # 陈述申辩
    RECHECKED = "rechecked"  # 复核
    DECIDED = "decided"  # 决定
    SERVED = "served"  # 送达
    EXECUTED = "executed"  # 执行
    ARCHIVED = "archived"  # 归档
    DROPPED = "dropped"  # 不予处罚
    VOIDED = "voided"  # 作废


_S = PenaltyState
_BEFORE_DECISION = (_S.LEAD, _S.SCREENED, _S.REVIEWED, _S.NOTICED, _S.HEARD, _S.RECHECKED)
PENALTY_OPEN_STATES = frozenset({*_BEFORE_DECISION, _S.DECIDED, _S.SERVED})
_step = partial(Step, flow=Flow.PENALTY)

PENALTY_STEPS: tuple[Step, ...] = (
    _step("penalize", _S.NONE, _S.LEAD, REVIEWERS, undoable=True, guards=("is_filed", "reminder_first")),
    _step("screen", _S.LEAD, _S.SCREENED, REVIEWERS, undoable=True),
    _step("review", _S.SCREENED, _S.REVIEWED, SECOND, guards=("other_than_screener", "evidence_holds", "in_time")),
    _step("return", _S.SCREENED, _S.LEAD, SECOND, needs_note=True),
    _step("notify", _S.REVIEWED, _S.NOTICED, REVIEWERS, needs=("document",), guards=("not_a_warning", "in_time")),
    _step("hear", _S.NOTICED, _S.HEARD, REVIEWERS, needs_note=True),
    _step("recheck", _S.HEARD, _S.RECHECKED, SECOND, needs_note=True, guards=("other_than_screener",)),
    _step(
        "decide", _S.NOTICED, _S.DECIDED, SECOND, needs=("document",), guards=("noticed", "party_had_time", "in_time")
    ),
    _step("decide", _S.RECHECKED, _S.DECIDED, SECOND, needs=("document",), guards=("noticed", "in_time")),
    _step("serve", _S.DECIDED, _S.SERVED, REVIEWERS, needs=("document",)),
    _step("execute", _S.SERVED, _S.EXECUTED, REVIEWERS, needs_note=True),
    _step("archive", _S.EXECUTED, _S.ARCHIVED, REVIEWERS),
    *(_step("drop", state, _S.DROPPED, SECOND, reasons=DROP_REASONS) for state in _BEFORE_DECISION),
    *(
        _step("void_penalty", state, _S.VOIDED, SECOND, reasons=VOID_REASONS)
        for state in (_S.NOTICED, _S.HEARD, _S.RECHECKED, _S.DECIDED, _S.SERVED)
    ),
)
