"""Cameras over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.audit.service import Event, record
from api.cameras import service
from api.cameras.schemas import CameraIn, CameraList, CameraUpdate, CameraView
from api.deps import Identifier, OfficeDep, PrincipalDep

router = APIRouter(prefix="/cameras", tags=["cameras"])


@router.get("")
def list_cameras(office: OfficeDep, who: PrincipalDep) -> CameraList:
    """All cameras with their latest health."""
    return CameraList(items=[service.view(office, file) for file in service.read_all(office, who)])


@router.post("", status_code=201)
def create_camera(office: OfficeDep, who: PrincipalDep, told: CameraIn) -> CameraView:
    """Add a camera."""
    return service.view(office, service.create(office, who, told))


@router.get("/{camera_id}")
def get_camera(office: OfficeDep, who: PrincipalDep, camera_id: Identifier) -> CameraView:
    """One camera."""
    return service.view(office, service.read_one(office, who, camera_id))


@router.patch("/{camera_id}")
def update_camera(office: OfficeDep, who: PrincipalDep, camera_id: Identifier, told: CameraUpdate) -> CameraView:
    """Change a camera; 409 when it was changed meanwhile."""
    return service.view(office, service.change(office, who, camera_id, told))


@router.get("/{camera_id}/still", response_class=FileResponse)
def get_camera_still(office: OfficeDep, who: PrincipalDep, camera_id: Identifier) -> FileResponse:
    """The newest picture of this camera, to draw zones on; the look is logged."""
    path = service.latest_still(office, who, camera_id)
    with office.database.writing() as session:
        event = Event(
            "evidence.viewed",
            f"camera:{camera_id}",
            reason="zone",
            after={"file": path.name, "unit": who.unit or None, "name": who.display_name or who.name},
        )
        record(session, who, office.now(), event)
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})
