"""Replays over HTTP."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.problems import Problem
from api.replay import service
from api.replay.jobs import ReplayJobs
from api.replay.port import Replayer
from api.replay.schemas import ReplayIn, ReplayJob, ReplayOut

router = APIRouter(tags=["zones"])


def get_replayer(request: Request) -> Replayer | None:
    """What the app was given to replay with, if anything."""
    return cast("Replayer | None", getattr(request.app.state, "replayer", None))


def get_jobs(request: Request) -> ReplayJobs:
    """The ones of this process."""
    return cast("ReplayJobs", request.app.state.replays)


JobsDep = Annotated[ReplayJobs, Depends(get_jobs)]
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,32}$")]
ReplayerDep = Annotated[Replayer | None, Depends(get_replayer)]


@router.post(
    "/cameras/{camera_id}/zones/replay",
    responses={503: {"model": Problem, "description": "Nothing is stored here, or another replay is under way"}},
)
def replay_zones(
    office: OfficeDep, who: PrincipalDep, replayer: ReplayerDep, camera_id: Identifier, told: ReplayIn
) -> ReplayOut:
    """What changed zones would have found in the last days, beside what was found, before they are saved."""
    return service.replay(office, who, replayer, camera_id, told)


@router.post("/cameras/{camera_id}/zones/replays", status_code=202)
async def start_replay(jobs: JobsDep, who: PrincipalDep, camera_id: Identifier, told: ReplayIn) -> ReplayJob:
    """Begin the same for a page that shows how far it is; an earlier one of the same person is given up."""
    return (await jobs.start(who, camera_id, told)).shown()


@router.get("/replays/{job_id}")
async def get_replay(jobs: JobsDep, who: PrincipalDep, job_id: JobId) -> ReplayJob:
    """How far a replay is, and its result. One that nobody asks about for 20 s is given up."""
    return jobs.get(who, job_id).shown()


@router.delete("/replays/{job_id}")
async def cancel_replay(jobs: JobsDep, who: PrincipalDep, job_id: JobId) -> ReplayJob:
    """Give a replay up."""
    return jobs.cancel(who, job_id).shown()
