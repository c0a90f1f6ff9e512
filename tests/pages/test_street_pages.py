"""Ops at work in a real browser: cameras are added and looked at, zones tried on the past, alarms taken."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from api.alarms.watch import AlarmWatch
from api.guard import COOKIE
from detector.seen import Began, Seen
from detector.tracking.track import TrackView
from streams.clock import SimulatedClock
from streetwarden.replayer import LocalReplayer
from streetwarden.small_picture import jpeg
from streetwarden.track_store import TrackStore
from tests.api.conftest import Service
from tests.api.workers import Answer, working
from tests.pages.conftest import wait_for

S = 1_000_000_000
SIZE = (640, 360)
CAR = (260.0, 200.0, 380.0, 280.0)
ADDRESS = "rtsp://admin:geheim@10.1.2.3:554/stream"


def picture(shade: int) -> bytes:
    return jpeg(np.full((360, 640, 3), shade, np.uint8), 640, 80)


@pytest.fixture
def ops(service: Service) -> httpx.Client:
    """Somebody who keeps cameras, with one that `edge` watches."""
    person = service.person("ops", username="olga")
    person.post("/api/v1/cameras", json={"id": "gate", "name": "North gate", "url": ADDRESS}).raise_for_status()
    beat(service, "streaming")
    return person


def beat(service: Service, state: str) -> None:
    cameras = [{"camera_id": "gate", "state": state, "last_error": "401 Unauthorized"}]
    body = {"worker_id": "edge", "software": "s", "cameras": cameras}
    service.machine().post("/api/v1/worker/heartbeat", json=body).raise_for_status()


def visit(open_page: Callable[..., Page], service: Service, ops: httpx.Client, path: str, **options: object) -> Page:
    page = open_page(**options)
    page.context.add_cookies([{"name": COOKIE, "value": ops.cookies[COOKIE], "url": service.url}])
    page.goto(service.url + path)
    return page


def test_a_camera_is_found_tried_and_added(service: Service, ops: httpx.Client, open_page: Callable[..., Page]) -> None:
    device = {"host": "10.1.2.9", "onvif_url": "http://10.1.2.9/onvif/device_service", "name": "IPC-9"}
    stream = {"name": "main", "url": "rtsp://10.1.2.9:554/main", "codec": "H264", "width": 1920, "height": 1080}
    still = base64.b64encode(picture(90)).decode()
    works = {"ok": True, "took_s": 1.2, "codec": "h264", "width": 1920, "height": 1080, "fps": 25.0}
    tries = iter(
        (
            {"ok": False, "reason": "auth", "took_s": 0.2, "detail": "10.1.2.9: the camera refuses"},
            {**works, "key_spacing_s": 8.0, "warnings": ["keys_rare"], "worker_id": "edge", "still": still},
        )
    )
    asked: list[dict[str, Any]] = []
    answers: dict[str, Answer] = {
        "discover": lambda _: {"items": [device], "worker_id": "edge"},
        "streams": lambda _: {"ok": True, "items": [stream]},
        "probe": lambda _: next(tries),
    }
    with working(service, answers, asked):
        page = visit(open_page, service, ops, "/cameras")
        page.get_by_role("button", name="Find cameras in the net").click()
        page.locator("#found li", has_text="IPC-9").get_by_role("button", name="Take this one").click()
        page.get_by_label("User of the device").fill("viewer")
        page.get_by_label("Its password").fill("p@ss")
        page.get_by_role("button", name="Ask for its streams").click()
        page.locator("#device-form li", has_text="1920 × 1080").get_by_role("button").click()
        address = page.get_by_label("Address")
        expect(address).to_have_value("rtsp://viewer:p%40ss@10.1.2.9:554/main")
        result = page.locator("#probe-result")
        page.locator("#probe").click()
        expect(result).to_contain_text("The camera refuses this user name and password.")
        expect(result).to_contain_text("Write the address as rtsp://user:password@host/path")
        page.locator("#probe").click()
        expect(result).to_contain_text("It works.")
        expect(result).to_contain_text("Key pictures are rare")
        wait_for(page, "document.querySelector('#probe-result canvas')?.width === 640")
        page.locator("#camera-form [name=id]").fill("south-gate")
        page.locator("#camera-form button[type=submit]").click()
        expect(page.locator("[data-camera=south-gate]")).to_contain_text("IPC-9")
    assert {errand["body"]["url"] for errand in asked if errand["kind"] == "probe"} == {
        "rtsp://viewer:p%40ss@10.1.2.9:554/main"
    }


def parked_car(tracks: Path, now: datetime) -> None:
    """A worker's store in which a car stands for five minutes."""
    began_ns = round((now - timedelta(hours=2)).timestamp()) * S
    with TrackStore(tracks, SimulatedClock(began_ns), days=7, max_bytes=1 << 20) as store:
        for index in range(80):
            pts_ns = index * 5 * S
            there = index < 60
            car = TrackView(1, "car", True, True, 0, pts_ns, pts_ns, CAR, 0.9, 0.9, 0, CAR)
            began = Began(resumed=False, classes=("bus", "car", "truck"), active_s=4.0, rest_s=5.0)
            seen = Seen(pts_ns, began_ns + pts_ns, SIZE, tracks=(car,) if there else ())
            store.put("gate", seen, [], None if index else began)


