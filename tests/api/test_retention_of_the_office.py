"""The office's own store: what is over goes and leaves a tombstone; what is held, or decided meanwhile, stays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.db.models import Package
from api.packages.retention import OfficeRetention
from api.packages.store import PackageStore
from evidence.chain import Head
from evidence.retention import RetentionPolicy
from evidence.signing import KeyRegistry
from evidence.verify import BatchReport, verify_packages
from tests.api.conftest import Service
from tests.api.scene import SealedBag, key_entry, signer

POLICY = RetentionPolicy.model_validate(
    {"name": "office 2026", "keep_days": {"raw": 90, "rejected": 30, "evidence": None}}
)


@dataclass(frozen=True)
class Books:
    """Three packages of one camera's chain with their cases: one to be rejected, one held, one undecided."""

    service: Service
    worker: httpx.Client
    bags: tuple[SealedBag, ...]
    cases: tuple[int, ...]

    def place(self, number: int) -> Path:
        return self.service.office.store.path(self.bags[number].package_id)

    def tombstone(self, number: int) -> Path:
        return self.service.office.store.tombstone(self.bags[number].package_id)

    def verified(self) -> BatchReport:
        """What a third party finds who is given all that there is."""
        store = self.service.office.store
        packages = sorted(path for path in store.packages.glob("*/*") if path.is_dir())
        tombstones = sorted(store.tombstones.glob("*/*.json"))
        return verify_packages(packages, KeyRegistry(keys=(key_entry(),)), tombstones=tombstones)


@pytest.fixture
def books(service: Service) -> Books:
    worker, head, bags, cases = service.worker(), None, [], []
    for number in range(3):
        bag = service.sealer.seal(f"incident-{number}", head=head)
        head = Head(number + 1, hashlib.sha256(bag.files["manifest.json"]).hexdigest())
        bags.append(bag)
        cases.append(int(service.put(worker, bag).json()["case_id"]))
    return Books(service, worker, tuple(bags), tuple(cases))


def reject(service: Service, case_id: int) -> None:
    reviewer = service.person("reviewer")
    version = reviewer.get(f"/api/v1/cases/{case_id}").json()["version"]
    body = {"action": "reject", "version": version, "reason": "no_violation"}
    assert reviewer.post(f"/api/v1/cases/{case_id}/decisions", json=body).status_code == 200


def hold(service: Service, case_id: int) -> None:
    held = service.person("second_reviewer").put(f"/api/v1/cases/{case_id}/hold", json={"reason": "an appeal"})
    assert held.status_code == 204


def retention(service: Service) -> OfficeRetention:
    return OfficeRetention(service.office, POLICY, signer(), "root on office-1")


def test_what_was_rejected_goes_when_its_time_is_over_and_the_chain_still_holds(books: Books) -> None:
    service = books.service
    reject(service, books.cases[1])
    service.clock.advance(days=20)
    assert retention(service).run().deleted == ()
    service.clock.advance(days=15)
    assert retention(service).run(dry=True).deleted == (books.bags[1].package_id,)
    assert books.place(1).is_dir()
    assert retention(service).run().deleted == (books.bags[1].package_id,)
    assert [books.place(number).is_dir() for number in range(3)] == [True, False, True]
    found = books.verified()
    assert found.ok, found
    books.tombstone(1).unlink()
    assert not books.verified().ok
    assert retention(service).run().deleted == ()


def test_what_is_held_back_stays_whatever_its_age(books: Books) -> None:
    service = books.service
    hold(service, books.cases[0])
    service.clock.advance(days=200)
    report = retention(service).run()
    assert (set(report.deleted), report.held) == ({bag.package_id for bag in books.bags[1:]}, 1)
    assert books.place(0).is_dir()
    assert books.verified().ok


def test_what_becomes_held_between_the_question_and_the_deletion_stays(books: Books) -> None:
    service = books.service
    service.clock.advance(days=200)
    run = retention(service)
    (packages,) = run._old_enough()
    deletions, _held = run._due(packages)
    hold(service, books.cases[2])
    assert sum(run._delete(each) for each in deletions) == 2
    assert [books.place(number).is_dir() for number in range(3)] == [False, False, True]


def test_the_service_tells_what_stands_for_a_deleted_package(books: Books) -> None:
    service, package_id = books.service, books.bags[1].package_id
    reject(service, books.cases[1])
    service.clock.advance(days=35)
    retention(service).run()
    reviewer, url = service.person("reviewer", "auditor"), f"/api/v1/packages/{package_id}"
    told = reviewer.get(url).json()
    assert (told["files"], told["deleted_by_rule"]) == ([], "office 2026, rule rejected: 30 days")
    assert reviewer.get(told["tombstone_url"]).content == books.tombstone(1).read_bytes()
    bag = reviewer.get(f"{url}/bag")
    assert bag.status_code == 404
    assert "was deleted on 2026-07-06 by office 2026" in bag.json()["detail"]
    assert reviewer.get(f"{url}/files/data/originals/clip.mp4").status_code == 404
    assert reviewer.get(f"/api/v1/cases/{books.cases[1]}").status_code == 200
    assert "package.deleted" in reviewer.get("/api/v1/audit").text
    # The worker that sends it again is told that it is known, and nothing comes back.
    assert service.put(books.worker, books.bags[1]).status_code == 200
    assert not books.place(1).exists()


def test_a_tombstone_is_checked_with_the_chain_around_it(books: Books) -> None:
    service, package_id = books.service, books.bags[1].package_id
    reject(service, books.cases[1])
    service.clock.advance(days=35)
    url = f"/api/v1/packages/{package_id}/tombstone"
    assert service.person("reviewer").get(url).status_code == 404
    retention(service).run()
    told = service.person("reviewer").get(url).json()
    assert (told["sequence"], told["neighbours"], told["problems"]) == (2, [1, 3], [])
    with service.office.database.writing() as session:
        session.get_one(Package, books.bags[2].package_id).sequence = 9
        session.get_one(Package, books.bags[0].package_id).manifest_sha256 = "ab" * 32
    told = service.person("reviewer").get(url).json()
    assert told["neighbours"] == [1]
    assert told["problems"] == [f"its predecessor is not package {books.bags[0].package_id}"]
    stone = books.tombstone(1)
    stone.write_bytes(stone.read_bytes().replace(b"root on office-1", b"root on office-2"))
    problems = service.person("reviewer").get(url).json()["problems"]
    assert problems[0].startswith("is not what key")


@pytest.mark.parametrize("step", ["keep_tombstone", "bury", "sealed"])
def test_a_power_cut_at_any_step_is_mended_by_the_next_run(
    books: Books, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = books.service
    reject(service, books.cases[1])
    service.clock.advance(days=35)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        owner, name = (OfficeRetention, "_note") if step == "sealed" else (PackageStore, step)
        patched.setattr(owner, name, cut)
        with pytest.raises(KeyboardInterrupt):
            retention(service).run()
    assert books.verified().ok
    assert retention(service).run().deleted == (books.bags[1].package_id,)
    assert not books.place(1).exists()
    assert books.verified().ok
