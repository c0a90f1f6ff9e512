"""Cases as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.packages.schemas import PackageView
from api.text import Line, Note

Action = Literal["confirm", "reject", "reopen", "undo"]


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

    code: str | None
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


class DecisionIn(BaseModel):
    """A step to take; `version` is the one that the decider saw, so that nobody decides on an old picture."""

    model_config = ConfigDict(extra="forbid")
    action: Action
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Line | None = None
    note: Note | None = None


class RejectReason(BaseModel):
    """A reason to choose, and the digit that chooses it."""

    code: str
    digit: int
    needs_note: bool


class RejectReasons(BaseModel):
    """The list of reasons."""

    items: list[RejectReason]
