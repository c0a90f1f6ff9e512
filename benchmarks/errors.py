"""What a benchmark refuses."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A benchmark cannot run: one line that says what is missing and what to do."""
