"""What endpoints ask for, as annotated types."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request

from api.access import Principal
from api.office import Office
from api.text import ID_PATTERN

# SQLite and PostgreSQL both hold 63 bits.
LARGEST_ID = 2**63 - 1


def get_office(request: Request) -> Office:
    """The environment that the app was made with."""
    return cast("Office", request.app.state.office)


def get_principal(request: Request) -> Principal:
    """Who asks, as the guard found out."""
    return cast("Principal", request.state.principal)


OfficeDep = Annotated[Office, Depends(get_office)]
PrincipalDep = Annotated[Principal, Depends(get_principal)]
Identifier = Annotated[str, Path(pattern=rf"^{ID_PATTERN.pattern}$", description="Up to 64 letters, digits, _.-")]
BigIdPath = Annotated[int, Path(ge=1, le=LARGEST_ID)]
BigIdQuery = Annotated[int | None, Query(ge=0, le=LARGEST_ID)]
