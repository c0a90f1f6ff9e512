"""An open page hears at once what happens to the cases that it may see, and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Service


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_package_is_an_event_in_an_open_page_at_once(service: Service) -> None:
    worker, reviewer, bag = service.worker(), service.person("reviewer"), service.sealer.seal("incident-1")
    with reviewer.stream("GET", "/api/v1/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        sent_at = time.monotonic()
        push = threading.Thread(target=lambda: service.put(worker, bag))
        push.start()
        name, body = next(events(stream))
        push.join()
    assert (name, body["state"], body["kind"]) == ("case.opened", "candidate", "illegal_parking")
    # Far beyond the two seconds that are wanted: only a stream that waits for the end of something fails here.
    assert time.monotonic() - sent_at < 60


def test_what_was_missed_comes_after_the_last_number(service: Service) -> None:
    worker, reviewer = service.worker(), service.person("reviewer")
    last = str(service.person("auditor").get("/api/v1/audit").json()["items"][0]["sequence"])
    first, second = service.case("incident-1", worker), service.case("incident-2", worker)
    with reviewer.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last}) as stream:
        told = events(stream)
        assert [next(told)[1]["case_id"] for _ in range(2)] == [first, second]
    with reviewer.stream("GET", "/api/v1/events", headers={"Last-Event-ID": "999999"}) as stream:
        assert next(events(stream)) == ("resync", {})


def test_a_limited_page_hears_only_of_its_part(service: Service) -> None:
    from tests.api.test_limits import limited, town  # noqa: PLC0415

    reviewer = limited(service, "reviewer", districts=["south"])
    last = str(service.person("auditor").get("/api/v1/audit").json()["items"][0]["sequence"])
    _north, south = town(service)
    with reviewer.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last}) as stream:
        assert next(events(stream))[1]["case_id"] == south


def test_one_person_listens_with_a_few_pages_only(service: Service) -> None:
    reviewer = service.person("reviewer")
    streams = [reviewer.stream("GET", "/api/v1/events") for _ in range(9)]
    codes = [stream.__enter__().status_code for stream in streams]
    for stream in streams:
        stream.__exit__(None, None, None)
    assert codes == [200] * 8 + [503]


@pytest.mark.parametrize("role", ["ops", "worker"])
def test_who_works_on_no_cases_hears_nothing_of_them(service: Service, role: str) -> None:
    client = service.machine("worker") if role == "worker" else service.person(role)
    assert client.get("/api/v1/events").status_code == 403