def test_a_zone_is_tried_on_the_past_before_it_is_saved(
    service: Service, ops: httpx.Client, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    parked_car(tmp_path, service.clock())
    judge = LocalReplayer(tmp_path)

    def replay(body: dict[str, Any]) -> dict[str, Any]:
        since, until = (datetime.fromisoformat(body[name]) for name in ("since", "until"))
        return judge(body["camera"], since, until)

    page = visit(open_page, service, ops, "/zones")
    with working(service, {"replay": replay}):
        page.locator("#zone-form [name=id]").fill("kerb")
        page.locator("summary", has_text="Corners as numbers").click()
        page.locator("#zone-form [name=polygon]").fill("[[0.2,0.4],[0.8,0.4],[0.8,0.95],[0.2,0.95]]")
        page.locator("#replay-run").click()
        result = page.locator("#replay-result")
        row = result.locator("tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("New")
        expect(row).to_contain_text("kerb")
        expect(result.locator("svg.place .would")).to_have_count(1)
        result.get_by_role("button", name="Gone").click()
        expect(row).to_be_hidden()
        page.locator("#rules [data-rule=dwell_seconds]").fill("3600")
        expect(page.locator("#replay-problem")).to_have_text("The draft has changed since: try it again.")
        page.locator("#replay-run").click()
        expect(result).to_contain_text("No case, neither found nor would be.")
    assert ops.get("/api/v1/zones").json()["items"] == []
    page.locator("#zone-form [name=reason]").fill("tried on a week")
    page.locator("#zone-form button[type=submit]").click()
    expect(page.locator("table.list tbody tr").first).to_contain_text("tried on a week")


def test_a_replay_is_given_up(service: Service, ops: httpx.Client, open_page: Callable[..., Page]) -> None:
    page = visit(open_page, service, ops, "/zones", locale="zh-CN")
    hold = threading.Event()

    def slow(_body: dict[str, Any]) -> str:
        hold.wait(20)
        return "too late"

    with working(service, {"replay": slow}):
        page.locator("#zone-form [name=id]").fill("kerb")
        page.locator("summary", has_text="以数字编辑顶点").click()
        page.locator("#zone-form [name=polygon]").fill("[[0.2,0.4],[0.8,0.4],[0.8,0.9]]")
        page.locator("#replay-run").click()
        expect(page.locator("#replay-running")).to_contain_text("正在判断最近 7 天")
        page.locator("#replay-cancel").click()
        expect(page.locator("#replay-problem")).to_have_text("已放弃。")
        hold.set()


def test_an_alarm_is_counted_and_taken_with_a_note(
    service: Service, ops: httpx.Client, open_page: Callable[..., Page]
) -> None:
    watch = AlarmWatch(service.office)
    beat(service, "failed")
    watch.look()
    service.clock.advance(seconds=59)
    beat(service, "failed")
    service.clock.advance(seconds=5)
    watch.look()
    page = visit(open_page, service, ops, "/alarms")
    alarm = page.locator(".alarm", has_text="Camera down")
    count = page.locator(".alarm-count")
    expect(alarm).to_contain_text("North gate")
    expect(alarm).to_contain_text("401 Unauthorized")
    before = int(count.inner_text())
    alarm.get_by_role("button", name="Acknowledge").click()
    page.locator("#acknowledge textarea").fill("the electrician is on the way")
    page.locator("#acknowledge button[type=submit]").click()
    expect(alarm).to_contain_text("olga")
    expect(alarm).to_contain_text("the electrician is on the way")
    expect(count).to_have_text(str(before - 1)) if before > 1 else expect(count).to_have_count(0)


@contextmanager
def pushing(service: Service) -> Iterator[list[bool]]:
    """A worker's live pictures, light and dark in turn; the answers say whether somebody watched."""
    machine, stop, watched = service.machine(), threading.Event(), list[bool]()
    pictures = [picture(200), picture(30)]

    def push() -> None:
        while not stop.wait(0.1):
            body = pictures[len(watched) % 2]
            headers = {"Content-Type": "image/jpeg"}
            answer = machine.post("/api/v1/worker/live/gate", content=body, headers=headers)
            watched.append(bool(answer.json()["go_on"]))

    thread = threading.Thread(target=push)
    thread.start()
    try:
        yield watched
    finally:
        stop.set()
        thread.join()


def test_a_live_view_moves_while_it_is_open_and_rests_when_it_is_closed(
    service: Service, ops: httpx.Client, open_page: Callable[..., Page]
) -> None:
    over = threading.Event()

    def live(_body: dict[str, Any]) -> dict[str, Any]:
        over.wait(30)
        return {}

    with working(service, {"live": live}), pushing(service) as watched:
        page = visit(open_page, service, ops, "/cameras")
        page.locator("[data-live]").click()
        page.get_by_label("Why do you look?").fill("a call about the gate")
        page.locator("#live-form button[type=submit]").click()
        expect(page.locator("#live-picture [role=status]")).to_contain_text("Ends at")
        wait_for(page, "document.querySelector('#live-picture img').naturalWidth === 640")
        shades = {_shade(page) for _ in range(12)}
        assert max(shades) - min(shades) > 100
        assert any(watched)
        page.locator("#live-picture [data-close]").click()
        for _ in range(100):
            if not watched[-1]:
                break
            page.wait_for_timeout(50)
        assert not watched[-1]
        over.set()


def _shade(page: Page) -> int:
    page.wait_for_timeout(60)
    shot = page.locator("#live-picture img").screenshot()
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return int(image[image.shape[0] // 2, image.shape[1] // 2])
