"""A case is in front of one reviewer at a time, and free again when they are gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import Service


def test_each_reviewer_gets_another_case(service: Service) -> None:
    worker = service.worker()
    ids = [service.case(f"incident-{number}", worker) for number in range(6)]
    people = [service.person("reviewer") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda person: person.get("/api/v1/cases/next").json()["case"]["id"], people))
    assert sorted(found) == ids
    assert service.person("reviewer").get("/api/v1/cases/next").json() == {"case": None, "waiting": 6}


def test_a_lock_keeps_others_off_until_it_ends(service: Service) -> None:
    case_id, one, two = service.case("incident-1"), service.person("reviewer"), service.person("reviewer")
    case = one.get("/api/v1/cases/next").json()["case"]
    assert case["locked_by"] == one.get("/api/v1/session").json()["name"]
    refused = two.put(f"/api/v1/cases/{case_id}/lock")
    assert (refused.status_code, "in front of person-" in refused.json()["detail"]) == (409, True)
    decision = {"action": "confirm", "version": 1}
    assert two.post(f"/api/v1/cases/{case_id}/decisions", json=decision).status_code == 409
    service.clock.advance(seconds=50)
    assert one.put(f"/api/v1/cases/{case_id}/lock").status_code == 200
    service.clock.advance(seconds=50)
    assert two.get("/api/v1/cases/next").json()["case"] is None
    service.clock.advance(seconds=11)
    assert two.get("/api/v1/cases/next").json()["case"]["id"] == case_id
    assert two.post(f"/api/v1/cases/{case_id}/decisions", json=decision).json()["locked_by"] is None


def test_a_case_is_free_when_its_reviewer_gives_it_back_or_signs_out(service: Service) -> None:
    case_id, one, two = service.case("incident-1"), service.person("reviewer"), service.person("reviewer")
    one.get("/api/v1/cases/next")
    assert two.delete(f"/api/v1/cases/{case_id}/lock").status_code == 204
    assert two.get("/api/v1/cases/next").json()["case"] is None
    assert one.delete(f"/api/v1/cases/{case_id}/lock").status_code == 204
    assert two.get("/api/v1/cases/next").json()["case"]["id"] == case_id
    assert two.delete("/api/v1/session").status_code == 204
    assert one.get("/api/v1/cases/next").json()["case"]["id"] == case_id


def test_the_following_case_can_be_held_ready(service: Service) -> None:
    worker = service.worker()
    first, second = (service.case(f"incident-{number}", worker) for number in range(2))
    one = service.person("reviewer")
    assert one.get("/api/v1/cases/next").json()["case"]["id"] == first
    assert one.get(f"/api/v1/cases/next?after={first}").json()["case"]["id"] == second
    assert one.get("/api/v1/cases/next?kind=street_vending").json()["case"] is None
