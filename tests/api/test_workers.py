"""What workers ask for and report: configuration, heartbeats, incidents, keys."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evidence.client import CaseClient
from tests.api.conftest import Service
from tests.api.scene import key_entry

STARTED, CONFIRMED, ENDED = "2026-06-01T08:00:00Z", "2026-06-01T08:03:00Z", "2026-06-01T08:20:00Z"


def incident(state: str, **more: Any) -> dict[str, Any]:
    return {
        "camera_id": "north-gate", "zone_id": "kerb", "zone_version": 1, "kind": "illegal_parking", "state": state,
        "started_at": STARTED, "confirmed_at": None if state == "pending" else CONFIRMED,
        "ended_at": ENDED if state == "ended" else None, "score": 0.8, "box_xyxy": [1.5, -2, 30, 40],
        "frame_size_wh": [1920, 1080], **more,
    }  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(["pending", "confirmed", "ended"])))
def test_the_latest_state_of_an_incident_wins_in_any_order(service: Service, order: tuple[str, ...]) -> None:
    worker = service.machine()
    codes = [worker.put("/api/v1/incidents/i-1", json=incident(state)).status_code for state in order]
    assert codes == [201, 200, 200]
    found = service.person("reviewer").get("/api/v1/incidents/i-1").json()
    assert (found["state"], found["ended_at"]) == ("ended", ENDED)
    assert (found["started_at"], found["confirmed_at"]) == (STARTED, CONFIRMED)


def test_an_incident_alone_makes_no_case(service: Service) -> None:
    service.machine().put("/api/v1/incidents/i-1", json=incident("confirmed"))
    assert service.person("reviewer").get("/api/v1/cases").json()["items"] == []


def test_a_case_shows_when_its_incident_ended(service: Service) -> None:
    case_id = service.case("i-1")
    service.machine().put("/api/v1/incidents/i-1", json=incident("ended"))
    case = service.person("reviewer").get(f"/api/v1/cases/{case_id}").json()
    assert case["ended_at"] == ENDED
    assert case["dwell_seconds"] == 20 * 60


def test_the_same_report_many_times_at_once_is_one_incident(service: Service) -> None:
    worker = service.machine()
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: worker.put("/api/v1/incidents/i-1", json=incident("confirmed")).status_code, range(6))
        )
    assert sorted(answers) == [200] * 5 + [201]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "over"}, {"started_at": "yesterday"}, {"started_at": "2026-06-01T08:00:00"}, {"score": "high"},
        {"box_xyxy": [1, 2, 3]}, {"frame_size_wh": [0, 0]}, {"more": 1}, {"camera_id": "a/b"}, {"kind": "x\u0000y"},
    ],
)  # fmt: skip
def test_a_report_that_makes_no_sense_is_refused(service: Service, wrong: dict[str, Any]) -> None:
    answer = service.machine().put("/api/v1/incidents/i-1", json=incident("pending") | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith(next(iter(wrong)))


def test_the_configuration_is_sent_only_when_it_changed(service: Service) -> None:
    worker, ops = service.machine(), service.person("ops")
    first = worker.get("/api/v1/worker/config")
    same = worker.get("/api/v1/worker/config", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    ops.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x"})
    changed = worker.get("/api/v1/worker/config", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    beat = worker.post("/api/v1/worker/heartbeat", json={"worker_id": "w", "software": "s"})
    assert beat.json()["config_etag"] == changed.headers["etag"]


def test_heartbeats_show_how_cameras_and_workers_are(service: Service) -> None:
    worker, ops = service.machine(), service.person("ops")
    ops.post("/api/v1/cameras", json={"id": "c", "url": "rtsp://h/x"})
    health = {"camera_id": "c", "state": "reconnecting", "last_error": "refused", "drops": {"late": 2}}
    body = {"worker_id": "w", "software": "streetwarden 0.1", "frames_analysed": 7, "cameras": [health]}
    for _ in range(2):
        assert worker.post("/api/v1/worker/heartbeat", json=body).status_code == 200
    camera = ops.get("/api/v1/cameras/c").json()
    assert (camera["health"]["state"], camera["health"]["stale"]) == ("reconnecting", False)
    assert camera["health"]["body"]["drops"] == {"late": 2}
    report = ops.get("/api/v1/health").json()
    assert [(each["worker_id"], each["lost"]) for each in report["workers"]] == [("w", False)]
    assert report["cameras_by_state"] == {"reconnecting": 1}
    service.clock.advance(minutes=5)
    assert ops.get("/api/v1/cameras/c").json()["health"]["stale"]
    assert ops.get("/api/v1/health").json()["workers"][0]["lost"]
    assert ops.get("/api/v1/health").json()["cameras_by_state"] == {"stale": 1}


def test_a_key_is_registered_once_and_never_replaced(service: Service) -> None:
    worker, entry = service.machine(), key_entry()
    url, body = f"/api/v1/keys/{entry.key_id}", entry.model_dump(mode="json")
    assert [worker.put(url, json=body).status_code for _ in range(2)] == [201, 200]
    other = key_entry(2).model_dump(mode="json")
    assert worker.put(url, json={**other, "key_id": entry.key_id}).status_code == 422
    assert worker.put(url, json=other).status_code == 422
    assert len(worker.get("/api/v1/keys").json()["keys"]) == 1


def test_a_revoked_key_cannot_come_back(service: Service) -> None:
    worker, entry = service.worker(), key_entry()
    url, body = f"/api/v1/keys/{entry.key_id}", entry.model_dump(mode="json")
    service.person("admin").post(f"{url}/revocation", json={"reason": "superseded"})
    assert worker.put(url, json=body).status_code == 409
    assert worker.get("/api/v1/keys").json()["keys"][0]["revocation_reason"] == "superseded"


def test_the_workers_own_client_speaks_this_interface(service: Service) -> None:
    token = service.machine().headers["Authorization"].removeprefix("Bearer ")
    bag = service.sealer.seal("i-1")
    with CaseClient(service.url, token) as client:
        client.put_key(key_entry())
        client.put_incident("i-1", incident("pending"))
        answer = client.put_package(bag.package_id, bag.write(service.scratch / "bag"))
        assert answer["incident_id"] == "i-1"
        served = client.get_config()
        assert served is not None
        assert client.get_config(served.etag) is None
        assert client.heartbeat({"worker_id": "w", "software": "s"}) == served.etag
