"""Attacks on the chain of a camera's packages and on the tombstones of those that retention deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785

from evidence.chain import Head
from evidence.problems import ProblemCode
from evidence.tombstone import Tombstone, seal_tombstone
from evidence.verify import BatchReport, verify_packages
from tests.evidence import support

DAY_NS = 86_400 * 10**9


class Case:
    """Five chained packages in a folder; number 3 was deleted by retention and left a tombstone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.head: Head | None = None
        self.bags: list[dict[str, bytes]] = []
        for number in range(1, 6):
            self.add(f"incident-{number}")
        self.deleted = self.bags[2]
        self.stone: bytes = self.tombstone_of(self.deleted)
        self.given = [0, 1, 3, 4]

    def add(self, incident: str) -> None:
        files = support.bag(incident, self.head)
        sequence = 1 if self.head is None else self.head.sequence + 1
        self.head = support.head_of(files, sequence)
        self.bags.append(files)

    def tombstone_of(self, files: dict[str, bytes], seed: int = 1, **changes: object) -> bytes:
        manifest = json.loads(files["manifest.json"])
        value = {
            "package_id": manifest["package_id"],
            "camera_id": manifest["camera"]["id"],
            "manifest_sha256": support.sha256(files["manifest.json"]),
            "chain": manifest["chain"],
            "sealed_at_ns": manifest["sealed_at_ns"],
            "retention_class": "rejected",
            "policy": "office 2026",
            "rule": "rule rejected: 30 days",
            "deleted_at_ns": str(support.SEALED_AT_NS + 31 * DAY_NS),
            "deleted_by": "office",
            **changes,
        }
        return seal_tombstone(Tombstone.model_validate_json(json.dumps(value)), support.signer(seed))

    def verify(self) -> BatchReport:
        folders = [support.write(self.bags[number], self.root / str(number)) for number in self.given]
        (self.root / "stone.json").write_bytes(self.stone)
        heads = {} if self.head is None else {"kerb-1": self.head}
        stones = [self.root / "stone.json"] if self.stone else []
        return verify_packages(folders, support.registry(), whole=True, heads=heads, tombstones=stones)


def cut_the_head(case: Case) -> None:
    case.given = [3, 4]


def cut_the_middle(case: Case) -> None:
    case.given = [0, 3, 4]


def cut_the_tail(case: Case) -> None:
    case.given = [0, 1, 3]


def drop_the_tombstone(case: Case) -> None:
    case.stone = b""


def replace_a_package_of_the_middle(case: Case) -> None:
    second = json.loads(case.bags[1]["manifest.json"])["chain"]
    case.bags[1] = support.bag("another", chain_of(second))


def chain_of(place: dict[str, object]) -> Head:
    return Head(int(str(place["sequence"])) - 1, str(place["previous_manifest_sha256"]))


def seal_beside_the_chain(case: Case) -> None:
    second = json.loads(case.bags[1]["manifest.json"])["chain"]
    case.bags.append(support.bag("another", chain_of(second)))
    case.given.append(5)


def roll_the_chain_back(case: Case) -> None:
    case.bags = case.bags[:2]
    case.head = support.head_of(case.bags[0], 1)
    case.add("instead")
    case.given = [0, 1]


def tombstone_by_a_stranger(case: Case) -> None:
    case.stone = case.tombstone_of(case.deleted, seed=9)


def edit_the_tombstone(case: Case) -> None:
    case.stone = case.stone.replace(b"rejected: 30", b"rejected: 90")


def tombstone_of_another_place(case: Case) -> None:
    case.stone = case.tombstone_of(case.bags[3])
    case.given = [0, 1, 3, 4]


def tombstone_of_another_camera(case: Case) -> None:
    case.stone = case.tombstone_of(case.deleted, camera_id="gate-2")


def tombstone_for_another_manifest(case: Case) -> None:
    case.stone = case.tombstone_of(case.deleted, manifest_sha256="ab" * 32)


def tombstone_from_before_its_key(case: Case) -> None:
    case.stone = case.tombstone_of(case.deleted, deleted_at_ns="5")


def tombstone_with_a_duplicate_key(case: Case) -> None:
    case.stone = case.stone.replace(b'{"schema"', b'{"schema":"x","schema"', 1)


def tombstone_with_white_space(case: Case) -> None:
    case.stone = case.stone + b"\n"


def tombstone_with_another_field(case: Case) -> None:
    case.stone = rfc8785.dumps({**json.loads(case.stone), "approved": True})


def tombstone_without_end(case: Case) -> None:
    case.stone = b"[" * 100_000


ATTACKS: list[tuple[Callable[[Case], None], ProblemCode]] = [
    (cut_the_head, ProblemCode.CHAIN_CUT),
    (cut_the_middle, ProblemCode.CHAIN_GAP),
    (cut_the_tail, ProblemCode.CHAIN_CUT),
    (drop_the_tombstone, ProblemCode.CHAIN_GAP),
    (replace_a_package_of_the_middle, ProblemCode.CHAIN_BROKEN),
    (seal_beside_the_chain, ProblemCode.CHAIN_FORK),
    (tombstone_by_a_stranger, ProblemCode.TOMBSTONE_UNSIGNED),
    (edit_the_tombstone, ProblemCode.TOMBSTONE_UNSIGNED),
    (tombstone_of_another_place, ProblemCode.CHAIN_GAP),
    (tombstone_of_another_camera, ProblemCode.CHAIN_GAP),
    (tombstone_for_another_manifest, ProblemCode.CHAIN_BROKEN),
    (tombstone_from_before_its_key, ProblemCode.TOMBSTONE_UNSIGNED),
    (tombstone_with_a_duplicate_key, ProblemCode.JSON_DUPLICATE_KEY),
    (tombstone_with_white_space, ProblemCode.JSON_NOT_CANONICAL),
    (tombstone_with_another_field, ProblemCode.TOMBSTONE_INVALID),
    (tombstone_without_end, ProblemCode.TOO_LARGE),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_an_attack_on_the_chain_is_found_and_named(
    attack: Callable[[Case], None], code: ProblemCode, tmp_path: Path
) -> None:
    case = Case(tmp_path)
    attack(case)
    report = case.verify()
    stones = [problem.code for stone in report.tombstones for problem in stone.problems]
    assert code in [problem.code for problem in report.chain_problems] + stones
    assert not report.ok


def test_the_honest_case_holds(tmp_path: Path) -> None:
    report = Case(tmp_path).verify()
    assert report.ok
    assert [stone.ok for stone in report.tombstones] == [True]


def test_a_chain_that_was_rolled_back_is_found_beside_what_was_handed_over_before(tmp_path: Path) -> None:
    case = Case(tmp_path)
    before = support.write(case.bags[1], tmp_path / "handed-over")
    roll_the_chain_back(case)
    folders = [support.write(files, tmp_path / f"now-{number}") for number, files in enumerate(case.bags)]
    report = verify_packages([before, *folders], support.registry())
    assert [problem.code for problem in report.chain_problems] == [ProblemCode.CHAIN_FORK]
