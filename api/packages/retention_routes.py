"""What workers ask before they delete their own copies of packages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.cases.holds import retention_states
from api.deps import OfficeDep
from api.text import Id
from evidence.retention import RetentionClass

router = APIRouter(tags=["packages"])
MOST_AT_ONCE = 500


class RetentionQuestion(BaseModel):
    """Packages that somebody would delete."""

    model_config = ConfigDict(extra="forbid")
    package_ids: Annotated[list[Id], Field(max_length=MOST_AT_ONCE)]


class RetentionAnswer(BaseModel):
    """A package's class; `held`: it must stay whatever its age (an appeal, a court, or nobody here knows it)."""

    package_id: str
    retention_class: RetentionClass
    held: bool


class RetentionAnswers(BaseModel):
    """In the order of the question."""

    items: list[RetentionAnswer]


@router.post("/packages/retention")
def ask_retention(office: OfficeDep, question: RetentionQuestion) -> RetentionAnswers:
    """Which packages are nobody's yet, rejected, or part of a case, and which are held back."""
    state = retention_states(office)
    known = [(package_id, state(package_id)) for package_id in question.package_ids]
    return RetentionAnswers(
        items=[
            RetentionAnswer(package_id=package_id, retention_class=each.retention_class, held=each.held)
            for package_id, each in known
        ]
    )
