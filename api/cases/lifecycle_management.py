"""Managing a case: 信息收集, 立案, 派遣, 处置, 核查, 结案, 反馈, with 不予立案, 返工, 延期, 移送 and 作废."""

from __future__ import annotations

from enum import StrEnum

from api.cases.lifecycle_reasons import REJECT_REASONS, VOID_REASONS
from api.cases.lifecycle_steps import REVIEWERS, SECOND, Step

__all__ = ["MANAGEMENT_STEPS", "OPEN_STATES", "REJECT_REASONS", "CaseState"]


class CaseState(StrEnum):
    """Where a case stands: what the last step led to."""

    CANDIDATE = "candidate"  # 信息收集: a machine's lead
    OPINION = "opinion"  # a reviewer asked for a second opinion
    FILED = "filed"  # 立案: confirmed by a person
    DISPATCHED = "dispatched"  # 派遣: with the unit that handles it
    HANDLED = "handled"  # 处置: the unit says that it is done
    VERIFIED = "verified"  # 核查: somebody looked and agrees
    CLOSED = "closed"  # 结案
    ANSWERED = "answered"  # 反馈: whoever reported it knows
    REJECTED = "rejected"  # 不予立案: no violation, with a reason
    TRANSFERRED = "transferred"  # 移送: another office's matter
    VOID = "void"  # 作废: taken out of the books, with a reason of the list


_S = CaseState
# A violation that goes on is still this case while it is in one of these.
OPEN_STATES = frozenset({_S.CANDIDATE, _S.OPINION, _S.FILED, _S.DISPATCHED, _S.HANDLED, _S.VERIFIED})
_FILED_ONES = (_S.FILED, _S.DISPATCHED, _S.HANDLED, _S.VERIFIED)

MANAGEMENT_STEPS: tuple[Step, ...] = (
    Step("confirm", _S.CANDIDATE, _S.FILED, REVIEWERS, undoable=True),
    Step("reject", _S.CANDIDATE, _S.REJECTED, REVIEWERS, reasons=REJECT_REASONS, undoable=True),
    Step("ask_opinion", _S.CANDIDATE, _S.OPINION, REVIEWERS, needs_note=True, undoable=True),
    Step("confirm", _S.OPINION, _S.FILED, SECOND, undoable=True, guards=("other_than_asker",)),
    Step(
        "reject", _S.OPINION, _S.REJECTED, SECOND, reasons=REJECT_REASONS, undoable=True, guards=("other_than_asker",)
    ),
    Step("reopen", _S.REJECTED, _S.CANDIDATE, SECOND, needs_note=True),
    Step("reopen", _S.FILED, _S.CANDIDATE, SECOND, needs_note=True, guards=("no_penalty",)),
    Step("dispatch", _S.FILED, _S.DISPATCHED, REVIEWERS, needs=("unit",), undoable=True),
    # To another unit, or to another person of the same one.
    Step("dispatch", _S.DISPATCHED, _S.DISPATCHED, REVIEWERS, needs=("unit",), undoable=True),
    Step("extend", _S.DISPATCHED, _S.DISPATCHED, SECOND, needs=("until",), needs_note=True, guards=("later_deadline",)),
    Step("handle", _S.DISPATCHED, _S.HANDLED, REVIEWERS, needs_note=True, undoable=True),
    Step("verify", _S.HANDLED, _S.VERIFIED, REVIEWERS, undoable=True, guards=("other_than_handler",)),
    Step("rework", _S.HANDLED, _S.DISPATCHED, REVIEWERS, needs_note=True),
    Step("close", _S.VERIFIED, _S.CLOSED, REVIEWERS, undoable=True),
    # A reminder was heeded: the re-check takes this step.
    *(
        Step("close_corrected", each, _S.CLOSED, REVIEWERS, needs=("document",), guards=("corrected",))
        for each in _FILED_ONES
    ),
    Step("answer", _S.CLOSED, _S.ANSWERED, REVIEWERS, needs_note=True),
    *(Step("transfer", state, _S.TRANSFERRED, SECOND, needs=("unit",), needs_note=True) for state in _FILED_ONES[:2]),
    *(Step("void", state, _S.VOID, SECOND, reasons=VOID_REASONS, guards=("no_penalty",)) for state in _FILED_ONES),
)
