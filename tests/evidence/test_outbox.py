"""Everything sealed and every state of an incident reaches the case service once, whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from detector.incident import IncidentState
from evidence.client import CaseClient
from evidence.errors import ServiceRefused, ServiceUnreachable
from evidence.outbox import Outbox, OutboxSettings, rfc3339
from evidence.transport import unpack_bag
from evidence.verify import verify_package
from streams.clock import SimulatedClock, SystemClock
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.faults import FaultyDisk, disk_full
from tests.evidence.recording import ended, incident, pending, seal
from tests.evidence.service import TOKEN, FakeService, serving

KEY = support.signer().entry(support.VALID_FROM, "office")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def url(service: FakeService) -> Iterator[str]:
    with serving(service) as address:
        yield address


@pytest.fixture
def root(tmp_path: Path, ring: PacketRing) -> Path:
    """A folder with three sealed packages."""
    seal(tmp_path / "worker", ring, 1, 2, 3)
    return tmp_path / "worker"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(support.SEALED_AT_NS)


@pytest.fixture
def client(url: str) -> Iterator[CaseClient]:
    with CaseClient(url, TOKEN, timeout_s=5.0) as made:
        yield made


def outbox(root: Path, client: CaseClient, clock: SimulatedClock, **options: object) -> Outbox:
    return Outbox(root, client, clock, key=KEY, spread=random.Random(1), **options)  # type: ignore[arg-type]


def package_paths(root: Path) -> set[str]:
    return {f"/api/v1/packages/{folder.name}" for folder in (root / "packages").iterdir()}


def drive(box: Outbox, clock: SimulatedClock, seconds: int = 120) -> None:
    """Let simulated time pass until nothing waits."""
    for _ in range(seconds):
        box.step()
        if box.status.waiting == 0:
            return
        clock.advance(1.0)


def test_packages_and_states_arrive_once_and_the_key_first(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    box = outbox(root, client, clock)
    box.put_incident(pending(incident(1)))
    box.put_incident(ended(incident(1), 9))
    box.put_incident(incident(1))
    box.step()
    assert service.taken[0] == f"/api/v1/keys/{KEY.key_id}"
    assert package_paths(root) < set(service.taken)
    about_one = [
        path for path in service.taken if incident(1).incident_id in path or path.endswith(one_s_package(root))
    ]
    assert [path.rsplit("/", 1)[1] for path in about_one] == [
        f"{incident(1).incident_id}confirmed",
        one_s_package(root),
        f"{incident(1).incident_id}ended",
    ]
    assert (box.status.waiting, box.status.sent, box.status.rejected) == (0, 5, 0)
    requests = service.requests
    box.step()
    box.put_incident(incident(1))
    box.step()
    assert service.requests == requests


def one_s_package(root: Path) -> str:
    return next(
        folder.name
        for folder in (root / "packages").iterdir()
        if json.loads((folder / "manifest.json").read_bytes())["incident_id"] == incident(1).incident_id
    )


def test_what_arrives_is_the_package(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    outbox(root, client, clock).step()
    for path in package_paths(root):
        copy = root / "copies" / path.rsplit("/", 1)[1]
        copy.parent.mkdir(exist_ok=True)
        unpack_bag(service.bodies[path], copy)
        assert verify_package(copy, support.registry()).ok


def test_an_incident_s_state_reads_as_the_service_wants_it(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    box = outbox(root, client, clock)
    box.put_incident(incident(1))
    box.step()
    body = json.loads(service.bodies[f"/api/v1/incidents/{incident(1).incident_id}confirmed"])
    assert body["started_at"] == "2026-05-28T20:25:41.123456Z"
    assert body["ended_at"] is None
    assert body["box_xyxy"] == [-4.0, 40.0, 90.5, 120.0]
    assert set(body) == {
        *("camera_id", "zone_id", "zone_version", "kind", "state", "started_at", "confirmed_at", "ended_at"),
        *("score", "box_xyxy", "frame_size_wh", "reasons"),
    }


@pytest.mark.parametrize("trouble", [0, 401, 404, 429, 500, 503])
def test_passing_trouble_loses_nothing(
    trouble: int, root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, _path: trouble
    box = outbox(root, client, clock)
    box.put_incident(incident(1))
    for _ in range(30):
        box.step()
        clock.advance(1.0)
    assert service.taken == []
    assert (box.status.waiting, box.status.rejected) == (4, 0)
    assert box.status.last_error is not None
    service.behave = lambda _method, _path: None
    drive(box, clock)
    assert package_paths(root) < set(service.taken)
    assert box.status.waiting == 0


def test_waits_grow_and_stay_within_their_bound(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, _path: 503
    box = outbox(root, client, clock, settings=OutboxSettings(first_wait_s=1.0, longest_wait_s=8.0))
    at = []
    for tick in range(600):
        before = service.requests
        box.step()
        if service.requests > before:
            at.append(tick / 10)
        clock.advance(0.1)
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert all(0.5 * bound <= wait <= bound + 0.1 for wait, bound in zip(waits, [1, 2, 4, 8, 8, 8], strict=False))
    assert len(set(waits[3:])) > 1


def test_one_package_that_always_fails_does_not_hold_up_the_others(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    for trouble in (500, 502, 0):
        poison = min(package_paths(root))
        service.behave = lambda _method, path, poison=poison, trouble=trouble: trouble if path == poison else None  # type: ignore[misc]
        box = outbox(root, client, clock)
        drive(box, clock, 40)
        assert package_paths(root) - {poison} < set(service.taken)
        assert box.status.waiting == 1


def test_a_lasting_refusal_is_set_aside_with_its_reason_and_can_be_sent_again(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, path: 422 if "/keys/" not in path else None
    box = outbox(root, client, clock)
    box.put_incident(incident(1))
    box.step()
    assert (box.status.waiting, box.status.sent, box.status.rejected) == (0, 0, 4)
    reasons = [json.loads(path.read_bytes()) for path in (root / "outbox" / "rejected").iterdir()]
    assert {reason["status"] for reason in reasons} == {422}
    assert all("told to answer 422" in reason["reason"] for reason in reasons)
    assert len(list((root / "packages").iterdir())) == 3
    service.behave = lambda _method, _path: None
    again = outbox(root, client, clock)
    again.step()
    assert again.status.rejected == 4
    assert again.requeue_rejected() == 4
    again.step()
    assert (again.status.waiting, again.status.sent, again.status.rejected) == (0, 4, 0)


def test_nothing_goes_before_the_key_is_known(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, path: 503 if "/keys/" in path else None
    box = outbox(root, client, clock)
    box.step()
    assert service.taken == []
    assert "is not registered" in str(box.status.last_error)


def test_a_receipt_that_cannot_be_written_means_one_more_harmless_push(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    opening = FaultyDisk(None, disk_full)
    outbox(root, client, clock, disk=opening)
    box = outbox(root, client, clock, disk=FaultyDisk(opening.operations + 3, disk_full))
    box.put_incident(incident(1))
    drive(box, clock)
    assert (box.status.waiting, box.status.sent) == (0, 4)
    assert len(service.taken) == len(set(service.taken)) == 5


def test_a_full_disk_keeps_a_state_in_memory_and_writes_it_later(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    opening = FaultyDisk(None, disk_full)
    outbox(root, client, clock, disk=opening)
    box = outbox(root, client, clock, disk=FaultyDisk(opening.operations + 2, disk_full))
    box.put_incident(incident(1))
    assert "No space" in str(box.status.last_error)
    assert list((root / "outbox" / "waiting").iterdir()) == []
    drive(box, clock)
    assert f"/api/v1/incidents/{incident(1).incident_id}confirmed" in service.taken


def test_an_unreadable_waiting_file_is_told_and_stops_nothing(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    box = outbox(root, client, clock)
    (root / "outbox" / "waiting" / "incident-x.1-confirmed.json").write_bytes(b"{")
    box.step()
    assert package_paths(root) < set(service.taken)
    assert "unreadable" in str(box.status.last_error)


def test_the_thread_survives_a_service_that_goes_and_comes_back(root: Path, service: FakeService) -> None:
    with serving(service) as address:
        pass
    port = int(address.rsplit(":", 1)[1])
    settings = OutboxSettings(first_wait_s=0.02, longest_wait_s=0.05, look_s=0.02)
    with CaseClient(address, TOKEN, timeout_s=5.0) as client:
        box = Outbox(root, client, SystemClock(), key=KEY, settings=settings)
        box.start()
        wait_until(lambda: box.status.failures > 1)
        with serving(service, port):
            wait_until(lambda: box.status.waiting == 0)
            box.put_incident(incident(1))
            assert box.stop(drain_s=20.0)
    assert len(service.taken) == 5


def wait_until(true: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


PUSHING_PROCESS = """
import sys
from pathlib import Path
from dataclasses import replace
from evidence.client import CaseClient
from evidence.outbox import Outbox, OutboxSettings
from streams.clock import SystemClock
from tests.evidence.recording import incident
from tests.evidence.service import TOKEN
from tests.evidence.test_outbox import KEY

