"""Zones over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.zones import service
from api.zones.schemas import RetirementIn, ZoneIn, ZoneList, ZoneOut

router = APIRouter(tags=["zones"])


@router.get("/zones")
def list_zones(
    office: OfficeDep, who: PrincipalDep, camera_id: Annotated[str | None, Query(max_length=64)] = None
) -> ZoneList:
    """The zones in use."""
    return ZoneList(items=[ZoneOut.model_validate(row) for row in service.read_current(office, who, camera_id)])


@router.get("/cameras/{camera_id}/zones/{zone_id}/versions")
def list_zone_versions(office: OfficeDep, who: PrincipalDep, camera_id: Identifier, zone_id: Identifier) -> ZoneList:
    """Every version of a zone, newest first."""
    rows = service.read_versions(office, who, camera_id, zone_id)
    return ZoneList(items=[ZoneOut.model_validate(row) for row in rows])


@router.put("/cameras/{camera_id}/zones/{zone_id}")
def put_zone(office: OfficeDep, who: PrincipalDep, camera_id: Identifier, zone_id: Identifier, told: ZoneIn) -> ZoneOut:
    """Save a zone as its next version; 409 when somebody saved one meanwhile."""
    return ZoneOut.model_validate(service.save(office, who, camera_id, zone_id, told))


@router.post("/cameras/{camera_id}/zones/{zone_id}/retirement")
def retire_zone(
    office: OfficeDep, who: PrincipalDep, camera_id: Identifier, zone_id: Identifier, told: RetirementIn
) -> ZoneOut:
    """End a zone; its versions stay."""
    row = service.retire(office, who, camera_id, zone_id, told.base_version, told.reason)
    return ZoneOut.model_validate(row)
