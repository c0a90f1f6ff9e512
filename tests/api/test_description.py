"""The published description of the interface is the interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api.access import ACCESS, PUBLIC
from api.openapi import document
from tests.api.conftest import Service

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


def operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in description["paths"].values() for operation in path.values()]


def test_the_committed_description_is_the_services_own() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == document(), "python -m api.openapi docs/reference/openapi.json"


def test_every_operation_is_named_described_and_says_who_may() -> None:
    found = operations(json.loads(COMMITTED.read_text(encoding="utf-8")))
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)
    for operation in found:
        assert operation.get("description") or operation["operationId"] == "healthz"
        assert operation["x-roles"] == sorted(ACCESS.get(operation["operationId"], ()))
        assert bool(operation["security"]) == (operation["operationId"] not in PUBLIC)


def test_refusals_have_the_described_shape(service: Service) -> None:
    description = service.anonymous().get("/openapi.json").json()
    schema = description["components"]["schemas"]["Problem"]
    admin = service.person("admin")
    answers = [
        service.anonymous().get("/api/v1/cases"),
        service.machine().get("/api/v1/cases"),
        admin.get("/api/v1/cases/77"),
        admin.post("/api/v1/users", json={"username": "!"}),
        admin.get("/api/v1/nothing"),
        admin.put("/api/v1/cases", json={}),
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 404, 422, 404, 405]
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert set(schema["required"]) <= set(body) <= set(schema["properties"])
        assert body["status"] == answer.status_code
        assert "\n" not in body["detail"]
