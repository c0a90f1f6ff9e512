"""Named errors of the streams room; each message is one line: which camera, what is wrong, what to do."""

from __future__ import annotations


class StreamError(Exception):
    """Base of every error that `streams` raises."""


class SourceError(StreamError):
    """A camera or clip cannot be opened or read.

    `lasting` says that trying again soon will not help: a wrong password, a missing file, no video in it.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class SimulatorError(StreamError):
    """The camera simulator cannot serve: a bad clip, a refused port, a duplicate name."""
