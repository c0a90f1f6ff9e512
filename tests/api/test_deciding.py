"""Reviewers decide; nobody decides twice, on an old picture, or without a reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import Service


def decide(client: httpx.Client, case_id: int, action: str, version: int = 1, **more: Any) -> httpx.Response:
    return client.post(f"/api/v1/cases/{case_id}/decisions", json={"action": action, "version": version, **more})


def test_a_confirmed_case_is_filed(service: Service) -> None:
    case_id = service.case("incident-1")
    reviewer = service.person("reviewer", username="chen")
    case = decide(reviewer, case_id, "confirm").json()
    assert (case["state"], case["version"], case["decided_by"]) == ("filed", 2, "chen")
    assert [step["action"] for step in case["transitions"]] == ["open", "confirm"]
    assert reviewer.get("/api/v1/cases?state=candidate").json()["items"] == []


def test_a_rejected_case_keeps_its_reason(service: Service) -> None:
    case_id = service.case("incident-1")
    case = decide(service.person("reviewer"), case_id, "reject", reason="temporary_stop").json()
    assert (case["state"], case["decision_reason"]) == ("rejected", "temporary_stop")


@pytest.mark.parametrize("reason", [None, "because", ""])
def test_a_rejection_needs_a_reason_from_the_list(service: Service, reason: str | None) -> None:
    case_id = service.case("incident-1")
    answer = decide(service.person("reviewer"), case_id, "reject", reason=reason)
    assert answer.status_code == 422
    assert service.person("reviewer").get(f"/api/v1/cases/{case_id}").json()["state"] == "candidate"


def test_other_reasons_need_a_note(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    assert decide(reviewer, case_id, "reject", reason="other").status_code == 422
    case = decide(reviewer, case_id, "reject", reason="other", note="a film set").json()
    assert case["transitions"][-1]["note"] == "a film set"


def test_a_case_that_somebody_decided_meanwhile_is_a_conflict(service: Service) -> None:
    case_id = service.case("incident-1")
    decide(service.person("reviewer", username="chen"), case_id, "confirm")
    answer = decide(service.person("reviewer"), case_id, "reject", reason="duplicate")
    assert answer.status_code == 409
    assert "by chen" in answer.json()["detail"]
    assert (answer.json()["state"], answer.json()["version"]) == ("filed", 2)


def test_of_many_who_decide_at_once_one_wins(service: Service) -> None:
    case_id = service.case("incident-1")
    people = [service.person("reviewer") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda person: decide(person, case_id, "confirm"), people))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    case = people[0].get(f"/api/v1/cases/{case_id}").json()
    assert [step["action"] for step in case["transitions"]] == ["open", "confirm"]


def test_a_decision_can_be_taken_back_by_who_took_it(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    assert "undo" in decide(reviewer, case_id, "confirm").json()["actions"]
    case = decide(reviewer, case_id, "undo", 2).json()
    assert (case["state"], case["version"], case["decided_by"]) == ("candidate", 3, None)
    assert decide(reviewer, case_id, "undo", 3).status_code == 409


def test_a_decision_cannot_be_taken_back_by_others_or_too_late(service: Service) -> None:
    case_id, reviewer, other = service.case("incident-1"), service.person("reviewer"), service.person("reviewer")
    decide(reviewer, case_id, "confirm")
    assert decide(other, case_id, "undo", 2).status_code == 409
    assert "undo" not in other.get(f"/api/v1/cases/{case_id}").json()["actions"]
    service.clock.advance(minutes=11)
    assert decide(reviewer, case_id, "undo", 2).status_code == 409


def test_only_a_second_reviewer_opens_a_case_again_and_says_why(service: Service) -> None:
    case_id, reviewer, second = (
        service.case("incident-1"),
        service.person("reviewer"),
        service.person("second_reviewer"),
    )
    decide(reviewer, case_id, "confirm")
    assert decide(reviewer, case_id, "reopen", 2, note="look again").status_code == 403
    assert decide(second, case_id, "reopen", 2).status_code == 422
    assert decide(second, case_id, "reopen", 2, note="look again").json()["state"] == "candidate"


def test_a_step_that_the_state_does_not_know_is_a_conflict(service: Service) -> None:
    case_id, reviewer = service.case("incident-1"), service.person("reviewer")
    decide(reviewer, case_id, "confirm")
    assert decide(reviewer, case_id, "confirm", 2).status_code == 409


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_who_may_look_but_not_decide_is_offered_nothing(service: Service, role: str) -> None:
    case_id, person = service.case("incident-1"), service.person(role)
    assert person.get(f"/api/v1/cases/{case_id}").json()["actions"] == []
    assert decide(person, case_id, "confirm").status_code == 403


def test_a_case_that_is_not_there_is_not_found(service: Service) -> None:
    reviewer = service.person("reviewer")
    assert reviewer.get("/api/v1/cases/99").status_code == 404
    assert decide(reviewer, 99, "confirm").status_code == 404
    assert reviewer.get(f"/api/v1/cases/{2**70}").status_code == 422


def test_the_queue_is_paged_by_number_in_both_directions(service: Service) -> None:
    worker = service.worker()
    ids = [service.case(f"incident-{number}", worker) for number in range(5)]
    reviewer = service.person("reviewer")
    first = reviewer.get("/api/v1/cases?limit=3").json()
    rest = reviewer.get(f"/api/v1/cases?limit=3&after={first['next']}").json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids
    assert rest["next"] is None
    newest = reviewer.get("/api/v1/cases?limit=2&newest_first=true").json()
    older = reviewer.get(f"/api/v1/cases?limit=2&newest_first=true&after={newest['next']}").json()
    assert [item["id"] for item in newest["items"] + older["items"]] == ids[:0:-1]
    assert reviewer.get("/api/v1/cases?kind=street_vending").json()["items"] == []
    assert len(reviewer.get("/api/v1/cases?camera_id=north-gate").json()["items"]) == 5
