"""A package becomes exactly one case, or is set aside with its reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import Service


def test_a_package_becomes_a_case_with_its_files(service: Service) -> None:
    bag = service.sealer.seal("incident-1")
    answer = service.put(service.worker(), bag)
    assert answer.status_code == 201, answer.text
    assert answer.json()["incident_id"] == "incident-1"
    case = service.person("reviewer").get(f"/api/v1/cases/{answer.json()['case_id']}").json()
    assert (case["state"], case["kind"], case["camera_id"]) == ("candidate", "illegal_parking", "north-gate")
    assert {file["purpose"] for file in case["packages"][0]["files"]} == {
        "clip", "panorama_first", "panorama_confirmed", "close_up",
    }  # fmt: skip


def test_the_same_package_again_is_acknowledged_without_a_second_case(service: Service) -> None:
    worker, bag = service.worker(), service.sealer.seal("incident-1")
    first, second = service.put(worker, bag), service.put(worker, bag)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(service.person("reviewer").get("/api/v1/cases").json()["items"]) == 1


def test_the_same_package_from_many_senders_at_once_is_one_case(service: Service) -> None:
    bag = service.sealer.seal("incident-1")
    content, workers = bag.zip(service.scratch), [service.worker() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda worker: service.put(worker, bag, content), workers))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert service.person("reviewer").get("/api/v1/cases/counts").json()["counts"]["candidate"] == 1
    assert not list(service.store.incoming.iterdir())
