"""The OpenAPI description: what FastAPI finds out by itself, and what it cannot know."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import ACCESS, PUBLIC
from api.guard import COOKIE, CSRF_HEADER
from api.problems import MEDIA_TYPE

SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A machine's token"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": f"With {CSRF_HEADER} to change"},
}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once; refusals are problem documents, and every operation names its roles."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        found.setdefault("components", {})["securitySchemes"] = SCHEMES
        for path in found["paths"].values():
            for operation in path.values():
                _complete(operation)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["security"] = [] if name in PUBLIC else [{scheme: []} for scheme in SCHEMES]
    operation["x-roles"] = sorted(ACCESS.get(name, ()))
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
