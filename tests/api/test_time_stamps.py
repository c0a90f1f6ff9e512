"""A time stamp that comes after its package is checked and put beside it; a machine ends its own key only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence.problems import ProblemCode
from evidence.registry import KeyEntry, KeyRegistry
from evidence.signing import SIGNATURE_FILE
from evidence.timestamp import make_file, request_for
from evidence.transport import unpack_bag
from evidence.verify import verify_package
from tests.api.conftest import Service
from tests.api.scene import SealedBag, key_entry, signer
from tests.evidence.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def office(start_service: Callable[..., Service], authority: Authority) -> Service:
    """A service that trusts the authority."""
    return start_service(timestamp_authorities=(authority.entry,))


def sealed_long_ago(service: Service) -> SealedBag:
    """A package from before the stamp, whatever day the test runs on."""
    return service.sealer.seal("incident-1")


def stamp(authority: Authority, bag: SealedBag, seed: int = 1) -> bytes:
    return make_file(authority.answer(request_for(bag.files[SIGNATURE_FILE])), signer(seed))


def test_a_late_stamp_is_kept_and_comes_with_the_download(office: Service, authority: Authority) -> None:
    worker, bag = office.worker(), sealed_long_ago(office)
    url, data = f"/api/v1/packages/{bag.package_id}/timestamp", stamp(authority, bag)
    headers = {"Content-Type": "application/json"}
    assert worker.put(url, content=data, headers=headers).status_code == 404
    office.put(worker, bag)
    first = worker.put(url, content=data, headers=headers)
    assert first.status_code == 201, first.text
    assert (first.json()["state"], first.json()["authority"]) == ("trusted", "Test authority")
    assert worker.put(url, content=stamp(authority, bag), headers=headers).status_code == 200
    auditor = office.person("auditor")
    archive = office.scratch / "download.zip"
    archive.write_bytes(auditor.get(f"/api/v1/packages/{bag.package_id}/bag").content)
    unpack_bag(archive, office.scratch / "download")
    published = KeyRegistry.model_validate(auditor.get("/api/v1/keys").json())
    assert published.timestamp_authorities == (authority.entry,)
    report = verify_package(office.scratch / "download", published)
    assert (report.ok, report.timestamp.state) == (True, "trusted")
    assert (office.store.path(bag.package_id) / "timestamp.json").read_bytes() == data


def test_a_stamp_that_does_not_hold_is_refused_and_nothing_is_kept(office: Service, authority: Authority) -> None:
    worker, bag = office.worker(), sealed_long_ago(office)
    office.put(worker, bag)
    other = office.sealer.seal("incident-2")
    wrong = {
        ProblemCode.TIMESTAMP_MISMATCH: stamp(authority, other),
        ProblemCode.TIMESTAMP_INVALID: stamp(authority, bag, seed=7),
    }
    for code, data in wrong.items():
        answer = worker.put(
            f"/api/v1/packages/{bag.package_id}/timestamp", content=data, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert answer.json()["problems"][0]["code"] == code.value
    assert not (office.store.path(bag.package_id) / "timestamp.json").exists()


def test_an_authority_that_the_office_does_not_trust_is_refused(office: Service, tmp_path: Path) -> None:
    worker, bag = office.worker(), sealed_long_ago(office)
    office.put(worker, bag)
    data = stamp(Authority(tmp_path / "other"), bag)
    answer = worker.put(
        f"/api/v1/packages/{bag.package_id}/timestamp", content=data, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (422, "timestamp_untrusted")


def ended(entry: KeyEntry, reason: str) -> dict[str, object]:
    change = {"revoked_at": datetime(2026, 6, 2, tzinfo=UTC), "revocation_reason": reason}
    return entry.model_copy(update=change).model_dump(mode="json")


def test_a_machine_ends_the_key_that_it_registered(service: Service) -> None:
    worker, entry = service.worker(), key_entry()
    url = f"/api/v1/keys/{entry.key_id}"
    assert worker.put(url, json=ended(entry, "superseded")).json()["revocation_reason"] == "superseded"
    assert worker.put(url, json=ended(entry, "compromised")).json()["revocation_reason"] == "compromised"
    assert worker.put(url, json=ended(entry, "superseded")).json()["revocation_reason"] == "compromised"
    assert worker.put(url, json=entry.model_dump(mode="json")).status_code == 409
    logged = service.person("auditor").get("/api/v1/audit").json()["items"]
    assert sum(row["action"] == "key.revoked" for row in logged) == 2


def test_a_key_that_nobody_knows_or_another_made_is_not_ended(service: Service) -> None:
    unknown = key_entry(9)
    answer = service.worker().put(f"/api/v1/keys/{unknown.key_id}", json=ended(unknown, "superseded"))
    assert answer.status_code == 422