settings = OutboxSettings(first_wait_s=0.01, longest_wait_s=0.02, look_s=0.01)
box = Outbox(Path(sys.argv[1]), CaseClient(sys.argv[2], TOKEN), SystemClock(), key=KEY, settings=settings)
box.start()
for number in range(1, 1000):
    box.put_incident(incident(number))
    print(number, flush=True)
box.stop(drain_s=60)
"""


def test_kill_9_of_the_pusher_loses_no_written_state_and_doubles_none(
    root: Path, url: str, client: CaseClient, service: FakeService
) -> None:
    written = 0
    for round_number in range(2):
        process = subprocess.Popen([sys.executable, "-c", PUSHING_PROCESS, root, url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            for _ in range(15 + 20 * round_number):
                written = max(written, int(process.stdout.readline()))
        finally:
            process.kill()
            process.communicate()
    settings = OutboxSettings(first_wait_s=0.01, longest_wait_s=0.02, look_s=0.01)
    box = Outbox(root, client, SystemClock(), key=KEY, settings=settings)
    box.start()
    assert box.stop(drain_s=60.0)
    states = {f"/api/v1/incidents/{incident(number).incident_id}confirmed" for number in range(1, written + 1)}
    assert states | package_paths(root) < set(service.taken)
    assert len(service.taken) == len(set(service.taken))


def test_the_client_speaks_the_rest_of_the_interface(url: str, service: FakeService) -> None:
    with CaseClient(url, TOKEN) as client:
        assert client.is_up()
        config = client.get_config()
        assert config is not None
        assert config.value["cameras"] == []
        assert client.get_config(config.etag) is None
        assert client.heartbeat({"worker_id": "edge-1"}) == '"one"'
        client.put_key(KEY)
        service.behave = lambda _method, _path: 422
        with pytest.raises(ServiceRefused, match="answered 422: told to answer 422"):
            client.put_incident("x", {"state": "confirmed"})
    with CaseClient(url, "wrong") as client, pytest.raises(ServiceRefused, match="401"):
        client.get_config()


def test_no_answer_is_one_line_without_the_token(service: FakeService) -> None:
    with serving(service) as address:
        pass
    with CaseClient(address, TOKEN) as client:
        assert not client.is_up()
        with pytest.raises(ServiceUnreachable) as caught:
            client.heartbeat({})
    assert address in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_page_that_is_no_case_service_is_told_so(url: str, service: FakeService) -> None:
    service.behave = lambda _method, _path: 304
    with CaseClient(url, TOKEN) as client, pytest.raises(ServiceRefused, match="check the address"):
        client.heartbeat({})


def test_times_are_written_in_utc_with_microseconds() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    assert rfc3339(1_780_000_000_999_999_999) == "2026-05-28T20:26:40.999999Z"
    assert rfc3339(None) is None


def test_states_of_incidents_with_any_id_stay_in_their_folder(
    root: Path, client: CaseClient, clock: SimulatedClock
) -> None:
    box = outbox(root, client, clock)
    box.put_incident(replace(incident(1), incident_id="../../x.y", state=IncidentState.CONFIRMED))
    (path,) = (root / "outbox" / "waiting").iterdir()
    assert path.name == "incident-..%2F..%2Fx.y.1-confirmed.json"
    assert box.status.waiting == 4


def test_a_package_waits_for_its_time_stamp_but_not_for_long(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    waiting = {folder.name for folder in (root / "packages").iterdir()}
    box = outbox(root, client, clock, awaits_stamp=lambda package_id: package_id in waiting)
    box.step()
    assert package_paths(root) & set(service.taken) == set()
    stamped = waiting.pop()
    box.step()
    assert package_paths(root) & set(service.taken) == {f"/api/v1/packages/{stamped}"}
    clock.advance(10.0)
    box.step()
    assert package_paths(root) < set(service.taken)


def test_a_late_time_stamp_follows_its_package_and_survives_a_restart(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    name = min(folder.name for folder in (root / "packages").iterdir())
    outbox(root, client, clock).put_timestamp(name, b'{"schema":"x"}')
    box = outbox(root, client, clock)
    box.step()
    path = f"/api/v1/packages/{name}"
    assert service.taken.index(path) < service.taken.index(f"{path}/timestamp")
    assert service.bodies[f"{path}/timestamp"] == b'{"schema":"x"}'
    assert (box.status.waiting, box.status.sent) == (0, 4)
    box.put_timestamp(name, b'{"schema":"x"}')
    assert box.status.waiting == 0


@pytest.mark.parametrize("status", [404, 405])
def test_a_service_that_takes_no_time_stamps_gets_everything_else(
    status: int, root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, path: status if path.endswith("/timestamp") else None
    box = outbox(root, client, clock)
    box.put_timestamp(min(folder.name for folder in (root / "packages").iterdir()), b"{}")
    drive(box, clock, 5)
    assert package_paths(root) < set(service.taken)
    assert box.status.waiting == 1


def test_a_package_that_retention_deleted_waits_no_longer(
    root: Path, client: CaseClient, service: FakeService, clock: SimulatedClock
) -> None:
    service.behave = lambda _method, _path: 503
    box = outbox(root, client, clock)
    box.step()
    gone = min((root / "packages").iterdir())
    gone.rename(root / "gone")
    service.behave = lambda _method, _path: None
    drive(box, clock)
    assert box.status.waiting == 0
    assert f"/api/v1/packages/{gone.name}" not in service.taken


def test_packages_sealed_while_it_runs_are_found_without_listing_the_folder(
    root: Path,
    client: CaseClient,
    service: FakeService,
    clock: SimulatedClock,
    ring: PacketRing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = outbox(root, client, clock)
    box.step()
    seal(root, ring, 4)
    box.step()  # the store wrote no index anew, it only added a line
    seal(root, ring, 5)
    listed: list[Path] = []
    scandir = os.scandir

    def watched(path: Path) -> Iterator[os.DirEntry[str]]:
        listed.append(Path(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    box.step()
    monkeypatch.undo()
    assert package_paths(root) < set(service.taken)
    assert root / "packages" not in listed


@pytest.mark.parametrize(("status", "told_again"), [(None, False), (422, False), (409, False), (503, True)])
def test_the_end_of_a_key_is_told_first_and_holds_nothing_up(
    root: Path, client: CaseClient, clock: SimulatedClock, service: FakeService, status: int | None, *, told_again: bool
) -> None:
    old = support.signer(5).entry(support.VALID_FROM, "old")
    place = f"/api/v1/keys/{old.key_id}"
    answers = [status] if status else []

    def behave(_method: str, path: str) -> int | None:
        return answers.pop() if path == place and answers else None

    service.behave = behave
    box = outbox(root, client, clock)
    box.tell_ended([old])
    box.step()
    assert bool(box.status.waiting) is told_again
    drive(box, clock)
    assert box.status.waiting == 0
    assert (service.taken[0] == place) is (status in (None, 503))
