"""Replays over HTTP."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.problems import Problem
from api.replay import service
from api.replay.port import Replayer
from api.replay.schemas import ReplayIn, ReplayOut

router = APIRouter(tags=["zones"])


def get_replayer(request: Request) -> Replayer | None:
    """What the app was given to replay with, if anything."""
    return cast("Replayer | None", getattr(request.app.state, "replayer", None))


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
