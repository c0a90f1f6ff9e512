"""Named errors of the streams room; each message is one line: which camera, what is wrong, what to do."""

from __future__ import annotations


class StreamError(Exception):
    """Base of every error that `streams` raises."""


class SourceError(StreamError):
    """A camera or clip cannot be opened or read.

    `lasting` says that trying again soon will not help: a wrong password, a missing file, no video in it.
    `timed_out`: nothing came for as long as was waited; a slow camera may need longer.
    """

    def __init__(self, message: str, *, lasting: bool = False, timed_out: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.timed_out = timed_out


class SimulatorError(StreamError):
    """The camera simulator cannot serve: a bad clip, a refused port, a duplicate name."""
