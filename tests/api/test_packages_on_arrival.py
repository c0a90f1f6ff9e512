"""A package becomes exactly one case, or is set aside with its reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from evidence.manifest import package_id_for, parse
from evidence.package import bag_files
from tests.api.conftest import Service
from tests.api.scene import SealedBag, key_entry, signer


def candidates(service: Service) -> int:
    counts = service.person("reviewer").get("/api/v1/cases/counts").json()["counts"]
    return int(counts["candidate"])


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
    assert candidates(service) == 1


def test_the_same_package_from_many_senders_at_once_is_one_case(service: Service) -> None:
    bag = service.sealer.seal("incident-1")
    content, workers = bag.zip(service.scratch), [service.worker() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda worker: service.put(worker, bag, content), workers))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert candidates(service) == 1
    assert not list(service.store.incoming.iterdir())


def test_another_package_under_a_known_id_is_a_conflict(service: Service) -> None:
    worker = service.worker()
    service.put(worker, service.sealer.seal("incident-1"))
    other = service.sealer.seal("incident-1", sealed_at_ns=1_790_000_000_000_000_000)
    answer = service.put(worker, other)
    assert answer.status_code == 409
    assert "another content" in answer.json()["detail"]
    assert candidates(service) == 1


def test_two_packages_of_one_incident_are_one_case(service: Service) -> None:
    worker = service.worker()
    first = service.put(worker, service.sealer.seal("incident-1")).json()
    second = service.put(worker, service.sealer.seal("incident-1", part=2, package_id=package_id_for("incident-1", 2)))
    assert second.status_code == 201, second.text
    assert second.json()["case_id"] == first["case_id"]
    case = service.person("reviewer").get(f"/api/v1/cases/{first['case_id']}").json()
    assert len(case["packages"]) == 2


def test_different_packages_of_one_incident_at_once_are_one_case(service: Service) -> None:
    bags = [
        service.sealer.seal("incident-1", part=part, package_id=package_id_for("incident-1", part))
        for part in range(1, 5)
    ]
    contents = [bag.zip(service.scratch) for bag in bags]
    worker = service.worker()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: service.put(worker, *pair), zip(bags, contents, strict=True)))
    assert [answer.status_code for answer in answers] == [201] * 4, [answer.text for answer in answers]
    assert len({answer.json()["case_id"] for answer in answers}) == 1


def altered(bag: SealedBag) -> SealedBag:
    files = dict(bag.files)
    still = next(name for name in files if name.endswith(".jpg"))
    files[still] = files[still][:-1] + bytes([files[still][-1] ^ 1])
    return SealedBag(bag.package_id, bag.incident_id, files)


def test_an_altered_package_is_set_aside_with_its_reason_and_makes_no_case(service: Service) -> None:
    bag = altered(service.sealer.seal("incident-1"))
    worker = service.worker()
    answers = [service.put(worker, bag) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert "hash_mismatch" in answers[0].json()["detail"]
    assert answers[0].json()["problems"][0]["where"].endswith(".jpg")
    kept = service.person("auditor").get("/api/v1/quarantine").json()["items"]
    assert [(row["package_id"], row["reason"].split(":")[0]) for row in kept] == [(bag.package_id, "hash_mismatch")]
    assert candidates(service) == 0
    assert len(list(service.store.quarantine.iterdir())) == 1


def test_a_package_of_an_unknown_key_is_refused_until_its_key_is_registered(service: Service) -> None:
    bag, worker = service.sealer.seal("incident-1", seed=7), service.worker()
    refused = service.put(worker, bag)
    assert refused.status_code == 422
    assert "key_unknown" in refused.json()["detail"]
    entry = key_entry(7)
    worker.put(f"/api/v1/keys/{entry.key_id}", json=entry.model_dump(mode="json"))
    assert service.put(worker, bag).status_code == 201


def test_a_package_sent_under_another_id_is_refused(service: Service) -> None:
    bag = service.sealer.seal("incident-1")
    renamed = SealedBag("somebody-elses-id", bag.incident_id, bag.files)
    answer = service.put(service.worker(), renamed)
    assert answer.status_code == 422
    assert "identity_mismatch" in answer.json()["detail"]


def test_a_package_that_is_signed_but_lists_no_such_file_is_refused(service: Service) -> None:
    bag = service.sealer.seal("incident-1")
    more = SealedBag(bag.package_id, bag.incident_id, {**bag.files, "data/stills/planted.jpg": b"x"})
    answer = service.put(service.worker(), more)
    assert answer.status_code == 422
    assert "unlisted_file" in answer.json()["detail"]


def test_an_archive_that_climbs_out_of_its_folder_is_refused(service: Service) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("../../escaped.txt", "x")
    answer = service.put(service.worker(), service.sealer.seal("incident-1"), sink.getvalue())
    assert answer.status_code == 422
    assert "bad_name" in answer.json()["detail"]
    assert not list(service.settings.data_dir.rglob("escaped.txt"))


def test_something_that_is_no_archive_is_refused(service: Service) -> None:
    answer = service.put(service.worker(), service.sealer.seal("incident-1"), b"no archive")
    assert answer.status_code == 422
    wrong_type = service.worker().put("/api/v1/packages/abc", content=b"x", headers={"Content-Type": "text/plain"})
    assert "application/zip" in wrong_type.json()["detail"]


def test_an_upload_over_the_limit_is_cut_off(start_service: Callable[..., Service]) -> None:
    service = start_service(max_package_bytes=2000)
    worker, bag = service.worker(), service.sealer.seal("incident-1")
    assert service.put(worker, bag).status_code == 413
    url = f"/api/v1/packages/{bag.package_id}"
    chunks = (b"x" * 500 for _ in range(10))
    streamed = worker.put(url, content=chunks, headers={"Content-Type": "application/zip"})
    assert streamed.status_code == 413
    assert not list(service.store.incoming.iterdir())


def test_other_bodies_have_a_small_limit(start_service: Callable[..., Service]) -> None:
    service = start_service(max_body_bytes=1000)
    body = {"worker_id": "w", "software": "s", "more": "x" * 2000}
    assert service.worker().post("/api/v1/worker/heartbeat", json=body).status_code == 413


def test_a_forged_package_of_a_revoked_key_is_refused(service: Service) -> None:
    key_id = signer().key_id
    worker = service.worker()
    revoked = service.person("admin").post(f"/api/v1/keys/{key_id}/revocation", json={"reason": "compromised"})
    assert revoked.json()["revocation_reason"] == "compromised"
    answer = service.put(worker, service.sealer.seal("incident-1"))
    assert answer.status_code == 422
    assert "key_revoked" in answer.json()["detail"]


def test_a_package_signed_anew_by_a_stranger_is_refused(service: Service) -> None:
    honest = service.sealer.seal("incident-1")
    payload = {name: data for name, data in honest.files.items() if name.startswith("data/")}
    stranger = bag_files(parse(honest.files["manifest.json"]), payload, signer(9))
    answer = service.put(service.worker(), SealedBag(honest.package_id, honest.incident_id, dict(stranger)))
    assert answer.status_code == 422
