"""A camera that the office configures has all that a record of it needs to become evidence."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from streetwarden.camera_facts import CameraFacts
from streetwarden.cameras_file import CameraConfig, CamerasFile
from tests.api.conftest import Service
from tests.api.test_cameras_and_zones import SQUARE, add_camera, save_zone

MASK = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.3]]
KNOWN = {
    "place": "Harbour Road 12, 港口路",
    "direction": "north-east",
    "privacy_masks": [MASK],
    "onvif_url": "http://10.0.0.7/onvif/device_service",
}
CONFIG, CAMERA = "/api/v1/worker/config", "/api/v1/cameras/north-gate"


def watched(worker: httpx.Client) -> CameraConfig:
    """What a worker makes of its configuration."""
    return CamerasFile.model_validate(worker.get(CONFIG).json()).cameras[0]


def change(ops: httpx.Client, **what: Any) -> httpx.Response:
    return ops.patch(CAMERA, json={"version": ops.get(CAMERA).json()["version"], **what})


def test_a_worker_gets_all_that_the_office_knows_of_a_camera(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    assert add_camera(ops, **KNOWN).json().items() >= KNOWN.items()
    save_zone(ops, warning_only_until="2026-03-31")
    camera = watched(worker)
    assert (camera.place, camera.direction, camera.onvif_url) == tuple(
        KNOWN[name] for name in ("place", "direction", "onvif_url")
    )
    assert camera.privacy_masks == (tuple(tuple(point) for point in MASK),)
    assert camera.zones[0].warning_only_until == date(2026, 3, 31)
    assert CameraFacts(camera) is not None


def test_a_change_of_each_reaches_the_worker_by_a_new_tag(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    add_camera(ops)
    for name, value in KNOWN.items():
        tag = worker.get(CONFIG).headers["etag"]
        assert change(ops, **{name: value}).json()[name] == value
        answer = worker.get(CONFIG, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.json()["cameras"][0][name] == value


def test_what_is_told_can_be_taken_back(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    add_camera(ops, **KNOWN)
    assert change(ops, place=None, direction=None, onvif_url=None, privacy_masks=[]).status_code == 200
    camera = watched(worker)
    assert (camera.place, camera.direction, camera.onvif_url, camera.privacy_masks) == (None, None, None, ())


def test_a_zones_warning_period_stays_until_it_is_told_otherwise(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    add_camera(ops)
    save_zone(ops, warning_only_until="2026-03-31")
    assert save_zone(ops, base_version=1).json()["warning_only_until"] == "2026-03-31"
    assert save_zone(ops, base_version=2, warning_only_until=None).status_code in {200, 201}
    assert watched(worker).zones[0].warning_only_until is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("privacy_masks", [[[0, 0], [1, 1]]]),
        ("privacy_masks", [[[0, 0], [2, 0], [1, 1]]]),
        ("privacy_masks", [[[0, 0], [1, 1], [1, 0], [0, 1]]]),
        ("privacy_masks", [SQUARE] * 65),
        ("onvif_url", "ftp://10.0.0.7/"),
        ("onvif_url", "http://admin:secret@10.0.0.7/"),
        ("place", "two\nlines"),
        ("direction", " "),
    ],
)
def test_what_a_worker_could_not_use_is_refused(service: Service, field: str, value: Any) -> None:
    answer = add_camera(service.person("ops"), **{field: value})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(field)
