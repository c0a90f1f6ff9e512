"""The map over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import OfficeDep, PrincipalDep
from api.map import backdrop, service
from api.map.backdrop import Backdrop, BackdropIn
from api.map.schemas import MapCounts, Stage
from api.map.service import MapFilter

router = APIRouter(prefix="/map", tags=["map"])
Days = Annotated[int, Query(ge=1, le=3660, description="Cases that began in so many days up to now")]
KindText = Annotated[str, Query(pattern="^[a-z_]*$", max_length=64, description="One kind; all without it")]
StageText = Annotated[Stage | None, Query(description="How far the cases are; all without it")]
DistrictText = Annotated[str, Query(pattern="^[A-Za-z0-9_.-]*$", max_length=64, description="One district")]


@router.get("/counts")
def get_map_counts(
    office: OfficeDep,
    who: PrincipalDep,
    days: Days = 30,
    kind: KindText = "",
    stage: StageText = None,
    district: DistrictText = "",
) -> MapCounts:
    """Cases by place, the most first (多发区域), and by weekday and hour (多发时段)."""
    return service.counts(office, who, MapFilter(days, kind or None, stage, district or None))


@router.get("/backdrop")
def get_map_backdrop(office: OfficeDep) -> Backdrop:
    """The outlines that the office brought: districts, streets."""
    return backdrop.get(office)


@router.put("/backdrop")
def put_map_backdrop(office: OfficeDep, who: PrincipalDep, told: BackdropIn) -> Backdrop:
    """Replace the outlines by a GeoJSON collection of lines and areas; 409 when they were replaced meanwhile."""
    return backdrop.put(office, who, told)
