"""Who is limited to districts or cameras sees, counts, opens and changes nothing outside them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import PASSWORD, Service


def town(service: Service) -> tuple[int, int]:
    """A case of a camera in the north, one of a camera in the south."""
    ops, worker = service.person("ops"), service.worker()
    for name in ("north", "south"):
        body = {"id": f"{name}-gate", "url": "rtsp://127.0.0.1/1", "district": name}
        assert ops.post("/api/v1/cameras", json=body).status_code == 201
    found = [
        service.put(worker, service.sealer.seal(f"of-{name}", camera_id=f"{name}-gate")).json()["case_id"]
        for name in ("north", "south")
    ]
    return found[0], found[1]


def limited(service: Service, *roles: str, **limits: Any) -> httpx.Client:
    body = {"username": "li", "roles": roles, "password": PASSWORD, **limits}
    assert service.person("admin").post("/api/v1/users", json=body).status_code == 201
    return service.sign_in("li")


@pytest.mark.parametrize("limits", [{"districts": ["north"]}, {"camera_ids": ["north-gate"]}])
def test_a_limited_reviewer_knows_only_their_part(service: Service, limits: dict[str, Any]) -> None:
    north, south = town(service)
    reviewer = limited(service, "reviewer", **limits)
    assert [case["id"] for case in reviewer.get("/api/v1/cases").json()["items"]] == [north]
    assert reviewer.get("/api/v1/cases/counts").json()["counts"]["candidate"] == 1
    whole = service.person("reviewer").get(f"/api/v1/cases/{south}").json()
    package = whole["packages"][0]
    for path in (
        f"/api/v1/cases/{south}",
        f"/api/v1/cases/{south}/related",
        f"/api/v1/packages/{package['package_id']}",
        f"/api/v1/packages/{package['package_id']}/bag",
        package["files"][0]["url"],
        f"/api/v1/incidents/{package['incident_id']}",
    ):
        assert reviewer.get(path).status_code == 404, path
    assert reviewer.put(f"/api/v1/cases/{south}/lock").status_code == 404
    decision = {"action": "confirm", "version": 1}
    assert reviewer.post(f"/api/v1/cases/{south}/decisions", json=decision).status_code == 404
    assert reviewer.get("/api/v1/cases/next").json()["case"]["id"] == north
    assert reviewer.get(f"/api/v1/cases/next?after={north}").json()["case"] is None


def test_limited_ops_keep_only_their_cameras(service: Service) -> None:
    town(service)
    ops = limited(service, "ops", "admin", districts=["north"])
    assert [camera["id"] for camera in ops.get("/api/v1/cameras").json()["items"]] == ["north-gate"]
    for path in ("/api/v1/cameras/south-gate", "/api/v1/cameras/south-gate/still"):
        assert ops.get(path).status_code == 404, path
    assert ops.patch("/api/v1/cameras/south-gate", json={"version": 1, "name": "x"}).status_code == 404
    away = {"version": 1, "district": "south"}
    assert ops.patch("/api/v1/cameras/north-gate", json=away).status_code == 403
    other = {"id": "west", "url": "rtsp://127.0.0.1/1", "district": "west"}
    assert ops.post("/api/v1/cameras", json=other).status_code == 403
    assert ops.get("/api/v1/users").status_code == 403
    assert sum(ops.get("/api/v1/health").json()["cameras_by_state"].values()) == 1


def test_the_camera_file_goes_to_workers_and_shows_what_is_missing(service: Service) -> None:
    ops = service.person("ops")
    file = {"legal_review_no": "L-1", "maintenance_valid_until": "2026-05-01"}
    camera = ops.post("/api/v1/cameras", json={"id": "a", "url": "rtsp://127.0.0.1/1", "file": file}).json()
    assert "technical_review_no" in camera["file_state"]["missing"]
    assert camera["file_state"]["not_valid"] == ["maintenance_valid_until"]
    config = service.worker().get("/api/v1/worker/config").json()
    assert config["cameras"][0]["file"] == file
    wrong = {"id": "b", "url": "rtsp://127.0.0.1/1", "file": {"legal_review": "L-1"}}
    assert ops.post("/api/v1/cameras", json=wrong).status_code == 422
