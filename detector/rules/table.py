"""The table of rules. A new kind of violation is one new file beside this one, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from detector.rules import (
    abandoned_vehicle,
    blocked_tactile_paving,
    exposed_garbage,
    illegal_parking,
    overflowing_bin,
    street_vending,
    uncovered_muck_truck,
)
from detector.rules.base import Rule, RuleConfig

RULES: Mapping[str, Rule] = {
    rule.kind: rule
    for rule in (
        illegal_parking.RULE,
        street_vending.RULE,
        exposed_garbage.RULE,
        uncovered_muck_truck.RULE,
        abandoned_vehicle.RULE,
        overflowing_bin.RULE,
        blocked_tactile_paving.RULE,
    )
}  # fmt: skip


def rule_for(kind: str) -> Rule:
    """The rule of that kind. Raises KeyError, naming the known kinds."""
    if kind not in RULES:
        raise KeyError(f"unknown rule kind {kind!r}; known: {', '.join(sorted(RULES))}")
    return RULES[kind]


def _parse(value: Any) -> Any:
    """Hand a mapping to the config of the kind it names."""
    if isinstance(value, RuleConfig):
        return value
    if not isinstance(value, Mapping):
        raise PydanticCustomError("rule", "a rule is a mapping with the key 'kind'")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in RULES:
        raise _unknown(kind, missing="kind" not in value)
    return RULES[kind].config.model_validate(value)


def _unknown(kind: Any, *, missing: bool) -> ValidationError:
    known = ", ".join(sorted(RULES))
    text = "a rule names its kind; known: {known}" if missing else "unknown rule kind '{kind}'; known: {known}"
    error = PydanticCustomError("rule_kind", text, {"kind": str(kind), "known": known})
    return ValidationError.from_exception_data("rule", [InitErrorDetails(type=error, loc=("kind",), input=kind)])


AnyRuleConfig = Annotated[RuleConfig, BeforeValidator(_parse)]
"""For pydantic models: any rule of the table, told by its `kind`."""
