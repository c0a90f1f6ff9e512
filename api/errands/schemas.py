"""Errands as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.text import Id, Note

LONGEST_WAIT_S = 20.0


class ErrandsIn(BaseModel):
    """A worker asks what there is to do, and waits for it up to `wait_s`."""

    model_config = ConfigDict(extra="forbid")
    worker_id: Id
    wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)] = 0.0


class ErrandOut(BaseModel):
    """One thing to do; what `body` holds depends on `kind`."""

    id: str
    kind: str
    body: dict[str, Any]


class ErrandList(BaseModel):
    """What this worker should do now."""

    items: list[ErrandOut]


class ShareIn(BaseModel):
    """How far a worker is, 0..1."""

    model_config = ConfigDict(extra="forbid")
    worker_id: Id
    share: Annotated[float, Field(ge=0, le=1)]


class AnswerIn(BaseModel):
    """What came of it: `result`, or in `error` one line that says why not."""

    model_config = ConfigDict(extra="forbid")
    worker_id: Id
    result: dict[str, Any] | None = None
    error: Note | None = None


class GoOn(BaseModel):
    """Whether somebody still waits for it."""

    go_on: bool
