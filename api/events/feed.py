"""The live stream: one reader of the log for all open pages, a bounded queue for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from api.access import Principal
from api.errors import BusyError
from api.events.log import LiveEvent, Piece, head, read_after
from api.office import Office
from api.scope import sees

POLL_S = 0.25
QUEUE = 200
MOST_CLIENTS = 200
MOST_OF_ONE = 8
# Whoever was away for longer loads the list anew.
LONGEST_REPLAY = 2000


@dataclass(eq=False)
class Client:
    """One open page; `last` is the newest row of the log that it was asked about."""

    who: Principal
    last: int
    queue: asyncio.Queue[LiveEvent | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    missed: bool = False

    def offer(self, piece: Piece) -> None:
        """Take over what this one may see; a page that does not read loses its queue and is told so."""
        for event in piece.events:
            if event.number <= self.last or not sees(self.who, event.camera_id, event.district):
                continue
            if self.queue.full():
                self.missed = True
                while not self.queue.empty():
                    self.queue.get_nowait()
            self.queue.put_nowait(event)
        self.last = max(self.last, piece.last)


class Feed:
    """Reads the log while somebody listens. All of it runs on the server's one event loop."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._clients: set[Client] = set()
        self._reader: asyncio.Task[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def listening(self, who: Principal, after: int | None) -> AsyncIterator[Client]:
        """A client for the length of the block; raises `BusyError` when too many listen."""
        mine = sum(client.who.name == who.name for client in self._clients)
        if self._closed or len(self._clients) >= MOST_CLIENTS or mine >= MOST_OF_ONE:
            raise BusyError("Too many pages listen: close one and try again.", headers={"Retry-After": "10"})
        newest = await run_in_threadpool(self._head)
        known = after if after is not None and newest - LONGEST_REPLAY <= after <= newest else None
        client = Client(who, newest if known is None else known, missed=after is not None and known is None)
        self._clients.add(client)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            yield client
        finally:
            self._clients.discard(client)

    def close(self) -> None:
        """Let every stream end, so that the server can."""
        self._closed = True
        for client in self._clients:
            while not client.queue.empty():
                client.queue.get_nowait()
            client.queue.put_nowait(None)

    async def _read(self) -> None:
        while self._clients and not self._closed:
            piece = await run_in_threadpool(self._piece, min(client.last for client in self._clients))
            for client in self._clients:
                client.offer(piece)
            if not piece.more:
                await asyncio.sleep(POLL_S)

    def _head(self) -> int:
        with self._office.database.glancing() as session:
            return head(session)

    def _piece(self, after: int) -> Piece:
        with self._office.database.glancing() as session:
            return read_after(session, after)
