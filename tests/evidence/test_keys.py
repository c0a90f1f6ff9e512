"""Keys lie in files that only their owner reads; the registry publishes their other half."""

from __future__ import annotations

import contextlib
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from evidence.errors import KeyMaterialError
from evidence.keys import KeySource, load_or_create_signer, load_registry, open_keys, rotate, save_registry
from evidence.problems import ProblemCode
from evidence.signing import KeyEntry, KeyRegistry, key_id_of
from evidence.verify import verify_package
from streams.clock import SimulatedClock
from tests.evidence import support
from tests.evidence.faults import FaultyDisk, PowerCut


def test_keys_are_made_at_first_use_and_kept(tmp_path: Path) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    made = open_keys(tmp_path / "keys", clock, "office")
    again = open_keys(tmp_path / "keys", clock)
    assert made.signer.key_id == again.signer.key_id
    assert made.registry == again.registry == load_registry(made.registry_path)
    assert stat.S_IMODE((tmp_path / "keys" / "signing.pem").stat().st_mode) == 0o600
    assert made.entry.owner == "office"
    assert made.entry.verifies(made.signer.sign(b"message"), b"message")
    assert not made.entry.verifies(made.signer.sign(b"message"), b"massage")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_or_create_signer(tmp_path / "signing.pem")
    (tmp_path / "signing.pem").chmod(0o640)
    with pytest.raises(KeyMaterialError, match="chmod 600"):
        load_or_create_signer(tmp_path / "signing.pem")


def test_a_file_that_is_no_key_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_text("hello")
    (tmp_path / "signing.pem").chmod(0o600)
    with pytest.raises(KeyMaterialError, match=r"signing\.pem: not an unencrypted PEM"):
        load_or_create_signer(tmp_path / "signing.pem")


def test_a_power_cut_while_a_key_is_made_leaves_a_key_or_none(tmp_path: Path) -> None:
    for fail_at in range(1, 20):
        folder = tmp_path / str(fail_at)
        with contextlib.suppress(PowerCut):
            open_keys(folder, SimulatedClock(support.SEALED_AT_NS), disk=FaultyDisk(fail_at, PowerCut))
        keys = open_keys(folder, SimulatedClock(support.SEALED_AT_NS))
        assert load_registry(keys.registry_path).get(keys.signer.key_id) is not None


def test_a_key_id_belongs_to_its_key() -> None:
    entry = support.signer().entry(support.VALID_FROM, "office")
    assert entry.key_id == key_id_of(entry.public_der)
    with pytest.raises(ValidationError, match="key_id does not belong"):
        KeyEntry.model_validate(entry.model_dump() | {"key_id": "ab" * 16})
    other = support.signer(2).entry(support.VALID_FROM, "office")
    with pytest.raises(ValidationError, match="key_id does not belong"):
        KeyEntry.model_validate(entry.model_dump() | {"public_key": other.public_key})


def test_a_registry_reads_back_and_refuses_nonsense(tmp_path: Path) -> None:
    registry = support.registry(1, 2)
    save_registry(registry, tmp_path / "keys.json")
    assert load_registry(tmp_path / "keys.json") == registry
    entry = registry.keys[0]
    with pytest.raises(ValidationError, match="twice"):
        KeyRegistry(keys=(entry, entry))
    for data in (b"", b"[]", b'{"keys":[{}]}', b'{"schema":"other/1","keys":[]}'):
        (tmp_path / "keys.json").write_bytes(data)
        with pytest.raises(KeyMaterialError, match=r"keys\.json"):
            load_registry(tmp_path / "keys.json")
    with pytest.raises(KeyMaterialError, match="No such file"):
        load_registry(tmp_path / "nothing.json")


def test_times_without_a_zone_are_refused() -> None:
    entry = support.signer().entry(support.VALID_FROM, "office")
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValidationError, match="timezone"):
        KeyEntry.model_validate(entry.model_dump() | {"valid_from": naive})


def test_a_rotated_key_s_packages_stay_authentic_and_its_later_ones_do_not(tmp_path: Path) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    old = open_keys(tmp_path, clock, "office")
    clock.advance(60)
    before = support.bag(signer=old.signer, sealed_at_ns=clock.wall_ns())
    clock.advance(60)
    new = rotate(tmp_path, clock, "office")
    late = support.bag(signer=old.signer, sealed_at_ns=clock.wall_ns() + 1)
    after = support.bag(signer=new.signer, sealed_at_ns=clock.wall_ns() + 1)
    again = open_keys(tmp_path, clock)
    assert again.signer.key_id == new.signer.key_id != old.signer.key_id
    assert verify_package(before, again.registry).ok
    assert verify_package(after, again.registry).ok
    assert [problem.code for problem in verify_package(late, again.registry).problems] == [ProblemCode.KEY_REVOKED]
    assert stat.S_IMODE((tmp_path / "signing.pem").stat().st_mode) == 0o600


def test_a_power_cut_during_a_rotation_leaves_a_signer_that_the_registry_allows(tmp_path: Path) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    outcomes = set()
    for fail_at in range(1, 20):
        folder = tmp_path / str(fail_at)
        old = open_keys(folder, clock)
        with contextlib.suppress(PowerCut):
            rotate(folder, clock, disk=FaultyDisk(fail_at, PowerCut))
        keys = open_keys(folder, clock)
        assert keys.entry.revoked_at is None
        assert verify_package(support.bag(signer=keys.signer, sealed_at_ns=clock.wall_ns()), keys.registry).ok
        assert not (folder / "signing.next.pem").exists()
        outcomes.add(keys.signer.key_id == old.signer.key_id)
    assert outcomes == {True, False}


def test_an_expired_key_is_rotated_at_the_start(tmp_path: Path) -> None:
    clock, yearly = SimulatedClock(support.SEALED_AT_NS), KeySource(valid_days=365)
    first = open_keys(tmp_path, clock, source=yearly)
    clock.advance(364 * 86_400)
    assert open_keys(tmp_path, clock, source=yearly).signer.key_id == first.signer.key_id
    clock.advance(86_400)
    second = open_keys(tmp_path, clock, source=yearly)
    assert second.signer.key_id != first.signer.key_id
    assert len(second.registry.keys) == 2
    assert second.entry.valid_until is not None
