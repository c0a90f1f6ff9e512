"""A worker that would delete its copies is told what the office knows of them."""

from __future__ import annotations

import pytest

from evidence.client import CaseClient
from evidence.errors import ServiceRefused
from evidence.retention import RetentionState
from tests.api.conftest import Service


def test_the_office_says_class_and_hold_and_keeps_what_it_does_not_know(service: Service) -> None:
    worker = service.worker()
    bags = [service.sealer.seal(f"incident-{number}") for number in range(3)]
    cases = [service.put(worker, bag).json()["case_id"] for bag in bags]
    reviewer = service.person("reviewer")
    version = reviewer.get(f"/api/v1/cases/{cases[1]}").json()["version"]
    decided = reviewer.post(
        f"/api/v1/cases/{cases[1]}/decisions", json={"action": "reject", "version": version, "reason": "no_violation"}
    )
    assert decided.status_code == 200, decided.text
    held = service.person("second_reviewer").put(f"/api/v1/cases/{cases[2]}/hold", json={"reason": "an appeal"})
    assert held.status_code == 204, held.text
    token = worker.headers["Authorization"].removeprefix("Bearer ")
    with CaseClient(service.url, token) as client:
        told = client.ask_retention([*(bag.package_id for bag in bags), "nobodys"])
    assert told == {
        bags[0].package_id: RetentionState("raw"),
        bags[1].package_id: RetentionState("rejected"),
        bags[2].package_id: RetentionState("raw", held=True),
        "nobodys": RetentionState("raw", held=True),
    }


def test_only_workers_may_ask(service: Service) -> None:
    answer = service.person("reviewer").post("/api/v1/packages/retention", json={"package_ids": []})
    assert answer.status_code == 403


def test_an_answer_that_is_none_is_refused(service: Service) -> None:
    with CaseClient(service.url, "wrong") as client, pytest.raises(ServiceRefused):
        client.ask_retention(["a"])
