"""The audit log in the words of a page: who did what, to what, and why. The log's own codes stay beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from api.db.models import AuditEntry
from api.pages.i18n import catalogue, translate

# Reasons are words that people wrote, or codes: of decisions, of looks, of what the service found by itself.
_REASONS = ("reason", "purpose", "why")
# Where the words of steps stand.
_STEPS = {"case": "action", "work_order": "order"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is read; `action` and `subject` are as they were hashed."""

    sequence: int
    at: datetime
    actor: str
    action: str
    did: str
    subject: str
    thing: str
    reason: str


def lines(language: str, rows: Iterable[AuditEntry]) -> list[Line]:
    """Rows of the log in one language."""
    return [
        Line(
            sequence=row.sequence,
            at=row.at,
            actor=actor(language, row.actor),
            action=row.action,
            did=did(language, row.action),
            subject=row.subject,
            thing=thing(language, row.subject),
            reason=reason(language, row.reason or ""),
        )
        for row in rows
    ]


def did(language: str, action: str) -> str:
    """What was done; a step of a case in the words of its life. A code that has no word stays."""
    words = catalogue(language)
    if f"did.{action}" in words:
        return words[f"did.{action}"]
    kind, _, step = action.partition(".")
    known = f"{_STEPS[kind]}.{step}" if kind in _STEPS else ""
    return translate(language, f"did.{kind}_step", step=words[known]) if known in words else action


def thing(language: str, subject: str) -> str:
    """What it was done to: `case:5`, `zone:camera/zone`, `alarm:camera_down:camera:north-gate`."""
    kind, _, name = subject.partition(":")
    words = catalogue(language)
    if kind == "alarm":
        alarm, _, rest = name.partition(":")
        name = f"{words.get(f'alarm.{alarm}', alarm)} · {thing(language, rest)}" if rest else name
    return f"{words[f'thing.{kind}']} {name}".strip() if f"thing.{kind}" in words else subject


def actor(language: str, name: str) -> str:
    """Who did it: a name, a system's token, or the service itself."""
    kind, _, rest = name.partition(":")
    if kind == "token" and rest:
        return f"{catalogue(language)['thing.token']} {rest.partition(':')[2] or rest}"
    return catalogue(language).get(f"actor.{name}", name)


def reason(language: str, text: str) -> str:
    """Why: a code in words, or the words that were written."""
    words = catalogue(language)
    return next((words[f"{prefix}.{text}"] for prefix in _REASONS if f"{prefix}.{text}" in words), text)
