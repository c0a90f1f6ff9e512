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


class ReplayCancelledError(ApiError):
    """Nobody waits for it any more."""

    status = HTTPStatus.GONE


class Watch(Protocol):
    """Whoever waits for a replay; may be asked and told from any thread."""

    def tell(self, share: float) -> None:
        """So much of the time that is replayed is done, 0..1."""
        ...

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more."""
        ...


class Replayer(Protocol):
    """Judges what is stored of one camera by other zones, in bounded time."""

    def keeps(self, camera_id: str) -> bool:
        """Whether anything is stored of this camera where this one can read it."""
        ...

    def __call__(
        self, camera: Mapping[str, Any], since: datetime, until: datetime, watch: Watch | None = None
    ) -> dict[str, Any]:
        """The comparison, in the shape of `api.replay.schemas.ReplayOut`, of aware times.

        `camera`: `id`, `timezone` and `zones`, as a worker's configuration has them. With a `watch` it may take
        minutes. Raises ApiError; ReplayCancelledError when nobody waits any more.
        """
        ...
