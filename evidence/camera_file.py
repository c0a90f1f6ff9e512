"""The camera's legal file: what the law wants to be in order before a camera's pictures can be evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pydantic import Field

from evidence.text import Day, Part, Text

# Administrative Penalty Law (2021) art. 41: legal and technical review, a sign, and a published place.
_REVIEWS: Final = (
    "legal_review_no", "legal_review_date", "technical_review_no", "technical_review_date",
    "published_where", "published_date", "sign_photo_ref", "maintenance_valid_until", "verification_valid_until",
)  # fmt: skip


class CameraFile(Part):
    """Reviews, publication, sign and validity of one camera; None is a field that nobody filled in.

    Days are those of the camera's time zone; a validity holds to the end of its day.
    """

    legal_review_no: Text | None = Field(None, description="number of the legal review")
    legal_review_date: Day | None = None
    technical_review_no: Text | None = Field(None, description="number of the technical review")
    technical_review_date: Day | None = None
    published_where: Text | None = Field(None, description="where the camera's place was made public")
    published_date: Day | None = None
    sign_photo_ref: Text | None = Field(None, description="where the picture of the sign at the camera is kept")
    maintenance_valid_until: Day | None = None
    verification_valid_until: Day | None = None
    warning_only_until: Day | None = Field(None, description="last day on which a violation is only warned of")

    def missing(self) -> tuple[str, ...]:
        """The fields that the law wants and that are empty."""
        return tuple(name for name in _REVIEWS if getattr(self, name) in (None, ""))

    def not_valid_on(self, day: date, published_days: int = 0) -> tuple[str, ...]:
        """The fields that do not hold on that day: expired, or dated later than it.

        `published_days`: how long before its use a camera must have been made public.
        """
        return tuple(self._failing(day, published_days))

    def _failing(self, day: date, published_days: int) -> Iterator[str]:
        for name in ("legal_review_date", "technical_review_date"):
            if (begun := getattr(self, name)) is not None and day < begun:
                yield name
        if self.published_date is not None and day < self.published_date + timedelta(days=published_days):
            yield "published_date"
        for name in ("maintenance_valid_until", "verification_valid_until"):
            if (until := getattr(self, name)) is not None and day > until:
                yield name

    def warns_only_on(self, day: date) -> bool:
        """Whether that day lies in the period of warnings."""
        return self.warning_only_until is not None and day <= self.warning_only_until
