"""What a service asks its workers to do at once: probes, finds, replays and live views."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.errands.desk import Desk
from api.probe.quota import Quota, TooOftenError
from tests.api.conftest import Clock, Service
from tests.api.workers import working

JPEG = b"\xff\xd8\xff" + b"picture" + b"\xff\xd9"
FOUND = {"ok": True, "took_s": 0.4, "codec": "h264", "width": 1920, "height": 1080, "fps": 25.0, "worker_id": "edge"}
SECRET_URL = "rtsp://admin:pa55word@10.1.2.3/stream"
ZONE = {
    "id": "kerb",
    "class": "prohibited",
    "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]],
    "rules": [{"kind": "illegal_parking", "dwell_seconds": 60}],
}


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    """Errands live in memory: one database is enough."""
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


def probe(client: httpx.Client, url: str = SECRET_URL) -> httpx.Response:
    return client.post("/api/v1/cameras/probe", json={"url": url})


def test_a_worker_tries_an_address_and_the_audit_log_has_no_password(service: Service) -> None:
    ops, asked = service.person("ops"), list[dict[str, Any]]()
    with working(service, {"probe": lambda _: FOUND}, asked):
        answer = probe(ops)
    assert (answer.status_code, answer.json()["width"]) == (200, 1920)
    assert asked[0]["body"]["url"] == SECRET_URL
    rows = service.person("admin").get("/api/v1/audit").json()["items"]
    (row,) = [row for row in rows if row["action"] == "camera.probed"]
    assert (row["subject"], row["after"]["ok"]) == ("address:rtsp://10.1.2.3/stream", True)
    assert "pa55word" not in str(rows)


def test_a_cameras_own_address_is_tried_without_showing_it(service: Service) -> None:
    ops, asked = service.person("ops"), list[dict[str, Any]]()
    ops.post("/api/v1/cameras", json={"id": "gate", "url": SECRET_URL}).raise_for_status()
    refused = {"ok": False, "reason": "auth", "took_s": 0.1, "detail": "refused"}
    with working(service, {"probe": lambda _: refused}, asked):
        answer = ops.post("/api/v1/cameras/gate/probe")
    assert answer.json()["reason"] == "auth"
    assert asked[0]["body"]["url"] == SECRET_URL
    assert "pa55word" not in answer.text


def test_without_a_worker_it_is_said_at_once(service: Service) -> None:
    answer = probe(service.person("ops"))
    assert answer.status_code == 409
    assert "start one" in answer.json()["detail"]


def test_only_camera_addresses_are_tried_and_only_for_who_keeps_cameras(service: Service) -> None:
    ops, asked = service.person("ops"), list[dict[str, Any]]()
    with working(service, {"probe": lambda _: FOUND}, asked):
        for url in ("file:///etc/passwd", "ftp://10.0.0.1/x", "gopher://10.0.0.1:25/", "/dev/video0"):
            assert probe(ops, url).status_code == 422
        for role in ("reviewer", "second_reviewer", "auditor"):
            assert probe(service.person(role)).status_code == 403
    assert asked == []


def test_nobody_walks_through_a_net_by_probes(service: Service) -> None:
    ops = service.person("ops")
    with working(service, {"probe": lambda _: FOUND}):
        codes = [probe(ops, f"rtsp://10.0.0.{number}/x").status_code for number in range(12)]
    assert codes == [200] * 10 + [429] * 2


def test_a_quota_frees_itself_and_bounds_all_together() -> None:
    quota, now = Quota(1, timedelta(minutes=1), at_once=1), Clock()()
    with quota.taking("olga", now), pytest.raises(TooOftenError):
        quota.taking("wang", now).__enter__()
    with pytest.raises(TooOftenError):
        quota.taking("olga", now).__enter__()
    with quota.taking("olga", now + timedelta(seconds=61)):
        pass


def test_devices_that_are_found_name_the_cameras_that_they_are(service: Service) -> None:
    ops = service.person("ops")
    ops.post("/api/v1/cameras", json={"id": "gate", "url": SECRET_URL}).raise_for_status()
    hosts = ("10.1.2.3", "10.1.2.4")
    devices = [{"host": host, "onvif_url": f"http://{host}/onvif/device_service", "name": "cam"} for host in hosts]
    with working(service, {"discover": lambda _: {"items": devices, "worker_id": "edge"}}):
        answer = ops.post("/api/v1/cameras/discovery").json()
    assert [item["known"] for item in answer["items"]] == ["gate", None]


def test_what_a_worker_cannot_do_or_says_wrongly_is_a_refusal_of_one_line(service: Service) -> None:
    ops = service.person("ops")
    with working(service, {"discover": lambda _: "no multicast here", "probe": lambda _: {"ok": "perhaps"}}):
        answers = ops.post("/api/v1/cameras/discovery"), probe(ops)
    assert [answer.status_code for answer in answers] == [424, 424]
    assert answers[0].json()["detail"] == "no multicast here"


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    for _ in range(400):
        job: dict[str, Any] = client.get(f"/api/v1/replays/{job_id}").json()
        if job["state"] != "running":
            return job
        time.sleep(0.02)
    pytest.fail("the replay did not end")


def start_replay(ops: httpx.Client) -> dict[str, Any]:
    answer = ops.post("/api/v1/cameras/gate/zones/replays", json={"zones": [ZONE]})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


@pytest.fixture
def ops(service: Service) -> httpx.Client:
    """Somebody who keeps cameras, with one that the worker `edge` watches."""
    person = service.person("ops", username="olga")
    person.post("/api/v1/cameras", json={"id": "gate", "url": SECRET_URL}).raise_for_status()
    beat = {"worker_id": "edge", "software": "s", "cameras": [{"camera_id": "gate", "state": "streaming"}]}
    service.machine().post("/api/v1/worker/heartbeat", json=beat).raise_for_status()
    return person


def comparison(body: dict[str, Any]) -> dict[str, Any]:
    counts = {"found": 0, "would": 1, "same": 0, "changed": 0, "new": 1, "gone": 0}
    span = {"from": body["since"], "until": body["until"]}
    answer = {"camera_id": "gate", **span, "complete": True, "looks": 5, "summary": counts}
    return {**answer, "zones": [], "days": [], "cases": [], "cases_left_off": 0, "limits": []}


def test_zones_are_replayed_by_the_worker_that_keeps_the_tracks(service: Service, ops: httpx.Client) -> None:
    asked: list[dict[str, Any]] = []
    with working(service, {"replay": comparison}, asked):
        job = finished(ops, start_replay(ops)["id"])
    assert (job["state"], job["share"], job["result"]["summary"]["new"]) == ("done", 1.0, 1)
    assert asked[0]["body"]["camera"]["zones"] == [ZONE]
    assert "pa55word" not in str(asked)
    rows = service.person("admin").get("/api/v1/audit").json()["items"]
    assert "zones.replayed" in {row["action"] for row in rows}


def test_a_replay_that_nobody_can_make_says_why(service: Service, ops: httpx.Client) -> None:
    job = finished(ops, start_replay(ops)["id"])
    assert job["state"] == "failed"
    assert "edge" in job["problem"]


def test_a_replay_is_given_up_and_the_worker_told(service: Service, ops: httpx.Client) -> None:
    told: list[bool] = []
    machine = service.machine()

    def share(client: httpx.Client, errand_id: str, value: float) -> bool:
        body = {"worker_id": "edge", "share": value}
        return bool(client.post(f"/api/v1/worker/errands/{errand_id}/share", json=body).json()["go_on"])

    machine.post("/api/v1/worker/errands", json={"worker_id": "edge"})
    job = start_replay(ops)
    (errand,) = machine.post("/api/v1/worker/errands", json={"worker_id": "edge", "wait_s": 10}).json()["items"]
    told.append(share(machine, errand["id"], 0.25))
    assert ops.get(f"/api/v1/replays/{job['id']}").json()["share"] == 0.25
    assert service.person("ops").get(f"/api/v1/replays/{job['id']}").status_code == 404
    assert ops.delete(f"/api/v1/replays/{job['id']}").json()["state"] == "cancelled"
    told.append(share(machine, errand["id"], 0.5))
    assert told == [True, False]


def test_a_live_view_is_watched_by_its_owner_and_written_down(service: Service, ops: httpx.Client) -> None:
    machine = service.machine()
    machine.post("/api/v1/worker/errands", json={"worker_id": "edge"})
    assert ops.post("/api/v1/cameras/gate/live", json={"reason": "x"}).status_code == 422
    assert service.person("auditor").post("/api/v1/cameras/gate/live", json={"reason": "see"}).status_code == 403
    view = ops.post("/api/v1/cameras/gate/live", json={"reason": "a call about the gate"}).json()
    assert service.person("ops").get(view["url"]).status_code == 404
    assert not _push(machine)
    stop = threading.Event()

    def push() -> None:
        while not stop.wait(0.02):
            _push(machine)

    thread = threading.Thread(target=push)
    thread.start()
    with ops.stream("GET", view["url"]) as answer:
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")
        parts = b"".join(itertools.islice(answer.iter_bytes(), 3))
    assert parts.count(JPEG) >= 1
    stop.set()
    thread.join()
    (errand,) = machine.post("/api/v1/worker/errands", json={"worker_id": "edge"}).json()["items"] or [None]
    assert errand is None or errand["kind"] == "live"
    for _ in range(200):
        rows = service.person("admin").get("/api/v1/audit").json()["items"]
        actions = {row["action"]: row for row in rows}
        if "camera.live_ended" in actions:
            break
        time.sleep(0.05)
    assert actions["camera.live_opened"]["reason"] == "a call about the gate"
    assert actions["camera.live_ended"]["after"]["pictures"] >= 1
    assert not _push(machine)


def _push(machine: httpx.Client) -> bool:
    headers = {"Content-Type": "image/jpeg"}
    return bool(machine.post("/api/v1/worker/live/gate", content=JPEG, headers=headers).json()["go_on"])


def test_the_last_picture_of_a_camera_is_kept_and_its_looks_written_down_once(
    service: Service, ops: httpx.Client
) -> None:
    machine = service.machine()
    assert ops.get("/api/v1/cameras/gate/last").status_code == 404
    assert machine.put("/api/v1/worker/stills/nowhere", content=JPEG).status_code == 404
    assert machine.put("/api/v1/worker/stills/gate", content=b"<svg/>").status_code == 422
    assert machine.put("/api/v1/worker/stills/gate", content=JPEG).status_code == 204
    assert [ops.get(f"/api/v1/cameras/gate/{name}").content for name in ("last", "last", "still")] == [JPEG] * 3
    rows = service.person("admin").get("/api/v1/audit").json()["items"]
    assert [row["action"] for row in rows].count("camera.still_viewed") == 1
    assert "/api/v1/cameras/gate/last?at=" in ops.get("/cameras").text
    mask = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]
    ops.patch("/api/v1/cameras/gate", json={"version": 1, "privacy_masks": [mask]}).raise_for_status()
    assert ops.get("/api/v1/cameras/gate/last").status_code == 404


def test_a_worker_that_is_silent_is_not_asked() -> None:
    now = [0.0]
    desk = Desk(lambda: now[0])
    desk._seen["edge"] = 0.0
    assert desk.workers == {"edge"}
    now[0] = 100.0
    assert desk.workers == set()
