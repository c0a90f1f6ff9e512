"""Packages over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.access import Principal
from api.deps import Identifier, OfficeDep, PrincipalDep
from api.errors import InvalidError, TooLargeError
from api.office import Office
from api.packages import service, tombstones
from api.packages.arrival import Accepted, accept
from api.packages.schemas import PackageAccepted, PackageView, QuarantinePage, QuarantineRow
from api.packages.store import Arrival
from api.packages.tombstones import TombstoneView

# So many packages are verified and entered at once. More would be slower, waiting for each other with threads that
# people's pages need.
TAKEN_AT_ONCE = 3
router = APIRouter(prefix="/packages", tags=["packages"])
quarantine_router = APIRouter(prefix="/quarantine", tags=["packages"])
# The body of an upload is read in pieces and has its own bound.
upload_router = APIRouter(prefix="/packages", tags=["packages"])
ZIP = "application/zip"
BODY = {"requestBody": {"required": True, "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}}


@upload_router.put(
    "/{package_id}",
    openapi_extra=BODY,
    responses={201: {"model": PackageAccepted, "description": "Stored, and a case opened or found"}},
)
async def put_package(
    request: Request, office: OfficeDep, who: PrincipalDep, package_id: Identifier, response: Response
) -> PackageAccepted:
    """Push a sealed package: a zip of its bag. The same package again is acknowledged and changes nothing."""
    if request.headers.get("content-type", "").split(";")[0].strip() != ZIP:
        raise InvalidError(f"A package is sent as {ZIP}.")
    with office.store.receiving() as arrival:
        await _receive(request, arrival, office.settings.max_package_bytes)
        async with request.app.state.taking:
            accepted = await run_in_threadpool(_taken, office, who, package_id, arrival)
    response.status_code = 201 if accepted.created else 200
    return PackageAccepted(package_id=accepted.package_id, case_id=accepted.case_id, incident_id=accepted.incident_id)


def _taken(office: Office, who: Principal, package_id: str, arrival: Arrival) -> Accepted:
    """In a thread: what was unpacked is removed here too, where nobody else waits for the disk."""
    try:
        return accept(office, who, package_id, arrival)
    finally:
        arrival.clear()


async def _receive(request: Request, arrival: Arrival, limit: int) -> None:
    """Write the body to disk as it comes, and stop as soon as it is too large."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else 0
    received = 0
    with arrival.upload.open("wb") as file:
        async for chunk in request.stream():
            received += len(chunk)
            if max(size, received) > limit:
                raise TooLargeError(f"A package has at most {limit} bytes.")
            file.write(chunk)


@router.get("/{package_id}")
def get_package(office: OfficeDep, who: PrincipalDep, package_id: Identifier) -> PackageView:
    """A verified package and its files."""
    return service.get(office, who, package_id)


@router.get("/{package_id}/tombstone")
def check_tombstone(office: OfficeDep, who: PrincipalDep, package_id: Identifier) -> TombstoneView:
    """What stands for a deleted package, and whether its signature and the chain around it hold; checked each time."""
    return tombstones.check(office, who, package_id)


Purpose = Annotated[str, Query(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$", description="Why; kept in the log")]


@router.get(
    "/{package_id}/files/{path:path}",
    response_class=FileResponse,
    responses={
        200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The part that was asked for"},
    },
)
def get_package_file(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    package_id: Identifier,
    path: str,
    purpose: Purpose = "review",
) -> FileResponse:
    """A file of a verified package, in parts if wanted; each look is written to the audit log."""
    found = service.find_file(office, who, package_id, path)
    if office.looks.begins(who.name, package_id, path, request.headers.get("range"), office.now()):
        service.note_look(office, who, package_id, path, purpose)
    headers = {"Cache-Control": "private, no-store", "Content-SHA256": found.sha256}
    kind = "inline" if found.shown else "attachment"
    return FileResponse(
        found.path,
        media_type=found.media_type,
        headers=headers,
        filename=found.path.name,
        content_disposition_type=kind,
    )


@router.get(
    "/{package_id}/bag",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The bag as a zip", "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def download_package(
    office: OfficeDep, who: PrincipalDep, package_id: Identifier, purpose: Purpose = "export"
) -> StreamingResponse:
    """The whole package as it was sealed; `streetwarden verify` checks it without this service."""
    chunks = service.bag(office, who, package_id)
    service.note_look(office, who, package_id, "bag", purpose)
    headers = {"Content-Disposition": f'attachment; filename="{package_id}.zip"', "Cache-Control": "private, no-store"}
    return StreamingResponse(chunks, media_type=ZIP, headers=headers)


@quarantine_router.get("")
def list_quarantine(office: OfficeDep, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> QuarantinePage:
    """Packages that did not verify, with the reason."""
    rows = service.list_quarantined(office, limit)
    return QuarantinePage(items=[QuarantineRow.model_validate(row) for row in rows])
