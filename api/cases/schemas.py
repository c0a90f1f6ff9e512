"""Cases as JSON."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.cases.lifecycle import STEPS, UNDO
from api.packages.schemas import PackageView
from api.text import Line, Note

Action = StrEnum("Action", {name: name for name in (*dict.fromkeys(step.action for step in STEPS), UNDO)})  # type: ignore[misc]


class CaseSummary(BaseModel):
    """One line of the queue; `still_url` is the picture of the moment of confirmation."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    incident_id: str
    camera_id: str
    camera_name: str
    zone_id: str
    kind: str
    state: str
    version: int
    grade: str
    started_at: datetime | None
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None
    still_url: str | None
    district: str
    spot: str | None
    code: str | None
    penalty_state: str
    due_at: datetime | None
    escalation: str
    unit: str | None
    assignee: str | None
    last_seen_at: datetime | None
    packages_count: int
    duplicate_of: int | None


class CaseList(BaseModel):
    """A page of cases by rising number; `next` is the `after` of the following page."""

    items: list[CaseSummary]
    next: int | None


class CaseCounts(BaseModel):
    """How many cases are in each state."""

    counts: dict[str, int]


class TransitionView(BaseModel):
    """One step that was taken."""

    model_config = ConfigDict(from_attributes=True)
    version: int
    action: str
    from_state: str | None
    to_state: str
    actor: str
    reason: str | None
    note: str | None
    at: datetime
    flow: str
    details: dict[str, str | int]


class ZoneView(BaseModel):
    """The zone as it was when the violation was seen."""

    id: str
    version: int
    zone_class: str
    polygon: list[tuple[float, float]]


class TrackBox(BaseModel):
    """Where the subject was, `seconds` after the start."""

    seconds: float
    xyxy: tuple[float, float, float, float]


class CaseDetail(CaseSummary):
    """Everything that a reviewer needs; boxes are pixels of a picture of `frame_size_wh`."""

    confirmed_at: datetime | None
    ended_at: datetime | None
    dwell_seconds: float | None
    limit_seconds: float | None
    score: float | None
    class_name: str | None
    box_xyxy: tuple[float, float, float, float] | None
    frame_size_wh: tuple[int, int] | None
    track: list[TrackBox]
    zone: ZoneView | None
    grade_reasons: list[str]
    packages: list[PackageView]
    transitions: list[TransitionView]
    actions: list[str]
    blocked: Annotated[dict[str, str], Field(description="Steps that a check stands in the way of, and why")]
    locked_by: str | None
    penalty_due_at: datetime | None
    decide_by: datetime | None
    held_reason: str | None


class NextCase(BaseModel):
    """The case that is now in front of the one who asked; None: nothing waits."""

    case: CaseDetail | None
    waiting: int


class Lease(BaseModel):
    """A lock ends by itself at this time unless it is taken again."""

    case_id: int
    locked_until: datetime


class RelatedCases(BaseModel):
    """`duplicates` are open and may be the same violation; `earlier` were at the same place, newest first."""

    duplicates: list[CaseSummary]
    earlier: list[CaseSummary]


class StepView(BaseModel):
    """One row of the tables."""

    action: str
    flow: str
    source: str
    target: str
    roles: list[str]
    reasons: list[str]
    needs_note: bool
    needs: list[str]
    guards: list[str]
    undoable: bool


class Lifecycle(BaseModel):
    """Both tables, as the service applies them."""

    management_states: list[str]
    penalty_states: list[str]
    steps: list[StepView]


class HoldIn(BaseModel):
    """Why a case's evidence must not be deleted."""

    model_config = ConfigDict(extra="forbid")
    reason: Line


class DecisionIn(BaseModel):
    """A step to take; `version` is the one that the decider saw, so that nobody decides on an old picture."""

    model_config = ConfigDict(extra="forbid")
    action: Action
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Line | None = None
    note: Note | None = None
    unit: Line | None = None
    assignee: Line | None = None
    until: AwareDatetime | None = None
    document: Annotated[
        Line | None, Field(description="Number of the notice, the decision or the proof of service")
    ] = None
    duplicate_of: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None


class RejectReason(BaseModel):
    """A reason to choose, and the digit that chooses it."""

    code: str
    digit: int
    needs_note: bool


class RejectReasons(BaseModel):
    """The list of reasons."""

    items: list[RejectReason]
