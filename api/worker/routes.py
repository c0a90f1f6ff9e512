"""The workers' side over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.deps import OfficeDep, PrincipalDep
from api.worker import service
from api.worker.schemas import HealthReport, HeartbeatAnswer, HeartbeatIn, WorkerConfig

router = APIRouter(tags=["workers"])


@router.get(
    "/worker/config",
    response_model=WorkerConfig,
    responses={304: {"description": "Nothing changed since the tag of If-None-Match"}},
)
def get_worker_config(office: OfficeDep, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The cameras and zones to watch, with an entity tag."""
    served = service.config(office)
    headers = {"ETag": served.etag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and served.etag in [each.strip() for each in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(served.body, media_type="application/json", headers=headers)


@router.post("/worker/heartbeat")
def post_heartbeat(office: OfficeDep, told: HeartbeatIn) -> HeartbeatAnswer:
    """A sign of life with the health of every camera."""
    return HeartbeatAnswer(config_etag=service.take_heartbeat(office, told))


@router.get("/health")
def get_health(office: OfficeDep, who: PrincipalDep) -> HealthReport:
    """Workers, cameras, quarantine and cases at a glance."""
    return service.health(office, who)
