"""Nothing is open that is not meant to be, and every operation has its roles written down."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from api.access import ACCESS, MACHINES, PUBLIC, Role
from api.app import build
from api.guard import guard
from tests.api.conftest import Service

# Streams that only end with their page; tests of their own.
ENDLESS = {"stream_events"}
OPEN_PATHS = {"/healthz", "/openapi.json", "/login", "/api/v1/session", "/login/oidc", "/login/oidc/callback"}


def operations(service: Service) -> Iterator[tuple[str, str, str]]:
    """Method, path with its places filled, and name of every route."""
    for route in iter_route_contexts(build(service.office).routes):
        if isinstance(route.original_route, Mount):
            continue
        path = re.sub(r"\{[^}]*\}", "1", str(route.path))
        for method in sorted(route.methods or ()):
            yield method, path, str(route.name)


def test_every_operation_has_its_roles_and_no_role_list_is_left_over(service: Service) -> None:
    names = {name for _method, _path, name in operations(service)}
    assert names == set(ACCESS) | PUBLIC
    assert all(ACCESS[name] for name in ACCESS)


def test_everything_but_the_front_door_is_refused_without_credentials(service: Service) -> None:
    client = service.anonymous()
    answers = {(method, path): client.request(method, path) for method, path, _ in operations(service)}
    open_ones = {path for (_, path), answer in answers.items() if answer.status_code not in {401, 303}}
    assert open_ones <= OPEN_PATHS
    assert len(answers) > 45
    private = answers["GET", "/api/v1/session"], answers["DELETE", "/api/v1/session"]
    assert [answer.status_code for answer in private] == [401, 401]


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic cGVyc29uOnBhc3N3b3Jk", "swt_x"])
def test_wrong_credentials_are_no_credentials(service: Service, header: str) -> None:
    answer = service.anonymous().get("/api/v1/cases", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cookie_does_not_help_a_wrong_token(service: Service) -> None:
    reviewer = service.person("reviewer")
    assert reviewer.get("/api/v1/cases", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_every_role_gets_exactly_its_own_operations(service: Service, role: Role) -> None:
    client = service.machine(role) if role in MACHINES else service.person(role)
    for method, path, name in operations(service):
        if name in PUBLIC or name in {"sign_out", *ENDLESS}:
            continue
        refused = client.request(method, path).status_code == 403
        allowed = role in ACCESS[name]
        assert refused != allowed, f"{role} {method} {path}"


def test_an_operation_outside_the_table_is_refused_for_everybody(service: Service) -> None:
    app = build(service.office)

    def forgotten() -> dict[str, str]:
        return {"secret": "x"}

    app.add_api_route("/forgotten", forgotten)
    assert app.router.dependencies[0].dependency is guard

    async def ask() -> httpx.Response:
        token = service.machine("auditor").headers["Authorization"]
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
            return await client.get("/forgotten", headers={"Authorization": token})

    assert asyncio.run(ask()).status_code == 403


def test_every_answer_carries_the_security_headers(service: Service) -> None:
    client = service.anonymous()
    for path in ("/healthz", "/login", "/static/app.css", "/api/v1/cases", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "no-store" in client.get("/api/v1/cases").headers["cache-control"]


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/..%2f..%2fapp.py", "/static/%2e%2e/routes.py"])
def test_static_files_do_not_lead_out_of_their_folder(service: Service, path: str) -> None:
    assert service.anonymous().get(path).status_code == 404
