"""The desk where errands wait for workers.

All of it runs on the server's one event loop and in memory: an errand lives for seconds, may hold a camera's password,
and is worth nothing after a restart. So whoever asks and the worker that answers must speak to the same process.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from api.errors import ApiError, BusyError

WORKER_SILENT_S = 45.0
"""Workers ask anew at least every 20 s."""
MOST_WAITING = 100
OnShare = Callable[[float], None]


class NoWorkerError(ApiError):
    """Nobody is there who could do it: that is how the office stands now, and no fault of the service."""

    status = HTTPStatus.CONFLICT


class ErrandFailedError(ApiError):
    """The worker could not do it, or did not answer."""

    status = HTTPStatus.FAILED_DEPENDENCY


class TooMuchError(ApiError):
    """More than is done at once."""

    status = HTTPStatus.TOO_MANY_REQUESTS


@dataclass(eq=False)
class Errand:
    """One thing to do. `worker_id` None: any worker. `taken_by` is who does it; only that one may answer."""

    kind: str
    body: dict[str, Any]
    worker_id: str | None
    answer: asyncio.Future[dict[str, Any]]
    on_share: OnShare | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    taken_by: str | None = None


class Desk:
    """`ask` waits for a worker's answer; workers `take`, `tell` and `finish`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._errands: dict[str, Errand] = {}
        self._seen: dict[str, float] = {}
        self._news = asyncio.Condition()
        self._closed = False

    @property
    def workers(self) -> set[str]:
        """The workers that have asked for errands lately."""
        oldest = self._monotonic() - WORKER_SILENT_S
        self._seen = {worker: at for worker, at in self._seen.items() if at >= oldest}
        return set(self._seen)

    async def ask(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        worker_id: str | None = None,
        timeout_s: float,
        on_share: OnShare | None = None,
    ) -> dict[str, Any]:
        """What a worker answers; cancelling the caller takes the errand back.

        Raises NoWorkerError when none (or not that one) is connected, ErrandFailedError, TooMuchError.
        """
        self._refuse(worker_id)
        errand = Errand(kind, body, worker_id, asyncio.get_running_loop().create_future(), on_share)
        self._errands[errand.id] = errand
        try:
            await self._wake()
            return await asyncio.wait_for(errand.answer, timeout_s)
        except TimeoutError:
            raise ErrandFailedError(f"The worker did not answer within {timeout_s:g} s.") from None
        finally:
            self._errands.pop(errand.id, None)

    def _refuse(self, worker_id: str | None) -> None:
        if worker_id is None and not self.workers:
            raise NoWorkerError("No worker is connected: start one (`streetwarden worker --api URL`) and try again.")
        if worker_id is not None and worker_id not in self.workers:
            raise NoWorkerError(f"Worker {worker_id}, which watches this camera, is not connected.")
        if self._closed or len(self._errands) >= MOST_WAITING:
            raise TooMuchError("The workers have too much to do: try again.", headers={"Retry-After": "10"})

    async def take(self, worker_id: str, wait_s: float, most: int = 4) -> list[Errand]:
        """Errands for this worker, as soon as there are some; none after `wait_s`."""
        self._seen[worker_id] = self._monotonic()
        try:
            async with asyncio.timeout(wait_s), self._news:
                await self._news.wait_for(lambda: self._closed or any(self._free(worker_id)))
        except TimeoutError:
            pass
        self._seen[worker_id] = self._monotonic()
        taken = list(itertools.islice(self._free(worker_id), most))
        for errand in taken:
            errand.taken_by = worker_id
        return taken

    def _free(self, worker_id: str) -> Any:
        return (
            errand
            for errand in self._errands.values()
            if errand.taken_by is None and errand.worker_id in {None, worker_id}
        )

    def tell(self, worker_id: str, errand_id: str, share: float) -> bool:
        """How far a worker is, 0..1; False when nobody waits for it any more."""
        errand = self._errands.get(errand_id)
        if errand is None or errand.taken_by != worker_id:
            return False
        if errand.on_share is not None:
            errand.on_share(share)
        return True

    def finish(self, worker_id: str, errand_id: str, result: dict[str, Any] | None, error: str | None) -> bool:
        """Take a worker's answer; False when nobody waits for it any more."""
        errand = self._errands.get(errand_id)
        if errand is None or errand.taken_by != worker_id or errand.answer.done():
            return False
        if result is None:
            errand.answer.set_exception(ErrandFailedError(error or "The worker gave no reason."))
        else:
            errand.answer.set_result(result)
        return True

    async def close(self) -> None:
        """Let whoever waits go, so that the server can end."""
        self._closed = True
        await self._wake()
        for errand in self._errands.values():
            if not errand.answer.done():
                errand.answer.set_exception(BusyError("The service is ending."))

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()
