"""Ops keep cameras and zones; what they save, workers can use."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import select

from api.db.models import Camera
from api.kinds import KINDS
from api.zones.rules import RULES as OFFICE_RULES
from detector.rules.table import RULES as DETECTOR_RULES
from detector.zones import Zone
from tests.api.conftest import Service

SECRET_URL = "rtsp://admin:pa55word@10.1.2.3:554/stream?token=abc"
SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
PARKING = {"kind": "illegal_parking", "dwell_seconds": 180}


def add_camera(client: httpx.Client, **more: Any) -> httpx.Response:
    return client.post("/api/v1/cameras", json={"id": "north-gate", "url": SECRET_URL, **more})


def save_zone(client: httpx.Client, base_version: int = 0, **more: Any) -> httpx.Response:
    body = {"class": "prohibited", "polygon": SQUARE, "rules": [PARKING], "base_version": base_version, **more}
    return client.put("/api/v1/cameras/north-gate/zones/kerb", json=body)


def test_a_cameras_credentials_are_shown_to_nobody_but_workers(service: Service) -> None:
    ops = service.person("ops", "admin", "auditor")
    assert add_camera(ops).status_code == 201
    pages = [
        ops.get(path).text
        for path in ("/api/v1/cameras", "/api/v1/cameras/north-gate", "/cameras", "/zones", "/api/v1/audit", "/audit")
    ]
    assert all("pa55word" not in page and "token=abc" not in page for page in pages)
    assert "rtsp://10.1.2.3:554/stream" in pages[0]
    config = service.machine().get("/api/v1/worker/config").json()
    assert config["cameras"][0]["url"] == SECRET_URL


def test_a_cameras_address_is_encrypted_at_rest(service: Service) -> None:
    add_camera(service.person("ops"))
    with service.office.database.reading() as session:
        stored = session.scalars(select(Camera)).one()
    assert b"pa55word" not in stored.url_encrypted
    assert oct(service.settings.secret_path.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://h/x",
        "rtsp://",
        "javascript:alert(1)",
        "rtsp://h:99999/",
        "rtsp://a b/",
    ],
)
def test_only_camera_addresses_are_taken(service: Service, url: str) -> None:
    answer = add_camera(service.person("ops"), url=url)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("url: the address")
    assert url not in answer.text or url == "rtsp://"


def test_two_cameras_cannot_have_one_id(service: Service) -> None:
    ops = service.person("ops")
    assert [add_camera(ops).status_code for _ in range(2)] == [201, 409]


def test_a_camera_changed_meanwhile_is_a_conflict(service: Service) -> None:
    ops = service.person("ops")
    add_camera(ops)
    change = {"version": 1, "name": "Gate"}
    assert ops.patch("/api/v1/cameras/north-gate", json=change).json()["version"] == 2
    assert ops.patch("/api/v1/cameras/north-gate", json=change).status_code == 409


def test_a_camera_that_is_switched_off_is_not_watched(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    add_camera(ops)
    before = worker.get("/api/v1/worker/config")
    ops.patch("/api/v1/cameras/north-gate", json={"version": 1, "enabled": False})
    after = worker.get("/api/v1/worker/config", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()) == (200, {"cameras": []})


def test_a_zone_is_never_edited_in_place(service: Service) -> None:
    ops = service.person("ops", username="wang")
    add_camera(ops)
    assert save_zone(ops).json()["version"] == 1
    assert save_zone(ops, 1, rules=[{**PARKING, "dwell_seconds": 60}], reason="complaints").json()["version"] == 2
    versions = ops.get("/api/v1/cameras/north-gate/zones/kerb/versions").json()["items"]
    assert [(each["version"], each["rules"][0]["dwell_seconds"]) for each in versions] == [(2, 60), (1, 180)]
    assert (versions[0]["author"], versions[0]["reason"]) == ("wang", "complaints")
    current = ops.get("/api/v1/zones").json()["items"]
    assert [zone["version"] for zone in current] == [2]


def test_a_zone_saved_meanwhile_by_somebody_else_is_a_conflict(service: Service) -> None:
    ops = service.person("ops")
    add_camera(ops)
    save_zone(ops)
    answer = save_zone(ops)
    assert (answer.status_code, answer.json()["version"]) == (409, 1)


def test_a_retired_zone_is_watched_no_more_but_stays_readable(service: Service) -> None:
    ops = service.person("ops")
    add_camera(ops)
    save_zone(ops)
    url = "/api/v1/cameras/north-gate/zones/kerb"
    assert ops.post(f"{url}/retirement", json={"base_version": 1, "reason": "works"}).json()["retired"]
    assert ops.get("/api/v1/zones").json()["items"] == []
    assert service.machine().get("/api/v1/worker/config").json()["cameras"][0]["zones"] == []
    assert len(ops.get(f"{url}/versions").json()["items"]) == 2
    assert save_zone(ops, 2).json()["version"] == 3


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ([[0, 0], [1, 1]], "at least 3"),
        ([[0, 0], [1.2, 0], [1, 1]], "point 2 (1.2, 0) is outside the picture"),
        ([[0, 0], [1, 0], [-0.1, 1]], "point 3"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "cross"),
        ([[0, 0], [1, 0], [0.5, 0]], "cross or touch"),
        ([[0.5, 0.5], [0.501, 0.5], [0.501, 0.501]], "too small"),
        ([[0, 0], ["a", 0], [1, 1]], "number"),
    ],
)
def test_a_polygon_that_cannot_be_is_refused_in_clear_words(service: Service, polygon: object, words: str) -> None:
    ops = service.person("ops")
    add_camera(ops)
    answer = save_zone(ops, polygon=polygon)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "loitering"}, "unknown kind 'loitering': known are abandoned_vehicle, "),
        ({**PARKING, "dwel": 3}, "dwel"),
        ({"kind": "illegal_parking"}, "dwell_seconds"),
        ({**PARKING, "dwell_seconds": 0}, "greater than 0"),
        ({**PARKING, "min_score": 2}, "min_score"),
        ({**PARKING, "schedule": {"windows": [{"hours": "7-9"}]}}, "HH:MM-HH:MM"),
        ({**PARKING, "schedule": {"timezone": "Mars/Base"}}, "unknown time zone"),
        ({**PARKING, "schedule": {"windows": [{"weekdays": ["monday"]}]}}, "weekdays"),
    ],
)
def test_a_rule_that_workers_would_refuse_is_refused_in_clear_words(
    service: Service, rule: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError):
        Zone.model_validate({"id": "kerb", "polygon": SQUARE, "rules": [rule]})
    ops = service.person("ops")
    add_camera(ops)
    answer = save_zone(ops, rules=[rule])
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


SCHEDULES: list[dict[str, Any]] = [
    {},
    {"timezone": "Asia/Shanghai", "windows": [{"weekdays": ["mon", "tue"], "hours": ["07:00-09:00", "17:00-19:30"]}]},
    {"windows": [{"hours": "22:00-06:00", "start": "2026-05-01", "end": "2026-10-01"}]},
    {"exceptions": [{"dates": ["2026-10-01"], "hours": [], "note": "holiday"}, {"dates": "2026-10-02"}]},
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_zone_that_is_saved_is_one_that_workers_take(service: Service, schedule: dict[str, Any]) -> None:
    ops = service.person("ops")
    add_camera(ops)
    full = {**PARKING, "classes": ["car"], "min_score": 0.4, "min_seen": 0.2, "min_footprint": 0.6, "gap_seconds": 30}
    answer = save_zone(ops, rules=[{**full, "schedule": schedule}])
    assert answer.status_code == 200, answer.text
    told = service.machine().get("/api/v1/worker/config").json()["cameras"][0]["zones"][0]
    expected = {"id": "kerb", "class": "prohibited", "polygon": SQUARE, "rules": [{**full, "schedule": schedule}]}
    assert Zone.model_validate(told) == Zone.model_validate(expected | {"version": 1})


def test_the_offices_table_of_rules_is_the_detectors() -> None:
    assert set(OFFICE_RULES) == set(DETECTOR_RULES)
    for kind, office in OFFICE_RULES.items():
        detector = DETECTOR_RULES[kind]
        assert set(office.model_fields) == set(detector.config.model_fields)
        assert KINDS[kind].code in detector.codes
        assert KINDS[kind].standard_ref == detector.standard_ref
