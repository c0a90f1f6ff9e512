"""Functions stay short, and the locks name no index."""

from __future__ import annotations

import ast
import re
import statistics

from tests.house.imports import ROOT, modules

LONGEST_LINES = 60


def function_lengths() -> dict[str, int]:
    """Lines of every function of the product, by where it stands."""
    return {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_function_is_longer_than_a_page() -> None:
    assert {where: lines for where, lines in function_lengths().items() if lines > LONGEST_LINES} == {}


def test_the_median_function_is_about_ten_lines() -> None:
    assert statistics.median(function_lengths().values()) <= 12


def test_the_locks_have_pins_and_hashes_and_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        pins = re.findall(r"^[a-z0-9][^\s=]*==", text, re.MULTILINE)
        hashed = re.findall(r"^[a-z0-9].*\\\n\s+--hash=sha256:", text, re.MULTILINE)
        assert len(pins) == len(hashed) > 0
