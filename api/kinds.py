"""The kinds of violation that the office knows: codes and what a rule of each kind may be told.

A table of the office's own, so that the case service needs none of the detector's code; a test compares it with the
detector's table of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

STANDARD = "GB/T 47678.5-2026"
ZONE_CLASSES = ("prohibited", "restricted", "guided")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a rule: its JSON type (`number`, `integer`, `boolean`, `strings`, `object`) and bounds."""

    type: str
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, or None."""
        if not _FITS[self.type](value):
            return f"expected {_NAMES[self.type]}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "number": _is_number,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "strings": lambda value: isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value),
    "object": lambda value: isinstance(value, dict),
}
_NAMES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "strings": "a list of words",
    "object": "an object",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of violation: the matter code (last five digits) and the settings of its rule."""

    code: str
    parameters: Mapping[str, Parameter]


_COMMON = {
    "schedule": Parameter("object"),
    "classes": Parameter("strings"),
    "min_score": Parameter("number", 0, 1),
}
_DAY_S = 86_400.0

KINDS: Mapping[str, Kind] = {
    "illegal_parking": Kind("09009", {**_COMMON, "dwell_seconds": Parameter("number", 1, _DAY_S, required=True)}),
    "street_vending": Kind("09001", {**_COMMON, "dwell_seconds": Parameter("number", 1, _DAY_S, required=True)}),
    "exposed_garbage": Kind("06010", {**_COMMON, "dwell_seconds": Parameter("number", 1, _DAY_S, required=True)}),
    "uncovered_muck_truck": Kind("08011", {**_COMMON}),
}


def rule_problem(rule: Mapping[str, Any]) -> str | None:
    """What is wrong with a rule as configured, in words that name the key; None when nothing is."""
    kind = rule.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return f"kind: {kind!r} is unknown; known are {', '.join(sorted(KINDS))}"
    known = KINDS[kind].parameters
    for key, value in rule.items():
        if key == "kind":
            continue
        if key not in known:
            return f"{key}: {kind} has no such setting; it has {', '.join(sorted(known))}"
        if problem := known[key].problem(value):
            return f"{key}: {problem}"
    missing = [key for key, parameter in known.items() if parameter.required and key not in rule]
    return f"{missing[0]}: {kind} needs it" if missing else None
