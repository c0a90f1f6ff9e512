"""The steps of a case's life as the review page needs them: what each asks for before it can be taken."""

from __future__ import annotations

from typing import Any

from api.cases.lifecycle import STEPS, Reason, Step


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "digit": reason.digit, "needs_note": reason.needs_note}


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "sources": [str(step.source)],
        "reasons": [_reason(reason) for reason in step.reasons.values()],
        "needs": list(getattr(step, "needs", ())),
        "needs_note": step.needs_note,
    }


STEP_TABLE: tuple[dict[str, Any], ...] = tuple(_step(step) for step in STEPS)
