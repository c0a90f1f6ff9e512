"""The pages of the street: the camera wall, the zones and the alarms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.access import Principal
from api.alarms import service as alarms
from api.cameras import service as cameras
from api.cameras.schemas import CameraView
from api.db.models import ZoneVersion
from api.deps import BigIdQuery, OfficeDep, PrincipalDep
from api.office import Office
from api.pages import wall
from api.pages.render import page
from api.zones import service as zones
from api.zones.rules import RULES
from evidence.camera_file import CameraFile

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 100


def _views(office: Office, who: Principal) -> list[CameraView]:
    return [cameras.view(office, file) for file in cameras.read_all(office, who)]


@router.get("/cameras")
def cameras_page(request: Request, office: OfficeDep, who: PrincipalDep) -> Response:
    """The camera wall: pictures, states, figures and files."""
    around = wall.surroundings(office)
    tiles = [wall.tile_of(camera, around) for camera in _views(office, who)]
    fields = [(name, name.rpartition("_")[2] in {"date", "until"}) for name in CameraFile.model_fields]
    return page(request, "cameras.html", tiles=tiles, counts=wall.count_states(tiles), file_fields=fields)


@router.get("/alarms")
def alarms_page(
    request: Request,
    office: OfficeDep,
    who: PrincipalDep,
    *,
    closed: Annotated[bool, Query()] = False,
    before: BigIdQuery = None,
) -> Response:
    """What ops should look after, and what is over."""
    rows = alarms.find(office, who, still_open=not closed, before=before, limit=ROWS)
    names = {each.id: each.name for each in _views(office, who)}
    older = rows[-1].id if len(rows) == ROWS else None
    return page(request, "alarms.html", rows=rows, names=names, closed=closed, next_before=older)


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
