"""Keys lie in files that only their owner reads; the registry publishes their other half."""

from __future__ import annotations

import contextlib
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from evidence.errors import KeyMaterialError
from evidence.keys import load_or_create_signer, load_registry, open_keys, save_registry
from evidence.signing import KeyEntry, KeyRegistry, key_id_of
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
