"""Canonical JSON (RFC 8785), written and read strictly: a byte sequence is either the canonical one or an error."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import rfc8785

from evidence.errors import ManifestError
from evidence.problems import ProblemCode

MAX_DEPTH = 32
_MARKS = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


def encode(value: Any, where: str = "value") -> bytes:
    """The canonical bytes of a JSON value; ManifestError for NaN, infinities, integers beyond 2^53, lone surrogates."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise ManifestError(ProblemCode.JSON_INVALID, where, f"has no canonical form: {error}") from error


def decode(data: bytes, where: str) -> Any:
    """The value of canonical JSON bytes.

    Raises ManifestError: what `read` raises, or `json_not_canonical` when the bytes are not exactly what RFC 8785
    prescribes for their value.
    """
    value = read(data, where)
    if encode(value, where) != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, where, "is not canonical JSON (RFC 8785)")
    return value


def read(data: bytes, where: str) -> Any:
    """The value of JSON bytes, canonical or not.

    Raises ManifestError: `json_invalid` (not JSON, too deep, NaN) or `json_duplicate_key`.
    """
    _refuse_depth(data, where)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant)
    except DuplicateKey as error:
        raise ManifestError(ProblemCode.JSON_DUPLICATE_KEY, where, f"the key {error} stands twice") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(ProblemCode.JSON_INVALID, where, f"is not JSON: {error}") from error


class DuplicateKey(Exception):
    """A key that stands twice in one object."""


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise DuplicateKey(repr(key[:80]))
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def _refuse_depth(data: bytes, where: str) -> None:
    """Bracket nesting is bounded before the parser recurses; brackets inside strings are skipped."""
    depth, in_string = 0, False
    for mark in _MARKS.findall(data):
        if mark == b'"':
            in_string = not in_string
        elif not in_string and mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ManifestError(ProblemCode.JSON_INVALID, where, f"is nested deeper than {MAX_DEPTH}")
        elif not in_string and mark in b"]}":
            depth -= 1
