"""Testing and finding cameras over HTTP."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from api.deps import Identifier, PrincipalDep
from api.probe.schemas import DeviceStreams, FoundDevices, ProbeIn, ProbeOut, StreamsIn
from api.probe.service import Prober
from api.problems import Problem

NO_WORKER = {
    409: {"model": Problem, "description": "No worker is connected that could do it"},
    424: {"model": Problem, "description": "The worker could not do it, or did not answer"},
}
router = APIRouter(prefix="/cameras", tags=["cameras"], responses=NO_WORKER)  # type: ignore[arg-type]


def get_prober(request: Request) -> Prober:
    """The one of this process."""
    return cast("Prober", request.app.state.prober)


ProberDep = Annotated[Prober, Depends(get_prober)]


@router.post("/probe")
async def probe_address(prober: ProberDep, who: PrincipalDep, told: ProbeIn) -> ProbeOut:
    """Let a worker try a camera's address before it is added: what it sends, a first still, or why not."""
    return await prober.address(who, told)


@router.post("/discovery")
async def discover_cameras(prober: ProberDep, who: PrincipalDep) -> FoundDevices:
    """The devices that answer to ONVIF WS-Discovery in the net of a worker."""
    return await prober.discover(who)


@router.post("/discovery/streams")
async def list_device_streams(prober: ProberDep, who: PrincipalDep, told: StreamsIn) -> DeviceStreams:
    """What a found device streams, asked of it by ONVIF with a user of its own."""
    return await prober.streams(who, told)


@router.post("/{camera_id}/probe")
async def probe_camera(prober: ProberDep, who: PrincipalDep, camera_id: Identifier) -> ProbeOut:
    """Let a worker try a camera's own address, with the credentials that nobody sees."""
    return await prober.camera(who, camera_id)
