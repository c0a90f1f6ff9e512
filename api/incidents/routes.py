"""Incidents over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.incidents import service
from api.incidents.schemas import IncidentIn, IncidentView

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.put("/{incident_id}", responses={201: {"model": IncidentView, "description": "New"}})
def put_incident(office: OfficeDep, incident_id: Identifier, told: IncidentIn, response: Response) -> IncidentView:
    """Report the state of an incident; a later state wins, whatever the order of arrival."""
    row, created = service.put(office, incident_id, told)
    response.status_code = 201 if created else 200
    return IncidentView.model_validate(row)


@router.get("/{incident_id}")
def get_incident(office: OfficeDep, who: PrincipalDep, incident_id: Identifier) -> IncidentView:
    """The latest known state of an incident."""
    return IncidentView.model_validate(service.get(office, who, incident_id))
