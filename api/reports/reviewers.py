"""How long reviewers take: from a case's arrival to the decision, and from one decision to the next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.cases.lifecycle import CaseState
from api.db.models import Case, CaseTransition
from api.reports.month import Month
from api.reports.schemas import ReviewerRow

DECISIONS = ("confirm", "reject", "ask_opinion")
# Longer than this between two decisions is a pause, not a case that took long.
PAUSE = timedelta(minutes=10)


@dataclass(slots=True)
class _Times:
    actions: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    paces_s: list[float] = field(default_factory=list)
    latest: datetime | None = None

    def add(self, action: str, at: datetime, arrived: datetime) -> None:
        self.actions[action] += 1
        self.waits_s.append((at - arrived).total_seconds())
        if self.latest is not None and at - self.latest <= PAUSE:
            self.paces_s.append((at - self.latest).total_seconds())
        self.latest = at

    def row(self, reviewer: str) -> ReviewerRow:
        return ReviewerRow(
            reviewer=reviewer,
            decisions=self.actions.total(),
            confirmed=self.actions["confirm"],
            rejected=self.actions["reject"],
            opinions=self.actions["ask_opinion"],
            wait_median_s=median(self.waits_s),
            wait_p90_s=quantiles(self.waits_s, n=10, method="inclusive")[-1]
            if len(self.waits_s) > 1
            else self.waits_s[0],
            pace_s=median(self.paces_s) if self.paces_s else None,
        )


def reviewer_rows(session: Session, mine: ColumnElement[bool], month: Month) -> list[ReviewerRow]:
    """One row for each person who decided on candidates in the month, busiest first."""
    found = (
        select(CaseTransition.actor, CaseTransition.action, CaseTransition.at, Case.created_at)
        .join(Case, Case.id == CaseTransition.case_id)
        .where(
            mine,
            CaseTransition.at >= month.begins,
            CaseTransition.at < month.ends,
            CaseTransition.action.in_(DECISIONS),
            CaseTransition.from_state.in_((CaseState.CANDIDATE.value, CaseState.OPINION.value)),
        )
        .order_by(CaseTransition.at)
        .execution_options(yield_per=2000)
    )
    times: dict[str, _Times] = {}
    for actor, action, at, arrived in session.execute(found):
        times.setdefault(actor, _Times()).add(action, at, arrived)
    rows = [each.row(actor) for actor, each in times.items()]
    return sorted(rows, key=lambda row: (-row.decisions, row.reviewer))
