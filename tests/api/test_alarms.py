"""Alarms: opened and closed by what workers say, acknowledged by name, counted, and told to others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.alarms.conditions import AlarmKind, Said, Situation, conditions
from api.alarms.limits import GIB, AlarmLimits
from api.alarms.watch import AlarmWatch
from api.pages.i18n import catalogue
from tests.api.conftest import Service

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
HEALTHY: dict[str, Any] = {
    "picture": {"state": "fit", "detail": ""},
    "gate": {"suspect": False, "missed": 0},
    "clock_offset_s": 0.2,
}
WORKER: dict[str, Any] = {
    "canary": {"state": "alive"},
    "late_s": 0.1,
    "outbox": {"waiting": 0},
    "disk": {"total_bytes": 100 * GIB, "free_bytes": 60 * GIB},
}


def camera(state: str = "streaming", ago_s: float = 1.0, **body: Any) -> Said:
    return Said("gate", NOW - timedelta(seconds=ago_s), {**HEALTHY, **body}, "edge", state)


def worker(ago_s: float = 1.0, **body: Any) -> Said:
    return Said("edge", NOW - timedelta(seconds=ago_s), {**WORKER, **body})


def kinds(cameras: list[Said], workers: list[Said], disk: tuple[int, int] | None = None) -> set[str]:
    seen = Situation(NOW, cameras, workers, silent_s=60.0, disk=disk)
    return {wrong.kind.value for wrong in conditions(seen, AlarmLimits())}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (camera("failed"), "camera_down"),
        (camera("reconnecting"), "camera_down"),
        (camera(ago_s=100), "camera_down"),
        (camera(picture={"state": "covered", "detail": "dark and flat"}), "picture_unfit"),
        (camera(gate={"suspect": True, "missed": 4}), "gate_skips"),
        (camera(clock_offset_s=-3600.0), "clock_off"),
    ],
)
def test_a_camera_that_is_not_well_is_wrong(said: Said, kind: str) -> None:
    assert kinds([said], [worker()]) == {kind}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (worker(canary={"state": "dead", "detail": "no car found"}), "canary_dead"),
        (worker(late_s=90.0), "looks_late"),
        (worker(outbox={"waiting": 50, "last_error": "no route"}), "outbox_grows"),
        (worker(disk={"total_bytes": 100 * GIB, "free_bytes": 2 * GIB}), "disk_full"),
        (worker(ago_s=300), "worker_lost"),
    ],
)
def test_a_worker_that_is_not_well_is_wrong(said: Said, kind: str) -> None:
    assert kinds([camera()], [said]) == {kind}


def test_a_city_that_is_well_is_quiet_whatever_is_left_unsaid() -> None:
    assert kinds([camera()], [worker()], (100 * GIB, 50 * GIB)) == set()
    bare = Said("gate", NOW, {"clock_offset_s": "soon", "gate": 3, "picture": None}, "edge", "streaming")
    assert kinds([bare], [Said("edge", NOW, {"canary": None, "disk": "?"})]) == set()


def test_cameras_of_a_worker_that_is_lost_are_not_said_to_be_down() -> None:
    assert kinds([camera(ago_s=500)], [worker(ago_s=500)]) == {"worker_lost"}


def test_a_camera_that_nobody_watches_is_down_once_there_is_somebody_who_should() -> None:
    nobody = Said("new", None, {}, None, "unknown")
    assert kinds([nobody], []) == set()
    assert kinds([nobody], [worker()]) == {"camera_down"}


def test_a_large_disk_may_be_nine_tenths_full() -> None:
    assert kinds([], [], (4000 * GIB, 300 * GIB)) == set()
    assert kinds([], [], (100 * GIB, 5 * GIB)) == {"disk_full"}


def test_every_kind_has_words_and_advice() -> None:
    words = catalogue("zh")
    assert all(f"alarm.{kind}" in words and f"alarm_todo.{kind}" in words for kind in AlarmKind)


@pytest.fixture
def beat(service: Service) -> Callable[..., None]:
    """A worker that tells how its one camera is."""
    service.person("ops").post("/api/v1/cameras", json={"id": "gate", "url": "rtsp://h/x"}).raise_for_status()
    machine = service.machine()

    def tell(state: str = "streaming", **body: Any) -> None:
        cameras = [{"camera_id": "gate", "state": state, **HEALTHY}]
        said = {"worker_id": "edge", "software": "s", "cameras": cameras, **WORKER, **body}
        machine.post("/api/v1/worker/heartbeat", json=said).raise_for_status()

    return tell


def opened(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/api/v1/alarms", params=query).json()["items"]
    return [item for item in items if item["kind"] != "disk_full"]


def test_what_lasts_is_an_alarm_and_closes_when_it_is_over(service: Service, beat: Callable[..., None]) -> None:
    watch, ops = AlarmWatch(service.office), service.person("ops", "auditor", username="olga")
    beat("failed", late_s=0.2)
    watch.look()
    assert opened(ops) == []
    service.clock.advance(seconds=50)
    beat("failed")
    service.clock.advance(seconds=20)
    watch.look()
    watch.look()
    (alarm,) = opened(ops, open=True)
    assert (alarm["kind"], alarm["camera_id"], alarm["closed_at"]) == ("camera_down", "gate", None)
    beat("streaming")
    watch.look()
    assert opened(ops, open=True)
    service.clock.advance(seconds=31)
    watch.look()
    assert opened(ops, open=True) == []
    (alarm,) = opened(ops, open=False)
    assert alarm["closed_at"] > alarm["opened_at"]


def test_somebody_takes_an_alarm_once_with_name_and_note(service: Service, beat: Callable[..., None]) -> None:
    ops, auditor = service.person("ops", username="olga"), service.person("auditor")
    beat(canary={"state": "dead", "detail": "no car found"})
    AlarmWatch(service.office).look()
    before = ops.get("/api/v1/alarms/counts").json()
    (alarm,) = opened(ops)
    path, body = f"/api/v1/alarms/{alarm['id']}/acknowledgement", {"note": "restarting it"}
    assert auditor.post(path, json=body).status_code == 403
    taken = ops.post(path, json=body).json()
    assert (taken["acknowledged_by"], taken["note"]) == ("olga", "restarting it")
    assert ops.post(path, json=body).status_code == 409
    assert ops.post("/api/v1/alarms/999/acknowledgement", json=body).status_code == 404
    after = ops.get("/api/v1/alarms/counts").json()
    assert (after["open"], after["unacknowledged"]) == (before["open"], before["unacknowledged"] - 1)
    rows = service.person("admin").get("/api/v1/audit").json()["items"]
    assert {"alarm.opened", "alarm.acknowledged"} <= {row["action"] for row in rows}
    page = ops.get("/alarms", params={"lang": "en"}).text
    assert "Canary failed" in page
    assert "restarting it" in page
