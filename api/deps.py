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


# Async, though they wait for nothing: what is not takes a way through the thread pool, which under load costs more than
# many a request itself.
async def _office(request: Request) -> Office:
    return get_office(request)


async def _principal(request: Request) -> Principal:
    """Who asks, as the guard found out."""
    return cast("Principal", request.state.principal)


OfficeDep = Annotated[Office, Depends(_office)]
PrincipalDep = Annotated[Principal, Depends(_principal)]
Identifier = Annotated[str, Path(pattern=rf"^{ID_PATTERN.pattern}$", description="Up to 64 letters, digits, _.-")]
BigIdPath = Annotated[int, Path(ge=1, le=LARGEST_ID)]
BigIdQuery = Annotated[int | None, Query(ge=0, le=LARGEST_ID)]
