"""The OpenAPI description: what FastAPI finds out by itself, and what it cannot know."""

from __future__ import annotations

import re
import threading
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
_ENDS = re.compile(r"\\[AZz]")
_TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"
_MAKING = threading.Lock()
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once however many ask; refusals are problem documents, every operation names its roles."""
    with _MAKING:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    found.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path in found["paths"].values():
        for operation in path.values():
            _complete(operation)
    _say_in_json_schema(found)
    return found


def _say_in_json_schema(part: Any) -> None:
    """Patterns in JavaScript's words, and times of a day, which have no offset as `format: time` demands."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            part["pattern"] = _ENDS.sub(lambda found: "^" if found[0] == r"\A" else "$", part["pattern"])
        if part.get("format") == "time":
            del part["format"]
            part["pattern"] = _TIME_OF_DAY
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _say_in_json_schema(each)


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["security"] = [] if name in PUBLIC else [{scheme: []} for scheme in SCHEMES]
    operation["x-roles"] = sorted(ACCESS.get(name, ()))
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
