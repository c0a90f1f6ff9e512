"""The map: cases by place and hour on both databases, for who may see them, over outlines that the office brings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.db.models import Case, User
from api.map.backdrop import MOST_POINTS
from api.map.service import FRESH_S
from tests.api.conftest import Service
from tests.api.scene import SEALED_AT_NS

CAMERAS = {"north-gate": (23.11, 113.25, "old-town"), "south-gate": (23.10, 113.26, "harbour")}


@pytest.fixture
def reviewer(service: Service) -> httpx.Client:
    """Somebody in an office with three cases of two cameras, one of them far back, and one of a camera unknown."""
    ops = service.person("ops")
    for name, (latitude, longitude, district) in CAMERAS.items():
        body = {"id": name, "url": "rtsp://h/x", "latitude": latitude, "longitude": longitude, "district": district}
        assert ops.post("/api/v1/cameras", json=body).status_code == 201
    worker = service.worker()
    cases = [
        int(service.put(worker, service.sealer.seal(f"at-{number}", camera_id=name)).json()["case_id"])
        for number, name in enumerate(("north-gate", "north-gate", "south-gate", "unknown-gate"))
    ]
    person = service.person("reviewer")
    body = {"action": "reject", "version": 1, "reason": "no_violation"}
    person.post(f"/api/v1/cases/{cases[0]}/decisions", json=body).raise_for_status()
    with service.office.database.writing() as session:
        session.execute(update(Case).where(Case.id == cases[2]).values(started_at=service.clock() - timedelta(days=60)))
    return person


def counted(client: httpx.Client, **wanted: Any) -> dict[str, int]:
    told = client.get("/api/v1/map/counts", params=wanted).raise_for_status().json()
    assert told["total"] == sum(place["cases"] for place in told["places"])
    return {place["camera_id"]: place["cases"] for place in told["places"]}


def test_cases_are_counted_by_place_for_what_is_asked(reviewer: httpx.Client) -> None:
    assert counted(reviewer) == {"north-gate": 2, "unknown-gate": 1, "south-gate": 0}
    assert counted(reviewer, days=90)["south-gate"] == 1
    assert counted(reviewer, stage="rejected") == {"north-gate": 1, "south-gate": 0}
    assert counted(reviewer, stage="waiting", district="harbour", days=90) == {"south-gate": 1}
    assert counted(reviewer, kind="street_vending", days=365) == {"north-gate": 0, "south-gate": 0}
    first = reviewer.get("/api/v1/map/counts").json()["places"][0]
    assert (first["latitude"], first["longitude"], first["kinds"]) == (23.11, 113.25, {"illegal_parking": 2})


def test_hours_are_those_of_the_office_s_clock(service: Service, reviewer: httpx.Client) -> None:
    told = reviewer.get("/api/v1/map/counts").json()
    # 28 May 2026, 20:25 UTC, is a Friday morning in Shanghai.
    assert SEALED_AT_NS // 3_600_000_000_000 % 24 == 20
    assert told["timezone"] == "Asia/Shanghai"
    assert told["hours"][4][4] == 3
    assert sum(map(sum, told["hours"])) == 3
    assert sum(map(sum, reviewer.get("/api/v1/map/counts?district=harbour").json()["hours"])) == 0


def test_what_was_counted_is_told_for_seconds_and_only_to_who_sees_the_same(
    service: Service, reviewer: httpx.Client
) -> None:
    assert counted(reviewer)["south-gate"] == 0
    service.put(service.worker(), service.sealer.seal("later", camera_id="south-gate")).raise_for_status()
    assert counted(service.person("reviewer", username="other"))["south-gate"] == 0
    person = service.person("reviewer", username="partial")
    with service.office.database.writing() as session:
        session.execute(update(User).where(User.username == "partial").values(districts=["harbour"]))
    assert counted(person) == {"south-gate": 1}
    service.clock.advance(seconds=FRESH_S)
    assert counted(reviewer)["south-gate"] == 1


def test_who_is_limited_sees_their_own_part(service: Service, reviewer: httpx.Client) -> None:
    person = service.person("reviewer", username="partial")
    with service.office.database.writing() as session:
        session.execute(update(User).where(User.username == "partial").values(districts=["harbour"]))
    assert counted(person, days=90) == {"south-gate": 1}
    assert service.person("ops").get("/api/v1/map/counts").status_code == 403


def test_a_place_is_given_corrected_and_taken_away(service: Service) -> None:
    ops = service.person("ops")
    body = {"id": "gate", "url": "rtsp://h/x", "latitude": 91, "longitude": 0}
    assert ops.post("/api/v1/cameras", json=body).status_code == 422
    camera = ops.post("/api/v1/cameras", json={**body, "latitude": 23.1}).json()
    assert (camera["latitude"], camera["longitude"]) == (23.1, 0)
    gone = {"version": 1, "latitude": None, "longitude": None}
    assert ops.patch("/api/v1/cameras/gate", json=gone).json()["latitude"] is None


def square(name: str = "Old town") -> dict[str, Any]:
    ring = [[113.2, 23.1], [113.3, 23.1, 4.0], [113.3, 23.2], [113.2, 23.1]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": {"name": name, "secret": "x"}}


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_the_office_brings_outlines_and_takes_them_away(service: Service) -> None:
    admin, url = service.person("admin"), "/api/v1/map/backdrop"
    assert admin.get(url).json() == {"version": 0, "outlines": []}
    street = {"type": "LineString", "coordinates": [[113.2, 23.1], [113.3, 23.1]]}
    told = {"version": 0, "geojson": collection(square(), {"type": "Feature", "geometry": street})}
    put = admin.put(url, json=told)
    assert put.status_code == 200, put.text
    town, road = service.person("reviewer").get(url).json()["outlines"]
    assert (town["name"], town["area"], len(town["paths"][0])) == ("Old town", True, 4)
    assert (road["name"], road["area"], road["paths"]) == ("", False, [[[113.2, 23.1], [113.3, 23.1]]])
    assert admin.put(url, json=told).status_code == 409
    assert service.person("ops").put(url, json=told).status_code == 403
    assert "map_backdrop_changed" in admin.get("/api/v1/audit").text
    assert admin.put(url, json={"version": 1, "geojson": collection()}).json()["outlines"] == []


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [113.2, 23.1]},
        {"type": "Polygon", "coordinates": [[113.2, 23.1]]},
        {"type": "LineString", "coordinates": [[113.2, 95.0], [113.3, 23.1]]},
        {"type": "LineString", "coordinates": [["a", 23.1], [113.3, 23.1]]},
        {"type": "LineString", "coordinates": [[113.2], [113.3]]},
        {"type": "MultiPolygon", "coordinates": [[[]]]},
        {"type": "MultiLineString", "coordinates": [[[113.2, 23.1]] * (MOST_POINTS // 2 + 1)] * 2},
    ],
)
def test_what_cannot_be_drawn_is_refused(service: Service, geometry: dict[str, Any]) -> None:
    told = {"version": 0, "geojson": collection({"type": "Feature", "geometry": geometry})}
    answer = service.person("admin").put("/api/v1/map/backdrop", json=told)
    assert answer.status_code in {413, 422}, answer.text
