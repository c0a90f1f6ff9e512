"""Last pictures and live views over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, cast

from anyio import CancelScope
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.errands.schemas import GoOn
from api.errors import TooLargeError
from api.live import service
from api.live.hub import BOUNDARY, MOST_BYTES, LiveHub, View
from api.live.schemas import LiveIn, LiveOut
from api.live.stills import MOST_BYTES as MOST_STILL_BYTES
from api.live.stills import LookBook, check_jpeg
from api.office import Office
from api.probe.routes import NO_WORKER

JPEG = "image/jpeg"
STREAM = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
PICTURE = {"requestBody": {"required": True, "content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}}
PRIVATE = {"Cache-Control": "private, no-store"}
router = APIRouter(tags=["cameras"])
ViewId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,32}$")]


def get_hub(request: Request) -> LiveHub:
    """The one of this process."""
    return cast("LiveHub", request.app.state.live)


def get_looks(request: Request) -> LookBook:
    """The one of this process."""
    return cast("LookBook", request.app.state.looks)


HubDep = Annotated[LiveHub, Depends(get_hub)]
LooksDep = Annotated[LookBook, Depends(get_looks)]


@router.get("/cameras/{camera_id}/last", response_class=FileResponse)
def get_last_still(office: OfficeDep, who: PrincipalDep, looks: LooksDep, camera_id: Identifier) -> FileResponse:
    """The last picture of a camera, with its privacy masks; not older than a minute or two while it is watched."""
    return FileResponse(service.last_still(office, who, looks, camera_id), media_type=JPEG, headers=PRIVATE)


@router.put("/worker/stills/{camera_id}", status_code=204, openapi_extra=PICTURE, response_class=Response)
async def put_still(request: Request, office: OfficeDep, camera_id: Identifier) -> Response:
    """A worker's last picture of a camera, in place of the one before."""
    picture = await _body(request, MOST_STILL_BYTES)
    await run_in_threadpool(service.take_still, office, camera_id, picture)
    return Response(status_code=204)


@router.post("/cameras/{camera_id}/live", status_code=201, responses=NO_WORKER)  # type: ignore[arg-type]
async def open_live_view(
    office: OfficeDep, who: PrincipalDep, hub: HubDep, camera_id: Identifier, told: LiveIn
) -> LiveOut:
    """Ask to look at a camera now, for a reason that is written down; the view lasts five minutes at most."""
    view = await service.open_view(office, hub, who, camera_id, told.reason)
    return LiveOut(id=view.id, url=f"/api/v1/live/{view.id}", until=view.until)


class LivePictures(StreamingResponse):
    """The multipart body of a view; when it ends, however it ends, the view does."""

    def __init__(self, parts: AsyncIterator[bytes], office: Office, hub: LiveHub, view: View) -> None:
        super().__init__(parts, media_type=STREAM, headers={**PRIVATE, "X-Accel-Buffering": "no"})
        self._end = partial(service.end_view, office, hub, view)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # The page may be gone, which cancels what is under way here.
            with CancelScope(shield=True):
                await self._end()


@router.get(
    "/live/{view_id}",
    response_class=StreamingResponse,
    responses={**NO_WORKER, 200: {"description": "JPEGs, one in place of the other", "content": {STREAM: {}}}},  # type: ignore[dict-item]
)
async def watch_live_view(office: OfficeDep, who: PrincipalDep, hub: HubDep, view_id: ViewId) -> StreamingResponse:
    """The pictures of a live view, for an `img`: at most two a second, while the page is there."""
    view = hub.view(who, view_id)
    parts = _parts(hub, view)
    try:
        # The first picture is waited for here, so that a refusal is an answer and not a broken picture.
        first = await anext(parts, b"")
    except BaseException:
        with CancelScope(shield=True):
            await service.end_view(office, hub, view)
        raise
    return LivePictures(_chained(first, parts), office, hub, view)


@router.post("/worker/live/{camera_id}", openapi_extra=PICTURE)
async def put_live_picture(request: Request, hub: HubDep, camera_id: Identifier) -> GoOn:
    """A worker's newest picture of a camera that somebody watches; the answer says whether anybody still does."""
    picture = await _body(request, MOST_BYTES)
    check_jpeg(picture)
    return GoOn(go_on=hub.take(camera_id, picture))


async def _body(request: Request, most: int) -> bytes:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise TooLargeError(f"At most {most} bytes are taken.")
    return data


async def _chained(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in parts:
        yield part


async def _parts(hub: LiveHub, view: View) -> AsyncIterator[bytes]:
    """The multipart body. The boundary comes behind each picture: a browser shows a part when it has ended."""
    begin = f"--{BOUNDARY}\r\n".encode()
    async for picture in hub.pictures(view):
        head = f"Content-Type: {JPEG}\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
        yield begin + head + picture + f"\r\n--{BOUNDARY}\r\n".encode()
        begin = b""
