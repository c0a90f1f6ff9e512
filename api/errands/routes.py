"""Errands over HTTP: the workers' side."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request

from api.errands.desk import Desk
from api.errands.schemas import AnswerIn, ErrandList, ErrandOut, ErrandsIn, GoOn, ShareIn

router = APIRouter(prefix="/worker/errands", tags=["workers"])
ErrandId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,32}$")]


def get_desk(request: Request) -> Desk:
    """The desk of this process."""
    return cast("Desk", request.app.state.desk)


DeskDep = Annotated[Desk, Depends(get_desk)]


@router.post("")
async def take_errands(desk: DeskDep, told: ErrandsIn) -> ErrandList:
    """What this worker should do now: probe a camera, replay zones, show a camera live."""
    taken = await desk.take(told.worker_id, told.wait_s)
    return ErrandList(items=[ErrandOut(id=each.id, kind=each.kind, body=each.body) for each in taken])


@router.post("/{errand_id}/share")
async def tell_errand(desk: DeskDep, errand_id: ErrandId, told: ShareIn) -> GoOn:
    """How far the worker is; the answer says whether anybody still waits."""
    return GoOn(go_on=desk.tell(told.worker_id, errand_id, told.share))


@router.post("/{errand_id}/answer")
async def answer_errand(desk: DeskDep, errand_id: ErrandId, told: AnswerIn) -> GoOn:
    """What came of it; `go_on` is false when nobody waits any more."""
    return GoOn(go_on=desk.finish(told.worker_id, errand_id, told.result, told.error))
