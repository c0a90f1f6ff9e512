"""Time stamps of packages over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ValidationError

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.errors import InvalidError
from api.packages.stamps import take
from evidence.timestamp import TimestampFile

router = APIRouter(prefix="/packages", tags=["packages"])


class TimestampTaken(BaseModel):
    """What the time stamp proves: `trusted` by whom and when, or `unchecked` where the office named no authority."""

    package_id: str
    state: str
    at: str | None
    authority: str | None


@router.put("/{package_id}/timestamp", responses={201: {"model": TimestampTaken, "description": "New"}})
def put_timestamp(
    office: OfficeDep,
    who: PrincipalDep,
    package_id: Identifier,
    stamp: Annotated[dict[str, Any], Body(description="`timestamp.json` as the worker keeps it")],
    response: Response,
) -> TimestampTaken:
    """Push the time stamp of a package that was pushed without one; a second one changes nothing."""
    taken = take(office, who, package_id, _canonical(stamp))
    response.status_code = 201 if taken.created else 200
    return TimestampTaken(package_id=package_id, **taken.finding.to_json())


def _canonical(stamp: dict[str, Any]) -> bytes:
    """The one spelling of a time stamp's file, whatever the request's was."""
    try:
        return TimestampFile.model_validate_json(json.dumps(stamp)).to_bytes()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidError(f"This is no time stamp: {where}: {first['msg']}") from None
