"""What the service asks of whoever can judge stored looks again; the composition root brings it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

from api.errors import ApiError


class ReplayUnavailableError(ApiError):
    """No replay now: nothing is stored where this service runs, or another replay is under way."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class Replayer(Protocol):
    """Judges what is stored of one camera by other zones, in bounded time."""

    def __call__(self, camera: Mapping[str, Any], since: datetime, until: datetime) -> dict[str, Any]:
        """The comparison, in the shape of `api.replay.schemas.ReplayOut`, of aware times.

        `camera`: `id`, `timezone` and `zones`, as a worker's configuration has them. Raises ApiError.
        """
        ...
