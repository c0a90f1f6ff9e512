"""Replay before saving, over HTTP: who may ask, what is asked of the store, and that it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.errors import ApiError
from api.replay.port import Replayer, ReplayUnavailableError, Watch
from api.replay.schemas import ReplayOut
from api.serve import running
from detector.seen import Began, Seen
from streams.clock import SimulatedClock
from streetwarden.replayer import LocalReplayer
from streetwarden.track_store import TrackStore
from tests.api.conftest import Service

CAMERA = "north-gate"
POLYGON = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
As = Callable[[httpx.Client], httpx.Client]
COUNTS = {"found": 1, "would": 0, "same": 0, "changed": 0, "new": 0, "gone": 1}


def zone(zone_id: str, dwell: float = 300) -> dict[str, Any]:
    rules = [{"kind": "illegal_parking", "dwell_seconds": dwell}]
    return {"id": zone_id, "class": "prohibited", "polygon": POLYGON, "rules": rules}


class Recorded:
    """A replayer that answers one comparison, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Mapping[str, Any], datetime, datetime]] = []

    def keeps(self, camera_id: str) -> bool:
        return bool(camera_id)

    def __call__(
        self, camera: Mapping[str, Any], since: datetime, until: datetime, watch: Watch | None = None
    ) -> dict[str, Any]:
        self.asked.append((camera, since, until))
        if watch is not None:
            watch.tell(1.0)
        span = {"from": since.isoformat(), "until": until.isoformat()}
        answer = {"camera_id": camera["id"], **span, "complete": True, "looks": 5, "summary": COUNTS}
        return {**answer, "zones": [], "days": [], "cases": [], "cases_left_off": 0, "limits": []}


@pytest.fixture
def replayer() -> Recorded:
    return Recorded()


@pytest.fixture
def city(service: Service, replayer: Recorded) -> Iterator[As]:
    """The way to a service with a replayer, for somebody who is signed in; it has one camera with two zones."""
    ops = service.person("ops")
    camera = {"id": CAMERA, "url": "rtsp://u:secret@10.0.0.1/1", "name": "North gate"}
    assert ops.post("/api/v1/cameras", json=camera).status_code == 201
    for zone_id in ("kerb", "lane"):
        saved = {key: value for key, value in zone(zone_id).items() if key != "id"}
        answer = ops.put(f"/api/v1/cameras/{CAMERA}/zones/{zone_id}", json={**saved, "base_version": 0})
        assert answer.is_success, answer.text
    with running(service.settings, now=service.clock, replayer=replayer) as url:

        def as_(person: httpx.Client) -> httpx.Client:
            person.base_url = url
            return person

        yield as_


def ask(client: httpx.Client, camera: str = CAMERA, **body: object) -> httpx.Response:
    return client.post(f"/api/v1/cameras/{camera}/zones/replay", json=body)


