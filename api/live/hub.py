"""Live pictures on their way from a worker to those who watch; on the event loop, in memory, and never stored."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.access import Principal
from api.errands.desk import Desk, ErrandFailedError, NoWorkerError, TooMuchError
from api.errors import ApiError, BusyError, NotFoundError

LONGEST_S = 300.0
"""Somebody who still watches then asks anew, with a reason."""
FIRST_PICTURE_S = 12.0
SILENT_S = 15.0
UNUSED_S = 30.0
MOST_VIEWS = 16
MOST_OF_ONE = 2
MOST_CAMERAS = 4
MOST_BYTES = 1_000_000
BOUNDARY = "streetwarden-picture"


@dataclass(eq=False)
class View:
    """One person's look at one camera, until `until`; `watched` once the pictures were asked for."""

    who: Principal
    camera_id: str
    worker_id: str
    until: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    began: datetime | None = None
    pictures: int = 0


@dataclass(eq=False)
class Channel:
    """The newest picture of one camera; `number` rises with each. `errand` keeps the worker at it."""

    picture: bytes = b""
    number: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    errand: asyncio.Task[None] | None = None
    problem: ApiError | None = None
    views: set[View] = field(default_factory=set)

    def put(self, picture: bytes) -> None:
        """A newer picture; whoever did not take the one before never sees it."""
        self.picture, self.number = picture, self.number + 1
        self._wake()

    def fail(self, problem: ApiError) -> None:
        """No more pictures will come."""
        self.problem = problem
        self._wake()

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


class LiveHub:
    """Opens views, takes pictures of workers while somebody watches, and hands them on."""

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now
        self._views: dict[str, View] = {}
        self._channels: dict[str, Channel] = {}
        self._closed = False

    def open(self, who: Principal, camera_id: str, worker_id: str | None) -> View:
        """A view that may be watched once, for a bounded time. Raises ApiError."""
        self._forget()
        if worker_id is None or worker_id not in self._desk.workers:
            raise NoWorkerError("The worker that watches this camera is not connected: there is no live picture now.")
        cameras = {view.camera_id for view in self._views.values()} | {camera_id}
        mine = sum(view.who.name == who.name for view in self._views.values())
        if len(self._views) >= MOST_VIEWS or mine >= MOST_OF_ONE or len(cameras) > MOST_CAMERAS:
            text = "Too many live views are open: close one and try again."
            raise TooMuchError(text, headers={"Retry-After": "10"})
        view = View(who, camera_id, worker_id, self._now() + timedelta(seconds=LONGEST_S))
        self._views[view.id] = view
        return view

    def view(self, who: Principal, view_id: str) -> View:
        """A view of this person's own; raises NotFoundError."""
        self._forget()
        view = self._views.get(view_id)
        if view is None or view.who.name != who.name:
            raise NotFoundError("There is no such live view of yours: open it anew.")
        return view

    def close_view(self, view: View) -> None:
        """Nobody watches it any more; the last one of a camera lets its worker rest."""
        self._views.pop(view.id, None)
        channel = self._channels.get(view.camera_id)
        if channel is None:
            return
        channel.views.discard(view)
        if not channel.views:
            del self._channels[view.camera_id]
            if channel.errand is not None:
                channel.errand.cancel()

    async def pictures(self, view: View) -> AsyncIterator[bytes]:
        """JPEGs, each newer than the one before, as fast as they are taken, until the time is over.

        Raises ApiError when none comes at first; ends when they stop coming later.
        """
        channel, seen = self._watch(view), 0
        patience_s = FIRST_PICTURE_S
        while not self._closed and self._now() < view.until and view.id in self._views:
            if channel.number == seen and not await self._wait(channel, patience_s):
                if not seen:
                    raise channel.problem or ErrandFailedError("No picture came: the camera may be away.")
                return
            if channel.number > seen:
                seen, patience_s = channel.number, SILENT_S
                view.pictures += 1
                yield channel.picture

    async def _wait(self, channel: Channel, patience_s: float) -> bool:
        """Whether news came in time and are no bad ones."""
        if channel.problem is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(channel.news.wait(), patience_s)
                return channel.problem is None
        return False

    def take(self, camera_id: str, picture: bytes) -> bool:
        """A worker's picture; False when nobody watches."""
        channel = self._channels.get(camera_id)
        if channel is None or self._closed:
            return False
        channel.put(picture)
        return True

    def close(self) -> None:
        """Let every stream end, so that the server can."""
        self._closed = True
        for channel in self._channels.values():
            channel.fail(BusyError("The service is ending."))

    def _watch(self, view: View) -> Channel:
        view.began = self._now()
        channel = self._channels.get(view.camera_id)
        if channel is None:
            channel = self._channels[view.camera_id] = Channel()
            channel.errand = asyncio.create_task(self._keep_going(view.camera_id, view.worker_id, channel))
        channel.views.add(view)
        return channel

    async def _keep_going(self, camera_id: str, worker_id: str, channel: Channel) -> None:
        """The worker shows the camera until nobody watches, or it cannot; what it pushes comes to `take`."""
        try:
            await self._desk.ask("live", {"camera_id": camera_id}, worker_id=worker_id, timeout_s=4 * LONGEST_S)
            channel.fail(ErrandFailedError("The worker has ended the live view."))
        except ApiError as error:
            channel.fail(error)

    def _forget(self) -> None:
        """Views that were opened and never watched."""
        now = self._now()
        for view in list(self._views.values()):
            opened = view.until - timedelta(seconds=LONGEST_S)
            if view.began is None and now - opened > timedelta(seconds=UNUSED_S):
                self.close_view(view)
