"""What retention deletes is recorded: the chain holds, and the verifier tells deleted from missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.chain import Head
from evidence.errors import RetentionError
from evidence.problems import ProblemCode
from evidence.retention import Retention, RetentionPolicy, RetentionState, worker_states
from evidence.store import PackageStore
from evidence.verify import BatchReport, verify_packages
from streams.clock import SimulatedClock
from tests.evidence import support
from tests.evidence.faults import FaultyDisk, PowerCut

DAY_S = 86_400.0
POLICY = RetentionPolicy(name="office 2026", keep_days={"raw": 90, "rejected": 30, "evidence": None, "handed_over": 7})


def sealed(root: Path, count: int = 5) -> list[str]:
    """A chain of packages below `root`, as the store commits it."""
    store, ids = PackageStore(root), []
    for number in range(1, count + 1):
        head = store.head("kerb-1")
        manifest = support.manifest(f"incident-{number}", head)
        store.commit(manifest, support.bag(f"incident-{number}", head))
        ids.append(manifest.package_id)
    store.close()
    return ids


def retention(root: Path, days: float, policy: RetentionPolicy = POLICY, **options: object) -> Retention:
    clock = SimulatedClock(support.SEALED_AT_NS)
    clock.advance(days * DAY_S)
    return Retention(root, policy, support.signer(), clock, "office", **options)  # type: ignore[arg-type]


def verify(root: Path, *, whole: bool = True) -> BatchReport:
    packages = sorted((root / "packages").iterdir())
    tombstones = sorted((root / "tombstones").iterdir()) if (root / "tombstones").exists() else []
    return verify_packages(packages, support.registry(), whole=whole, tombstones=tombstones)


def of(known: dict[str, RetentionState]) -> Callable[[str], RetentionState]:
    return lambda package_id: known.get(package_id, RetentionState("raw"))


def test_each_class_goes_in_its_time_and_what_is_held_stays(tmp_path: Path) -> None:
    raw, rejected, evidence, held, handed = sealed(tmp_path)
    known = {
        rejected: RetentionState("rejected"),
        evidence: RetentionState("evidence"),
        held: RetentionState("rejected", held=True),
        handed: RetentionState("handed_over"),
    }
    expected = {
        6.9: set(),
        7: {handed},
        29.9: {handed},
        30: {handed, rejected},
        90: {handed, rejected, raw},
        9999: {handed, rejected, raw},
    }
    for days, gone in expected.items():
        report = retention(tmp_path, days).run(of(known), dry=True)
        assert set(report.deleted) == gone
        assert report.held == (days >= 30)
    assert len(list((tmp_path / "packages").iterdir())) == 5


def test_the_chain_holds_and_the_verifier_tells_deleted_from_missing(tmp_path: Path) -> None:
    ids = sealed(tmp_path)
    known = dict.fromkeys(ids[1:3], RetentionState("rejected"))
    report = retention(tmp_path, 31).run(of(known))
    assert (set(report.deleted), report.kept) == (set(ids[1:3]), 3)
    whole = verify(tmp_path)
    assert whole.ok
    told = [stone.tombstone.told for stone in whole.tombstones if stone.tombstone]
    assert told == ["deleted on 2026-06-28 by retention policy 'office 2026', rule rejected: 30 days"] * 2
    (tmp_path / "tombstones" / f"{ids[1]}.json").unlink()
    assert [problem.code for problem in verify(tmp_path).chain_problems] == [ProblemCode.CHAIN_GAP]
    assert "sequence 2..2 is missing" in verify(tmp_path).chain_problems[0].detail


def test_the_head_may_go_too_and_nothing_is_sealed_twice_or_rolled_back(tmp_path: Path) -> None:
    ids = sealed(tmp_path, 3)
    retention(tmp_path, 91).run(of({}))
    assert list((tmp_path / "packages").iterdir()) == []
    store = PackageStore(tmp_path)
    assert store.knows(ids[2])
    head = store.head("kerb-1")
    store.close()
    assert head is not None
    assert head.sequence == 3
    stones = [tmp_path / "tombstones" / f"{name}.json" for name in ids]
    assert verify_packages([], support.registry(), whole=True, heads={"kerb-1": head}, tombstones=stones).ok
    cut = verify_packages([], support.registry(), whole=True, heads={"kerb-1": head}, tombstones=stones[:2])
    assert [problem.code for problem in cut.chain_problems] == [ProblemCode.CHAIN_CUT]
    assert isinstance(head, Head)


def test_a_power_cut_at_any_operation_leaves_whole_packages_or_tombstones(tmp_path: Path) -> None:
    sealed(tmp_path / "before", 3)
    outcomes = set()
    for fail_at in range(1, 60):
        root = tmp_path / str(fail_at)
        shutil.copytree(tmp_path / "before", root)
        try:
            retention(root, 91, disk=FaultyDisk(fail_at, PowerCut)).run(of({}))
        except PowerCut:
            pass
        else:
            break
        assert verify(root).ok
        outcomes.add(len(list((root / "packages").iterdir())))
        retention(root, 91).run(of({}))
        PackageStore(root).close()
        assert verify(root).ok
        assert (list((root / "packages").iterdir()), list((root / "building").iterdir())) == ([], [])
        shutil.rmtree(root)
    assert outcomes == {0, 1, 2, 3}


def test_a_worker_deletes_nothing_that_only_it_has(tmp_path: Path) -> None:
    first, second = sealed(tmp_path, 2)
    (tmp_path / "outbox" / "sent").mkdir(parents=True)
    (tmp_path / "outbox" / "sent" / f"package-{first}.json").write_text("{}")
    report = retention(tmp_path, 8).run(worker_states(tmp_path))
    assert report.deleted == (first,)
    held = worker_states(tmp_path, {second: RetentionState("rejected", held=True)})
    assert retention(tmp_path, 99).run(held).held == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "x", "keep_days": {"raw": 29}}, "keep_days.raw: 29 days, but at least 30 must be kept"),
        ({"name": "x", "keep_days": {"other": 29}}, "keep_days"),
        ({"name": "x", "keep_days": {"raw": -1}}, "keep_days"),
        ({"keep_days": {}}, "name"),
        ([], "policy.yaml: policy"),
    ],
)
def test_a_policy_that_makes_no_sense_is_one_line(value: object, said: str) -> None:
    with pytest.raises(RetentionError, match=said) as caught:
        RetentionPolicy.from_value(value, "policy.yaml")
    assert "\n" not in str(caught.value)


def test_the_index_is_read_again_without_the_deleted(tmp_path: Path) -> None:
    ids = sealed(tmp_path, 3)
    known = {ids[0]: RetentionState("rejected")}
    retention(tmp_path, 31).run(of(known))
    PackageStore(tmp_path).close()
    lines = (tmp_path / "packages.index").read_text().splitlines()
    assert [json.loads(line)[0] for line in lines] == ids[1:]
