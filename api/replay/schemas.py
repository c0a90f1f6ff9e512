"""Replays as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.text import Id
from api.zones.schemas import Outline, Rules

Change = Literal["same", "changed", "new", "gone"]


class ZoneDraft(BaseModel):
    """A zone as it would be saved."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    id: Id
    zone_class: Annotated[Literal["prohibited", "restricted", "guided"], Field(alias="class")]
    polygon: Outline
    rules: Rules


class ReplayIn(BaseModel):
    """What would change: `zones` are new or changed, `removed` would end; all others stay as they are.

    `from` and `until` bound the time that is replayed; `days` is how long before `until` it begins, seven if nothing
    is said.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    zones: Annotated[list[ZoneDraft], Field(max_length=100)] = []
    removed: Annotated[list[Id], Field(max_length=100)] = []
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: AwareDatetime | None = None
    days: Annotated[int | None, Field(ge=1, le=31)] = None

    @model_validator(mode="after")
    def _something_once(self) -> Self:
        ids = [*(zone.id for zone in self.zones), *self.removed]
        if not ids:
            raise ValueError("name at least one zone that changes or is removed")
        if len(set(ids)) != len(ids):
            raise ValueError("a zone stands twice")
        return self


class Counts(BaseModel):
    """Confirmed cases: how many were found, how many would be, and how they go together."""

    found: int
    would: int
    same: int
    changed: int
    new: int
    gone: int


class ZoneCounts(Counts):
    """The cases of one zone and kind."""

    zone_id: str
    kind: str


class DayCounts(Counts):
    """The cases of one day of the camera's calendar."""

    day: str


class ReplayedCase(BaseModel):
    """One case in one world; `box` is left, top, right, bottom in 0..1 of the picture.

    `case_id` is the office's own number of what was found, when it has one.
    """

    incident_id: str
    case_id: int | None = None
    zone_id: str
    started_at: datetime
    confirmed_at: datetime
    ended_at: datetime | None
    box: tuple[float, float, float, float]


class CasePair(BaseModel):
    """A case as it was found, and as it would have been; one of the two may be missing."""

    change: Change
    kind: str
    zone_id: str
    class_name: str
    found: ReplayedCase | None
    would: ReplayedCase | None


class Limit(BaseModel):
    """What the replay cannot know, of one zone and kind or of the whole camera.

    `reason`: class_not_tracked, load_not_classified, looks_too_rare, not_looked_at or unfit.
    """

    model_config = ConfigDict(populate_by_name=True)
    reason: str
    detail: str
    zone_id: str | None
    kind: str | None
    since: Annotated[datetime, Field(alias="from")]
    until: datetime
    seconds: float


class ReplayOut(BaseModel):
    """The comparison. When time ran out `complete` is false, and `until` is how far it came."""

    model_config = ConfigDict(populate_by_name=True)
    camera_id: str
    since: Annotated[datetime, Field(alias="from")]
    until: datetime
    complete: bool
    looks: int
    summary: Counts
    zones: list[ZoneCounts]
    days: list[DayCounts]
    cases: list[CasePair]
    cases_left_off: int
    limits: list[Limit]


class ReplayJob(BaseModel):
    """A replay under way or done: `result` when it is done, `problem` (one line) when it failed."""

    id: str
    camera_id: str
    state: Literal["running", "done", "failed", "cancelled"]
    share: float
    problem: str | None = None
    result: ReplayOut | None = None
