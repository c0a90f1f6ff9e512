"""What a derivative writes of its package: rows of words, in one language. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from evidence.derivatives.words import Language, day_name, kind_name, label, reason_name, text, zone_name
from evidence.encoding import from_ns
from evidence.manifest import Manifest, Moment

Rows = list[tuple[str, str]]


def local_time(manifest: Manifest, at_ns: int) -> str:
    """Date, time to the millisecond and the offset from UTC, on the clock of the camera's place.

    The time is what the record says, cut, not rounded.
    """
    moment = from_ns(at_ns).astimezone(ZoneInfo(manifest.camera.timezone or "UTC"))
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ns // 1_000_000 % 1000:03d} (UTC{_offset(moment)})"


def _offset(moment: datetime) -> str:
    raw = f"{moment:%z}"
    return f"{raw[:3]}:{raw[3:5]}"


def picture_rows(manifest: Manifest, at_ns: int, code: str, language: Language) -> Rows:
    """What stands under a still, after GA/T 832-2014: time, place, direction, device, violation, hours, code."""
    camera, unknown = manifest.camera, text("unknown", language)
    rows = [
        ("time", local_time(manifest, at_ns)),
        ("place", camera.place or camera.name or unknown),
        ("direction", camera.direction or unknown),
        ("device", camera.device_number or camera.id),
        ("violation", violation(manifest, language)),
        ("hours", hours(manifest, language)),
        ("code", code),
    ]
    return [(label(name, language), value) for name, value in rows]


def case_rows(manifest: Manifest, language: Language) -> Rows:
    """What a sheet says of the whole package."""
    camera, times, unknown = manifest.camera, manifest.times, text("unknown", language)
    rows = [
        ("violation", violation(manifest, language)),
        ("began", _moment(manifest, times.started)),
        ("confirmed", _moment(manifest, times.confirmed)),
        ("ended", text("going_on", language) if times.ended is None else _moment(manifest, times.ended)),
        ("limit", duration(manifest.zone.limit_seconds, language)),
        ("place", camera.place or camera.name or unknown),
        ("direction", camera.direction or unknown),
        ("device", camera.device_number or camera.id),
        ("hours", hours(manifest, language)),
        ("clock", clock(manifest, language)),
        ("likeness", _likeness(manifest, language)),
        ("grade", text(manifest.grade, language)),
        ("reasons", "; ".join(reason_name(reason, language) for reason in manifest.reasons) or "-"),
        ("sealed", local_time(manifest, manifest.sealed_at_ns)),
        ("software", manifest.made_by.software),
    ]
    return [(label(name, language), value) for name, value in rows]


def violation(manifest: Manifest, language: Language) -> str:
    """The kind with its codes and the class of the zone."""
    codes = ", ".join(f"{entry.code} {entry.standard_ref}" for entry in manifest.violation.codes)
    zone = zone_name(manifest.zone.zone_class, language)
    return f"{kind_name(manifest.violation.kind, language)} ({'; '.join(filter(None, (zone, codes)))})"


def hours(manifest: Manifest, language: Language) -> str:
    """When the rule is in force, as short as it can be said."""
    own = manifest.zone.hours
    schedule = own.get(manifest.violation.kind) if isinstance(own, dict) else None
    if not isinstance(schedule, dict):
        return text("unknown" if own is None else "always", language)
    listed: Any = schedule.get("windows")
    windows = [_window(window, language) for window in listed or []]
    said = "; ".join(windows) or text("always", language)
    return f"{said}, {text('except', language)}" if schedule.get("exceptions") else said


def _window(window: Any, language: Language) -> str:
    days, spans = window.get("weekdays") or [], window.get("hours") or []
    said = [] if len(days) in {0, 7} else ["/".join(day_name(day, language) for day in days)]
    if spans and spans != ["00:00-24:00"]:
        said.append(", ".join(spans))
    return " ".join(said) or text("always", language)


def duration(seconds: float, language: Language) -> str:
    """A limit in words."""
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:g} {text('minutes', language)}"
    return f"{seconds:g} {text('seconds', language)}"


def clock(manifest: Manifest, language: Language) -> str:
    """How far the clock was off, and how that is known."""
    state = manifest.times.clock
    if state.offset_ns is None:
        return f"{text('not_measured', language)} ({state.time_source})"
    uncertain = (state.uncertainty_ns or 0) / 1e9
    return f"{state.offset_ns / 1e9:+.3f} s, {text('unit', language)} {uncertain:.3f} s ({state.time_source})"


def _moment(manifest: Manifest, moment: Moment) -> str:
    return local_time(manifest, moment.at_ns)


def _likeness(manifest: Manifest, language: Language) -> str:
    found = manifest.subject.likeness
    if found is None:
        return text("unknown", language)
    return f"{found.appearance:.2f} (≥ {found.least:.2f})"
