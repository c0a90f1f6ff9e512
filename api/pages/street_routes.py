"""The pages of the street: the camera wall and the zones."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.access import Principal
from api.cameras import service as cameras
from api.cameras.schemas import CameraView
from api.db.models import ZoneVersion
from api.deps import OfficeDep, PrincipalDep
from api.office import Office
from api.pages import wall
from api.pages.render import page
from api.zones import service as zones
from api.zones.rules import RULES

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
PROBE = "/api/v1/cameras/{camera_id}/probe"


def _views(office: Office, who: Principal) -> list[CameraView]:
    return [cameras.view(office, file) for file in cameras.read_all(office, who)]


@router.get("/cameras")
def cameras_page(request: Request, office: OfficeDep, who: PrincipalDep) -> Response:
    """The camera wall: pictures, states, figures and files."""
    pictures = wall.latest_pictures(office)
    tiles = [wall.tile_of(camera, pictures.get(camera.id)) for camera in _views(office, who)]
    counts = wall.count_states(tiles)
    return page(request, "cameras.html", tiles=tiles, counts=counts, probe=PROBE in request.app.openapi()["paths"])


@router.get("/zones")
def zones_page(request: Request, office: OfficeDep, who: PrincipalDep) -> Response:
    """Zones in use, and drawing a new one."""
    views = _views(office, who)
    rows = zones.read_current(office, who, None)
    data = {
        "zones": [_zone(row) for row in rows],
        "schemas": {kind: model.model_json_schema() for kind, model in RULES.items()},
        "stills": sorted({each.id for each in views} & set(wall.latest_pictures(office))),
    }
    names = {each.id: each.name for each in views}
    return page(request, "zones.html", cameras=views, names=names, rows=rows, data=data)


def _zone(row: ZoneVersion) -> dict[str, Any]:
    return {
        "camera_id": row.camera_id,
        "id": row.zone_id,
        "version": row.version,
        "class": row.zone_class,
        "polygon": row.polygon,
        "rules": row.rules,
        "author": row.author,
        "reason": row.reason,
    }
