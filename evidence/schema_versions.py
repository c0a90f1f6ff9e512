"""Versions of a signed schema: newer fields are marked, and left out when an older document is spelt again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Since:
    """Marks a field that the schema has only since this version."""

    version: int


def without_newer(model: BaseModel, dumped: dict[str, Any], version: int) -> dict[str, Any]:
    """`dumped`, the model's JSON by alias, without the fields that the schema did not have at that version."""
    kept: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        if _since(field) <= version:
            key = field.alias or name
            kept[key] = _value(getattr(model, name), dumped[key], version)
    return kept


def _since(field: FieldInfo) -> int:
    return next((mark.version for mark in field.metadata if isinstance(mark, Since)), 1)


def _value(value: Any, dumped: Any, version: int) -> Any:
    if isinstance(value, BaseModel):
        return without_newer(value, dumped, version)
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        return [without_newer(part, spelt, version) for part, spelt in zip(value, dumped, strict=True)]
    return dumped
