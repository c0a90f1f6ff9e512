"""Hang the pages and their static files into the app."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.oidc.routes import router as oidc_router
from api.pages.map_routes import router as map_router
from api.pages.office_routes import router as office_router
from api.pages.routes import router
from api.pages.street_routes import router as street_router

STATIC = Path(__file__).parent / "static"


class _Static(StaticFiles):
    """Files that browsers keep but ask about each time, so that an update shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def install_pages(app: FastAPI) -> None:
    """Add the pages and `/static`."""
    app.include_router(router)
    app.include_router(street_router)
    app.include_router(office_router)
    app.include_router(map_router)
    app.include_router(oidc_router)
    app.mount("/static", _Static(directory=STATIC), name="static")
