"""Base64 and times, each with exactly one spelling."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime


def strict_base64(text: str) -> bytes:
    """Bytes of the one padded base64 form that they have; ValueError for any other spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not the canonical base64 form")
    return raw


def to_ns(moment: datetime) -> int:
    """UTC nanoseconds since the epoch, without the rounding of floats."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000


def from_ns(at_ns: int) -> datetime:
    """The UTC time of nanoseconds since the epoch, to whole microseconds."""
    seconds, rest_ns = divmod(at_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)
