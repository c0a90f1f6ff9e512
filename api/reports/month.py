"""Which month a report is about, on the office's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of the office; `begins` and `ends` (exclusive) are UTC."""

    year: int
    month: int
    zone: ZoneInfo

    @classmethod
    def of(cls, at: datetime, zone: ZoneInfo) -> Self:
        """The month in which a moment lies."""
        local = at.astimezone(zone)
        return cls(local.year, local.month, zone)

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Self:
        """`2026-06`, checked before by its pattern."""
        year, _, month = text.partition("-")
        return cls(int(year), int(month), zone)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def shifted(self, months: int) -> Month:
        """So many months later, or earlier."""
        number = self.year * 12 + self.month - 1 + months
        return Month(number // 12, number % 12 + 1, self.zone)

    @property
    def begins(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=self.zone).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        return self.shifted(1).begins
