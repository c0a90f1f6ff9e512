"""What the service asks of whoever can make derivatives of sealed packages; the composition root brings it."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from api.errors import ApiError
from evidence.derivatives.make import Kind
from evidence.derivatives.words import Language
from evidence.registry import KeyEntry


class DeriverUnavailableError(ApiError):
    """Nobody makes derivatives here, or somebody else's are being made."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class Deriver(Protocol):
    """Makes derivatives, each with its signed statement."""

    @property
    def key(self) -> KeyEntry:
        """The public key of its statements."""
        ...

    def __call__(self, package: Path, kind: Kind, language: Language, folder: Path) -> None:
        """Put the files of a kind and their statements into `folder`, which exists.

        Raises DerivativeError when they cannot be made: then `folder` may hold some of them.
        """
        ...
