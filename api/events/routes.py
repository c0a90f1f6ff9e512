"""The live stream over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.deps import LARGEST_ID, PrincipalDep
from api.events.feed import Client, Feed
from api.events.log import LiveEvent
from api.guard import identify

router = APIRouter(prefix="/events", tags=["events"])
BEAT_S = 10.0
STREAM = "text/event-stream"


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"description": "Events without end", "content": {STREAM: {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request, who: PrincipalDep, last_event_id: Annotated[str | None, Header(max_length=20)] = None
) -> StreamingResponse:
    """What happens to cases, as it happens (server-sent events).

    Each event's `event` is the step (`case.opened`, `case.appended`, `case.confirm`, ...), its `data` the case's
    number, kind, place and states. `resync` says that events were missed: load the list anew. A comment comes every
    ten seconds. After an interruption, `Last-Event-ID` continues where it ended.
    """
    feed = cast("Feed", request.app.state.feed)
    after = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None
    after = after if after is None or after <= LARGEST_ID else None
    lines = _lines(request, feed, who, after)
    # The first line is asked for here, so that a refusal is an answer and not a broken stream.
    first = await anext(lines)
    return StreamingResponse(_chained(first, lines), media_type=STREAM, headers={"X-Accel-Buffering": "no"})


async def _chained(first: str, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for line in lines:
        yield line


async def _lines(request: Request, feed: Feed, who: PrincipalDep, after: int | None) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    async with feed.listening(who, after) as client:
        yield "retry: 2000\n\n"
        checked = clock()
        while True:
            told = await _next(client)
            if clock() - checked >= BEAT_S:
                # Whoever was signed out or shut out meanwhile hears nothing more, however much there is to hear.
                still = await run_in_threadpool(identify, request)
                told = told if still is not None and still.name == client.who.name else None
                checked = clock()
            if told is None:
                return
            yield told


async def _next(client: Client) -> str | None:
    """The next line for this page; None when the stream is over."""
    if client.missed:
        client.missed = False
        return "event: resync\ndata: {}\n\n"
    try:
        event = await asyncio.wait_for(client.queue.get(), BEAT_S)
    except TimeoutError:
        return ": beat\n\n"
    return None if event is None else _text(event)


def _text(event: LiveEvent) -> str:
    data = json.dumps({**event.body, "at": event.at.isoformat()}, ensure_ascii=False)
    return f"id: {event.number}\nevent: {event.action}\ndata: {data}\n\n"
