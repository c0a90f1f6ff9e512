"""Matter codes over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.codes import service
from api.codes.schemas import CodeIn, CodeList, CodeView
from api.deps import OfficeDep, PrincipalDep

router = APIRouter(prefix="/codes", tags=["office"])
Code = Annotated[str, Path(pattern=r"^[0-9]{2,11}$", description="Digits of the standard, or with the district's six")]


@router.get("")
def list_codes(office: OfficeDep, on: date | None = None) -> CodeList:
    """The codes that hold on a day; without one, all that ever held."""
    return CodeList(items=[CodeView.model_validate(row) for row in service.everything(office, on)])


@router.put("/{code}/{valid_from}", responses={201: {"model": CodeView, "description": "New"}})
def put_code(
    office: OfficeDep, who: PrincipalDep, code: Code, valid_from: date, told: CodeIn, response: Response
) -> CodeView:
    """Set a code's conditions, time and unit from a day on."""
    row, created = service.put(office, who, code, valid_from, told)
    response.status_code = 201 if created else 200
    return CodeView.model_validate(row)
