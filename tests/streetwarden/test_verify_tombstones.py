"""`streetwarden verify` with tombstones and time stamps: gone by rule or missing, and what was proven when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.keys import save_registry
from evidence.retention import Retention, RetentionPolicy, RetentionState
from evidence.signing import SIGNATURE_FILE
from evidence.store import PackageStore
from evidence.timestamp import TIMESTAMP_FILE, make_file, request_for
from streams.clock import SimulatedClock, SystemClock
from streetwarden.cli import main
from tests.evidence import support
from tests.evidence.authority import Authority

POLICY = RetentionPolicy(name="office 2026", keep_days={"rejected": 30})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three packages of a chain, of which retention deleted the second."""
    store = PackageStore(tmp_path)
    ids = []
    for number in (1, 2, 3):
        head = store.head("kerb-1")
        manifest = support.manifest(f"incident-{number}", head)
        store.commit(manifest, support.bag(f"incident-{number}", head))
        ids.append(manifest.package_id)
    store.close()
    clock = SimulatedClock(support.SEALED_AT_NS + 31 * 86_400 * 10**9)
    states = {ids[1]: RetentionState("rejected")}
    retention = Retention(tmp_path, POLICY, support.signer(), clock, "office")
    retention.run(lambda package_id: states.get(package_id, RetentionState("raw")))
    save_registry(support.registry(), tmp_path / "keys.json")
    return tmp_path


def verify(root: Path, *arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["verify", *map(str, arguments), "--keys", str(root / "keys.json")])
    return code, capsys.readouterr().out


def test_deleted_by_retention_is_told_from_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = sorted((root / "packages").iterdir())
    (stone,) = (root / "tombstones").iterdir()
    code, said = verify(root, *packages, stone, capsys=capsys)
    assert code == 0
    assert "deleted on 2026-06-28 by retention policy 'office 2026', rule rejected: 30 days" in said
    code, said = verify(root, *packages, capsys=capsys)
    assert code == 1
    assert "chain_gap" in said
    stone.write_bytes(stone.read_bytes().replace(b"rejected: 30", b"rejected: 31"))
    code, said = verify(root, *packages, stone, "--json", capsys=capsys)
    assert code == 1
    told = [json.loads(line) for line in said.splitlines()]
    assert told[2]["problems"][0]["code"] == "tombstone_unsigned"
    assert told[3]["chain"]["code"] == "chain_gap"


def test_a_time_stamp_is_told_with_its_time_and_authority(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority(tmp_path / "authority")
    files = support.bag(timestamp_authority="Test authority", sealed_at_ns=SystemClock().wall_ns())
    save_registry(support.registry().with_authority(authority.entry), tmp_path / "keys.json")
    package = support.write(files, tmp_path / "bag")
    code, said = verify(tmp_path, package, capsys=capsys)
    assert (code, "time stamp pending" in said) == (0, True)
    stamp = make_file(authority.answer(request_for(files[SIGNATURE_FILE])), support.signer())
    (package / TIMESTAMP_FILE).write_bytes(stamp)
    code, said = verify(tmp_path, package, capsys=capsys)
    assert (code, "by Test authority" in said) == (0, True)
