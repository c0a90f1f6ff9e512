"""What the case service refuses, as exceptions with a status and one clear line."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """A refusal that the caller may read; becomes a problem document (RFC 9457)."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.more = more


class NotSignedInError(ApiError):
    """No credentials, or ones that no longer hold."""

    status = HTTPStatus.UNAUTHORIZED


class NotAllowedError(ApiError):
    """Known, but not for this."""

    status = HTTPStatus.FORBIDDEN


class OneTimePasswordError(NotAllowedError):
    """Somebody else knows this person's password: nothing else is done before it is changed."""


class NotFoundError(ApiError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ApiError):
    """Somebody else changed it meanwhile, or it is known with other content."""

    status = HTTPStatus.CONFLICT


class TooLargeError(ApiError):
    """The body is larger than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class InvalidError(ApiError):
    """The content cannot be accepted."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class LockedOutError(ApiError):
    """Too many wrong passwords."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class BusyError(ApiError):
    """More than this service takes at once."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class SetupError(Exception):
    """The service cannot start: one line that says what, where and what to do."""
