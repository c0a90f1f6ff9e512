"""Errors that end a command with one line and exit code 2."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input: the message says what, where and what to do, in one line."""
