"""A violation that goes on is one case, whoever saw it again; what cannot be told apart is shown together."""

from __future__ import annotations

from typing import Any

import httpx

from api.cases.continuing import overlap
from evidence.manifest import package_id_for
from tests.api.conftest import Service
from tests.api.scene import SEALED_AT_NS, SECOND_NS, SealedBag

SQUARE = [[0.05, 0.45], [0.95, 0.45], [1.0, 0.9], [0.0, 0.9]]
MINUTE_NS = 60 * SECOND_NS


def seen(service: Service, name: str, later_min: float = 0, **more: Any) -> SealedBag:
    """The street's parked car, so many minutes later."""
    shift = int(later_min * MINUTE_NS)
    times = dict(service.sealer.fields["times"])
    for part in ("started", "confirmed"):
        moment = dict(times[part])
        times[part] = moment | {"at_ns": int(moment["at_ns"]) + shift}
    return service.sealer.seal(name, zone_id="kerb", times=times, sealed_at_ns=SEALED_AT_NS + shift, **more)


def put(service: Service, worker: httpx.Client, bag: SealedBag) -> int:
    answer = service.put(worker, bag)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["case_id"])


def test_the_same_car_after_a_restart_of_the_worker_is_the_same_case(service: Service) -> None:
    worker, reviewer = service.worker(), service.person("reviewer")
    first = put(service, worker, seen(service, "before-the-restart"))
    assert put(service, worker, seen(service, "after-the-restart", 90)) == first
    case = reviewer.get(f"/api/v1/cases/{first}").json()
    assert [package["incident_id"] for package in case["packages"]] == ["before-the-restart", "after-the-restart"]
    assert (case["version"], case["packages_count"]) == (1, 2)
    # A third package of the second incident finds its way too.
    cleared = package_id_for("after-the-restart", 2)
    assert put(service, worker, seen(service, "after-the-restart", 120, part=2, package_id=cleared)) == first
    log = service.person("auditor").get(f"/api/v1/audit?subject=case:{first}").json()["items"]
    assert [entry["action"] for entry in log] == ["case.appended", "case.appended", "case.opened"]


def test_another_car_beside_it_and_the_same_place_after_the_end_are_other_cases(service: Service) -> None:
    worker = service.worker()
    first = put(service, worker, seen(service, "red-car"))
    subject = service.sealer.fields["subject"]
    beside = dict(subject) | {"box_xyxy": (20.0, 190.0, 150.0, 270.0)}
    assert put(service, worker, seen(service, "blue-car", 1, subject=beside)) != first
    ended = {"state": "ended", "ended_at": "2026-05-28T20:30:00Z"}
    incident = service.person("reviewer").get("/api/v1/incidents/red-car").json()
    body = {
        **{name: incident[name] for name in ("camera_id", "zone_id", "zone_version", "kind", "started_at")},
        **ended,
    }
    assert worker.put("/api/v1/incidents/red-car", json=body).status_code == 200
    assert put(service, worker, seen(service, "next-day", 60 * 24)) != first


def test_a_decided_case_is_not_continued(service: Service) -> None:
    worker, reviewer = service.worker(), service.person("reviewer")
    first = put(service, worker, seen(service, "one"))
    decision = {"action": "reject", "reason": "temporary_stop", "version": 1}
    assert reviewer.post(f"/api/v1/cases/{first}/decisions", json=decision).status_code == 200
    assert put(service, worker, seen(service, "two", 2)) != first


def neighbours(service: Service) -> None:
    ops = service.person("ops")
    for name in ("north-gate", "south-gate"):
        assert ops.post("/api/v1/cameras", json={"id": name, "url": "rtsp://127.0.0.1/1"}).status_code == 201
        zone = {"class": "prohibited", "polygon": SQUARE, "rules": [], "base_version": 0, "spot": "corner"}
        answer = ops.put(f"/api/v1/cameras/{name}/zones/kerb", json=zone)
        assert (answer.status_code, answer.json().get("spot")) == (200, "corner"), answer.text


def test_neighbouring_cameras_that_see_the_same_spot_make_one_case(service: Service) -> None:
    neighbours(service)
    worker = service.worker()
    first = put(service, worker, seen(service, "from-the-north"))
    assert put(service, worker, seen(service, "from-the-south", 1, camera_id="south-gate")) == first
    assert put(service, worker, seen(service, "much-later", 300, camera_id="south-gate")) != first


def test_two_that_might_be_meant_are_offered_together_instead(service: Service) -> None:
    neighbours(service)
    worker = service.worker()
    subject = dict(service.sealer.fields["subject"]) | {"box_xyxy": (20.0, 190.0, 150.0, 270.0)}
    first = put(service, worker, seen(service, "red-car"))
    second = put(service, worker, seen(service, "blue-car", subject=subject))
    third = put(service, worker, seen(service, "from-the-south", camera_id="south-gate"))
    assert len({first, second, third}) == 3
    found = service.person("reviewer").get(f"/api/v1/cases/{third}/related").json()
    assert [case["id"] for case in found["duplicates"]] == [first, second]


def test_overlap_is_shared_area_over_whole_area() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == 1 / 3
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0
