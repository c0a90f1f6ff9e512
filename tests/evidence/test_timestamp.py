"""Time stamps of a real authority (`openssl ts` on loopback): kept when good, asked for again, never in the way."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.encoding import from_ns
from evidence.keys import load_registry, open_keys, publish_authority
from evidence.registry import KeyRegistry
from evidence.signing import SIGNATURE_FILE
from evidence.stamper import Stamper, StampingConfig
from evidence.timestamp import TIMESTAMP_FILE, make_file, parse_file, read_response, request_for, trusted_authority
from evidence.verify import verify_package
from streams.clock import SimulatedClock, SystemClock
from tests.evidence import support
from tests.evidence.authority import Authority, stamping
from tests.evidence.faults import FaultyDisk, PowerCut

NOW_NS = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    authority.broken, authority.requests = None, 0
    with stamping(authority) as address:
        yield address


def sealed(root: Path, *incidents: str) -> list[Path]:
    folders = []
    for incident in incidents or ("incident-1",):
        files = support.bag(incident, timestamp_authority="Test authority", sealed_at_ns=SystemClock().wall_ns())
        folder = root / "packages" / json.loads(files["manifest.json"])["package_id"]
        folders.append(support.write(files, folder))
    return folders


def registry(authority: Authority) -> KeyRegistry:
    return support.registry().with_authority(authority.entry)


def stamper(root: Path, url: str, authority: Authority, **options: object) -> Stamper:
    config = StampingConfig(url=url, authority=authority.entry, first_wait_s=2.0)
    clock = options.pop("clock", SystemClock())
    return Stamper(root, support.signer(), config, clock, **options)  # type: ignore[arg-type]


def test_a_package_gets_its_stamp_and_says_when_it_was_there(tmp_path: Path, url: str, authority: Authority) -> None:
    (folder,) = sealed(tmp_path)
    assert verify_package(folder, registry(authority)).timestamp.state == "pending"
    made = stamper(tmp_path, url, authority)
    made.find_waiting()
    made.step()
    report = verify_package(folder, registry(authority))
    assert (report.ok, report.timestamp.state, report.timestamp.authority) == (True, "trusted", "Test authority")
    assert report.timestamp.at_ns is not None
    assert abs(SystemClock().wall_ns() - report.timestamp.at_ns) < 120 * 10**9
    assert made.waiting == 0
    made.find_waiting()
    made.step()
    assert authority.requests == 1


def test_openssl_says_the_same_of_the_token(tmp_path: Path, url: str, authority: Authority) -> None:
    (folder,) = sealed(tmp_path)
    made = stamper(tmp_path, url, authority)
    made.put(folder.name)
    made.step()
    response = base64.b64decode(json.loads((folder / TIMESTAMP_FILE).read_bytes())["response"])
    (tmp_path / "response").write_bytes(response)
    command = ["openssl", "ts", "-verify", "-in", str(tmp_path / "response"), "-data", str(folder / SIGNATURE_FILE)]
    done = subprocess.run([*command, "-CAfile", str(authority.folder / "root.crt")], capture_output=True, check=False)
    assert b"Verification: OK" in done.stdout + done.stderr


def test_a_token_with_two_certificates_in_any_order_is_read(authority: Authority, tmp_path: Path) -> None:
    shutil.copytree(authority.folder, tmp_path / "two")
    two = Authority(tmp_path / "two", certificates=2)
    for number in range(2):
        signed = b"signature %d" % number
        response = two.answer(request_for(signed))
        assert read_response(response, signed).imprint == hashlib.sha256(signed).digest()
        assert trusted_authority(response, signed, [two.entry]) == "Test authority"


def test_an_authority_that_is_away_is_asked_again_and_holds_up_nothing(
    tmp_path: Path, url: str, authority: Authority
) -> None:
    folders = sealed(tmp_path, "incident-1", "incident-2")
    clock = SimulatedClock(SystemClock().wall_ns())
    made = stamper(tmp_path, url, authority, clock=clock)
    authority.broken = b"not a response"
    for folder in folders:
        made.put(folder.name)
    for _ in range(10):
        made.step()
    assert authority.requests == 1
    assert made.waiting == 2
    assert "not a time-stamp response" in str(made.last_error)
    assert all(not (folder / TIMESTAMP_FILE).exists() for folder in folders)
    assert all(verify_package(folder, registry(authority)).ok for folder in folders)
    authority.broken = None
    clock.advance(3.0)
    made.step()
    assert (made.waiting, made.last_error) == (0, None)
    assert all(verify_package(folder, registry(authority)).timestamp.state == "trusted" for folder in folders)


def test_nobody_listening_is_no_error_but_one_line(tmp_path: Path, authority: Authority) -> None:
    with stamping(authority) as address:
        pass
    (folder,) = sealed(tmp_path)
    made = stamper(tmp_path, address, authority)
    made.put(folder.name)
    made.step()
    assert made.is_waiting(folder.name)
    assert "Test authority" in str(made.last_error)


def test_a_machine_whose_clock_is_ahead_keeps_no_stamp_that_contradicts_it(
    tmp_path: Path, url: str, authority: Authority
) -> None:
    (folder,) = sealed(tmp_path)
    made = stamper(tmp_path, url, authority, clock=SimulatedClock(SystemClock().wall_ns() + 3600 * 10**9))
    made.put(folder.name)
    made.step()
    assert not (folder / TIMESTAMP_FILE).exists()
    assert "ahead of the time-stamp authority's" in str(made.last_error)


def test_who_wants_it_is_told_first_and_the_stamp_waits_for_that(
    tmp_path: Path, url: str, authority: Authority
) -> None:
    (folder,) = sealed(tmp_path)
    told: list[tuple[str, bytes]] = []

    def tell(package_id: str, data: bytes) -> None:
        told.append((package_id, data))
        if len(told) == 1:
            raise OSError("no room")

    clock = SimulatedClock(SystemClock().wall_ns())
    made = stamper(tmp_path, url, authority, clock=clock, on_stamped=tell)
    made.put(folder.name)
    made.step()
    assert not (folder / TIMESTAMP_FILE).exists()
    clock.advance(3.0)
    made.step()
    assert (folder / TIMESTAMP_FILE).read_bytes() == told[1][1]


def test_a_power_cut_at_any_operation_leaves_a_package_that_holds(
    tmp_path: Path, url: str, authority: Authority
) -> None:
    for fail_at in range(1, 6):
        root = tmp_path / str(fail_at)
        (folder,) = sealed(root)
        made = stamper(root, url, authority, disk=FaultyDisk(fail_at, PowerCut))
        made.put(folder.name)
        with contextlib.suppress(PowerCut):
            made.step()
        assert verify_package(folder, registry(authority)).ok
        again = stamper(root, url, authority)
        again.find_waiting()
        again.step()
        assert verify_package(folder, registry(authority)).timestamp.state == "trusted"


def test_the_thread_stamps_what_is_put(tmp_path: Path, url: str, authority: Authority) -> None:
    (folder,) = sealed(tmp_path)
    made = stamper(tmp_path, url, authority)
    made.start()
    clock = SystemClock()
    while not (folder / TIMESTAMP_FILE).exists():
        clock.sleep(0.01)
    made.stop()
    assert verify_package(folder, registry(authority)).ok


def test_a_stamp_proves_that_a_package_is_older_than_the_theft_of_its_key(authority: Authority) -> None:
    files = support.bag(timestamp_authority="Test authority", sealed_at_ns=SystemClock().wall_ns())
    stamped = {**files, TIMESTAMP_FILE: stamp(authority, files)}
    now = datetime.now(UTC)
    for compromised_from, holds in ((now + timedelta(days=1), True), (now - timedelta(days=1), False)):
        change = {"revoked_at": now, "revocation_reason": "compromised", "compromised_from": compromised_from}
        entry = support.signer().entry(support.VALID_FROM, "office").model_copy(update=change)
        keys = KeyRegistry(keys=(entry,), timestamp_authorities=(authority.entry,))
        assert verify_package(stamped, keys).authentic is holds
        assert verify_package(files, keys).authentic is False
        assert verify_package(stamped, keys).integrity_ok


def stamp(authority: Authority, files: dict[str, bytes], seed: int = 1) -> bytes:
    return make_file(authority.answer(request_for(files[SIGNATURE_FILE])), support.signer(seed))


def test_every_byte_of_a_stamp_counts(authority: Authority) -> None:
    files = support.bag(sealed_at_ns=SystemClock().wall_ns())
    data = stamp(authority, files)
    keys = registry(authority)
    assert verify_package({**files, TIMESTAMP_FILE: data}, keys).ok
    for position in range(0, len(data), 7):
        altered = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        assert not verify_package({**files, TIMESTAMP_FILE: altered}, keys).ok
    assert from_ns(read_response(parse_file(data).raw, files[SIGNATURE_FILE]).at_ns) > support.VALID_FROM


def test_an_authority_is_published_once_beside_the_keys(authority: Authority, tmp_path: Path) -> None:
    keys = publish_authority(open_keys(tmp_path, SystemClock()), authority.entry)
    assert publish_authority(keys, authority.entry) is keys
    assert load_registry(tmp_path / "registry.json").timestamp_authorities == (authority.entry,)
    assert open_keys(tmp_path, SystemClock()).entry == keys.entry
