"""What the office decides about reminders: data with its source, changed by administrators."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.kinds import KINDS
from api.text import Line, Note

Hours = Annotated[float, Field(gt=0, le=400)]


class ReminderRules(BaseModel):
    """`mark` stands before the year of a number; `hours` are working hours to correct, by kind; a kind in
    `before_penalty` is only punished when a served reminder was not heeded."""

    model_config = ConfigDict(extra="forbid")
    mark: Annotated[Line, Field(max_length=20)] = "城管提"
    hours: Annotated[dict[str, Hours], Field(max_length=40)] = Field(
        default_factory=lambda: {"street_vending": 2.0, "exposed_garbage": 4.0}
    )
    other_hours: Hours = 7.0
    before_penalty: Annotated[list[str], Field(max_length=40)] = ["street_vending"]
    source: Note = (
        "Hours: our default. before_penalty: Zhejiang city appearance regulation art. 16 and 17 punish refusal or"
        " lateness to correct; other provinces differ."
    )

    @field_validator("hours", "before_penalty")
    @classmethod
    def _known_kinds(cls, value: dict[str, float] | list[str]) -> dict[str, float] | list[str]:
        unknown = sorted(set(value) - set(KINDS))
        if unknown:
            raise ValueError(f"unknown kind {unknown[0]!r}: expected one of {', '.join(KINDS)}")
        return value

    def hours_for(self, kind: str) -> float:
        """How many working hours somebody has to correct a violation of this kind."""
        return self.hours.get(kind, self.other_hours)
