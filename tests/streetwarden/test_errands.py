"""A worker's errands against a real service: it brings pictures, tries addresses, shows cameras live, and stops."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from streams.demand import Demand
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.errands import errands
from streetwarden.masks import PrivacyMasks
from streetwarden.pipeline import Pipeline
from tests.api.conftest import Service, fast_path, sealer, service, sqlite_template, start_service
from tests.streams.clips import make_clip

__all__ = ["fast_path", "sealer", "service", "sqlite_template", "start_service"]
JPEG = b"\xff\xd8\xff"


@pytest.fixture
def database_url(fast_path: Path, sqlite_template: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, fast_path / 'streetwarden.sqlite3')}"


@pytest.fixture
def ops(service: Service, tmp_path: Path) -> Iterator[httpx.Client]:
    """Somebody who keeps the camera `gate`, which a worker with a filled ring watches."""
    person = service.person("ops")
    person.post("/api/v1/cameras", json={"id": "gate", "url": "rtsp://h/x"}).raise_for_status()
    machine = service.machine()
    beat = {"worker_id": "edge", "software": "s", "cameras": [{"camera_id": "gate", "state": "streaming"}]}
    machine.post("/api/v1/worker/heartbeat", json=beat).raise_for_status()
    token = machine.headers["Authorization"].removeprefix("Bearer ")
    ring, clip = PacketRing("gate"), make_clip(tmp_path / "clip.mp4", 12, rate=10, gop=10)
    for _ in replay(CameraSource("gate", str(clip)), ring, Demand(1e6, 1e6), started_at_ns=1_800_000_000 * 10**9):
        pass
    reader = SimpleNamespace(key_spacing_s=1.0)
    camera = SimpleNamespace(camera_id="gate", ring=ring, masks=PrivacyMasks(()), reader=reader)
    pipeline = cast("Pipeline", SimpleNamespace(cameras=[camera]))
    with errands(service.url, token, pipeline, tmp_path / "tracks", "edge"):
        until(lambda: person.get("/api/v1/cameras/gate/last").status_code == 200)
        yield person
    assert [thread.name for thread in threading.enumerate() if thread.name in {"errands", "stills"}] == []


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came")


def test_a_worker_brings_the_last_picture_and_does_what_it_is_asked(service: Service, ops: httpx.Client) -> None:
    assert ops.get("/api/v1/cameras/gate/last").content.startswith(JPEG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found: dict[str, Any] = ops.post("/api/v1/cameras/probe", json={"url": f"rtsp://127.0.0.1:{port}/x"}).json()
    assert (found["ok"], found["reason"], found["worker_id"]) == (False, "refused", "edge")
    view = ops.post("/api/v1/cameras/gate/live", json={"reason": "a test"}).json()
    with ops.stream("GET", view["url"]) as answer:
        assert answer.status_code == 200
        assert JPEG in next(answer.iter_bytes())
    job = ops.post("/api/v1/cameras/gate/zones/replays", json={"zones": [ZONE]}).json()
    until(lambda: ops.get(f"/api/v1/replays/{job['id']}").json()["state"] != "running")
    assert "Nothing is stored of camera gate" in ops.get(f"/api/v1/replays/{job['id']}").json()["problem"]


ZONE = {
    "id": "kerb",
    "class": "prohibited",
    "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]],
    "rules": [{"kind": "illegal_parking", "dwell_seconds": 60}],
}
