"""A camera that the office configures has all that a record of it needs to become evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from detector.incident import TrackPoint
from evidence.clock_reading import ClockReading
from evidence.compose import Material, compose
from evidence.context import RecorderContext
from evidence.grade import GradeLimits
from streams.decode import decode_span
from streetwarden.camera_facts import CameraFacts
from streetwarden.cameras_file import CameraConfig, CamerasFile
from streetwarden.clocks import CameraTime
from tests.api import scene
from tests.api.conftest import Service
from tests.api.test_cameras_and_zones import SQUARE, add_camera, save_zone
from tests.evidence.support import CAMERA_FILE

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


def graded(camera: CameraConfig) -> tuple[str, tuple[str, ...]]:
    """The grade of a good record of a parked car by a camera with a good clock."""
    span = scene.record(14)
    seen = replace(
        scene.incident("incident-1", camera.id),
        limit_seconds=10.0,
        confirmed_pts_ns=12 * scene.SECOND_NS,
        positions=tuple(TrackPoint(second * scene.SECOND_NS, scene.CAR, 0.9) for second in range(1, 13)),
    )
    frame = decode_span(span, 12 * scene.SECOND_NS)[0]
    time = CameraTime(ClockReading(10_000_000, 1_000_000, None, "RTCP", frame.captured_at_ns, None))
    told = CameraFacts(camera).context(frame, {}, time, ())
    limits = GradeLimits(min_size_wh=scene.SIZE_WH)
    context = RecorderContext("1", "street", plates={"illegal_parking": "not_needed"}, grade_limits=limits)
    draft = compose(Material(seen, told, span, span, span), context)
    return draft.fields["grade"], draft.fields["reasons"]


def test_a_camera_configured_in_the_office_makes_evidence(service: Service) -> None:
    ops, worker = service.person("ops"), service.machine()
    add_camera(ops, **KNOWN, file=CAMERA_FILE.model_dump(mode="json"), device_number="44010500001320000001")
    save_zone(ops)
    assert graded(watched(worker)) == ("evidence", ())
    save_zone(ops, base_version=1, warning_only_until="2026-06-30")
    assert graded(watched(worker)) == ("lead", ("warning_period",))
    assert change(ops, file={}).status_code == 200
    assert "camera_file_incomplete" in graded(watched(worker))[1]
