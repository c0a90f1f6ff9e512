"""Derivatives of packages over HTTP."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.packages import derivatives
from api.packages.derivatives import DerivativeList, DerivativeShop, Wanted
from api.packages.service import note_look
from api.problems import Problem
from evidence.derivatives.make import Kind
from evidence.derivatives.words import Language

router = APIRouter(prefix="/packages", tags=["packages"])
FileName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+){1,3}$", max_length=120)]
Purpose = Annotated[str, Query(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$", description="Why; kept in the log")]


class DerivativeIn(BaseModel):
    """What to make: overlay stills, a sheet, an A4 page, a share copy, or a clip that every browser plays."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    language: Language = "zh"


@router.post(
    "/{package_id}/derivatives",
    responses={503: {"model": Problem, "description": "Nobody makes derivatives here, or others are being made"}},
)
def make_derivatives(
    request: Request, office: OfficeDep, who: PrincipalDep, package_id: Identifier, wanted: DerivativeIn
) -> DerivativeList:
    """Make derivatives of one kind, each with a signed statement; made once, then only listed."""
    shop = cast("DerivativeShop", request.app.state.shop)
    return shop.make(who, Wanted(package_id, wanted.kind, wanted.language))


@router.get("/{package_id}/derivatives")
def list_derivatives(office: OfficeDep, who: PrincipalDep, package_id: Identifier) -> DerivativeList:
    """What was derived from a package so far."""
    return derivatives.list_all(office, who, package_id)


@router.get(
    "/{package_id}/derivatives/{name}",
    response_class=FileResponse,
    responses={
        200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def get_derivative(
    office: OfficeDep, who: PrincipalDep, package_id: Identifier, name: FileName, purpose: Purpose = "export"
) -> FileResponse:
    """A derived file or its statement; each look is written to the audit log."""
    path, media_type = derivatives.find(office, who, package_id, name)
    note_look(office, who, package_id, f"derivatives/{name}", purpose)
    shown = media_type in {"image/jpeg", "video/mp4", "application/pdf"}
    return FileResponse(
        path,
        media_type=media_type,
        headers={"Cache-Control": "private, no-store"},
        filename=name,
        content_disposition_type="inline" if shown else "attachment",
    )