def test_the_change_is_put_into_the_zones_in_use(service: Service, city: As, replayer: Recorded) -> None:
    changed = [zone("kerb", 60), zone("new")]
    answer = ask(city(service.person("ops")), zones=changed, removed=["lane"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["summary"] == COUNTS
    ((camera, since, until),) = replayer.asked
    assert camera["zones"] == changed
    assert abs(until - service.clock()) < timedelta(seconds=1)
    assert until - since == timedelta(days=7)
    assert "secret" not in str(camera)


def test_nothing_is_saved_but_a_row_that_says_who_asked(service: Service, city: As) -> None:
    ops = service.person("ops", username="olga")
    assert ask(city(ops), zones=[zone("kerb", 60)]).status_code == 200
    zones = ops.get("/api/v1/zones").json()["items"]
    assert {(one["id"], one["version"]) for one in zones} == {("kerb", 1), ("lane", 1)}
    (row,) = [
        one for one in service.person("admin").get("/api/v1/audit").json()["items"] if one["action"] == "zones.replayed"
    ]
    assert (row["actor"], row["subject"]) == ("olga", f"camera:{CAMERA}")
    assert row["after"]["summary"] == COUNTS


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_only_who_may_save_zones_may_ask(service: Service, city: As, role: str) -> None:
    assert ask(city(service.person(role)), zones=[zone("kerb")]).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"zones": [zone("kerb"), zone("kerb")]}, 422),
        ({"zones": [zone("kerb")], "removed": ["kerb"]}, 422),
        ({"removed": ["nowhere"]}, 404),
        ({"removed": ["lane"], "from": "2020-01-01T00:00:00"}, 422),
        ({"removed": ["lane"], "from": "2020-01-01T00:00:00Z"}, 422),
        ({"removed": ["lane"], "from": "2099-01-01T00:00:00Z"}, 422),
        ({"zones": [{**zone("kerb"), "polygon": [[0, 0], [2, 0], [1, 1]]}]}, 422),
    ],
    ids=["nothing", "twice", "both", "unknown", "no offset", "too long", "the future", "outside"],
)
def test_what_cannot_be_replayed_is_refused(
    service: Service,
    city: As,
    replayer: Recorded,
    body: dict[str, Any],
    status: int,
) -> None:
    assert ask(city(service.person("ops")), **body).status_code == status
    assert replayer.asked == []


def test_a_camera_that_is_not_there_is_not_found(service: Service, city: As) -> None:
    assert ask(city(service.person("ops")), "nowhere", zones=[zone("kerb")]).status_code == 404


def test_a_service_without_tracks_says_so(service: Service) -> None:
    ops = service.person("ops")
    answer = ops.post(f"/api/v1/cameras/{CAMERA}/zones/replay", json={"zones": [zone("kerb")]})
    assert answer.status_code == 503
    assert "streetwarden replay" in answer.json()["detail"]


S = 1_000_000_000
NOW_NS = 1_780_000_000 * S


@pytest.fixture
def local(tmp_path: Path) -> LocalReplayer:
    """A replayer over a store with a minute of empty looks."""
    with TrackStore(tmp_path / "tracks", SimulatedClock(NOW_NS), days=7, max_bytes=1 << 20) as tracks:
        for index in range(10):
            began = (
                Began(resumed=False, classes=("bus", "car", "truck"), active_s=4.0, rest_s=5.0) if not index else None
            )
            tracks.put(CAMERA, Seen(index * 5 * S, NOW_NS + index * 5 * S, (64, 36)), [], began)
    return LocalReplayer(tmp_path / "tracks", seconds=30)


def window() -> tuple[datetime, datetime]:
    at = datetime.fromtimestamp(NOW_NS / S, UTC)
    return at, at + timedelta(seconds=60)


def camera(zone_id: str = "kerb", **more: Any) -> dict[str, Any]:
    return {"id": CAMERA, "timezone": "Asia/Shanghai", "zones": [{**zone(zone_id), **more}]}


def test_the_local_replayer_answers_in_the_shape_of_the_service(local: Replayer) -> None:
    answer = ReplayOut.model_validate(local(camera(), *window()))
    assert answer.looks == 10
    assert answer.complete
    assert answer.limits == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [({**camera(), "id": "nobody"}, 404), (camera(polygon=[[0, 0], [1, 1], [0, 1], [1, 0]]), 422)],
    ids=["no tracks", "a zone that the worker would refuse"],
)
def test_the_local_replayer_refuses_in_one_line(local: Replayer, asked: dict[str, Any], status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        local(asked, *window())
    assert refusal.value.status == status
    assert "\n" not in refusal.value.detail


def test_a_second_replay_waits_for_its_turn_and_no_longer(tmp_path: Path) -> None:
    (tmp_path / CAMERA).mkdir()
    local = LocalReplayer(tmp_path, seconds=0.01)
    with local._turn, pytest.raises(ReplayUnavailableError, match="try again"):
        local(camera(), *window())
