"""The recipe without our code, run as it stands, reaches the verifier's verdict with `openssl` and coreutils."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from evidence.algorithms import verifies
from evidence.errors import ManifestError
from evidence.keys import KeySource, open_keys, save_registry
from evidence.registry import KeyRegistry
from evidence.signing import SIGNATURE_FILE, parse_envelope, pre_authentication_encoding
from evidence.timestamp import TIMESTAMP_FILE, make_file, request_for
from evidence.verify import verify_package
from streams.clock import SimulatedClock, SystemClock
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.attacks.forgeries import FORGERIES, Attack
from tests.evidence.authority import Authority
from tests.evidence.recording import seal

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "check-package.sh"


def run(package: Path, registry: KeyRegistry) -> subprocess.CompletedProcess[str]:
    save_registry(registry, package.parent / "keys.json")
    command = ["sh", str(SCRIPT), str(package), str(package.parent / "keys.json")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def demand_same_verdict(files: dict[str, bytes], registry: KeyRegistry, folder: Path) -> bool:
    package = support.write(files, folder / "bag")
    result = run(package, registry)
    assert (result.returncode == 0) == verify_package(package, registry).ok, result.stderr
    assert (result.stdout.splitlines()[-1:] == ["the package holds"]) == (result.returncode == 0)
    assert result.returncode == 0 or result.stderr.startswith("FAILS: ")
    return result.returncode == 0


def test_a_recorded_package_holds(tmp_path: Path, ring: PacketRing) -> None:
    seal(tmp_path, ring, 1)
    (package,) = (tmp_path / "packages").iterdir()
    result = run(package, support.registry(2, 1, 3))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "the package holds"


def made_with_our_key(files: dict[str, bytes]) -> bool:
    """Whether the forger had the key: what is wrong then is the sense of the manifest, which only a program checks."""
    try:
        signature = parse_envelope(files[SIGNATURE_FILE]).signatures[0]
    except (ManifestError, KeyError):
        return False
    message = pre_authentication_encoding(files["manifest.json"])
    return signature.algorithm == "ed25519" and verifies("ed25519", support.signer().public_der, signature.raw, message)


WITHOUT_KEY = [attack for attack, _ in FORGERIES if not made_with_our_key(attack(support.bag()))]
WITH_KEY_BUT_OTHER_FILES = [
    attack
    for attack, _ in FORGERIES
    if made_with_our_key(attack(support.bag()))
    and attack(support.bag())["manifest.json"] == support.bag()["manifest.json"]
]


@pytest.mark.parametrize(
    "attack", [*WITHOUT_KEY, *WITH_KEY_BUT_OTHER_FILES], ids=lambda attack: getattr(attack, "__name__", "")
)
def test_it_finds_what_the_verifier_finds(attack: Attack, tmp_path: Path) -> None:
    assert not demand_same_verdict(attack(support.bag()), support.registry(1, 2), tmp_path)


def test_enough_forgeries_are_tried() -> None:
    assert len(WITHOUT_KEY) + len(WITH_KEY_BUT_OTHER_FILES) >= 25


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({"valid_from": support.VALID_FROM + timedelta(days=365)}, False),
        ({"valid_until": support.VALID_FROM + timedelta(days=1)}, False),
        ({"valid_until": support.VALID_FROM + timedelta(days=365)}, True),
        ({"revoked_at": support.VALID_FROM + timedelta(days=365)}, False),
        ({"revoked_at": support.VALID_FROM + timedelta(days=365), "revocation_reason": "superseded"}, True),
        ({"revoked_at": support.VALID_FROM + timedelta(days=1), "revocation_reason": "superseded"}, False),
    ],
)
def test_it_reads_the_key_s_dates_as_the_verifier_does(change: dict[str, object], holds: bool, tmp_path: Path) -> None:
    entry = support.signer().entry(support.VALID_FROM, "office").model_copy(update=change)
    assert demand_same_verdict(support.bag(), KeyRegistry(keys=(entry,)), tmp_path) is holds


def test_it_checks_sm2_too(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", SimulatedClock(support.SEALED_AT_NS), source=KeySource(algorithm="sm2-sm3"))
    files = support.bag(signer=keys.signer)
    assert demand_same_verdict(files, keys.registry, tmp_path / "honest")
    forged = {**files, SIGNATURE_FILE: support.bag("incident-2", signer=keys.signer)[SIGNATURE_FILE]}
    assert not demand_same_verdict(forged, keys.registry, tmp_path / "forged")


def test_it_checks_time_stamps_and_what_they_prove(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    files = support.bag(sealed_at_ns=SystemClock().wall_ns())
    other = support.bag("incident-2", sealed_at_ns=SystemClock().wall_ns())
    stamps = {
        name: make_file(authority.answer(request_for(bag[SIGNATURE_FILE])), support.signer())
        for name, bag in (("own", files), ("other", other))
    }
    keys = support.registry().with_authority(authority.entry)
    stamped = {**files, TIMESTAMP_FILE: stamps["own"]}
    assert demand_same_verdict(stamped, keys, tmp_path / "honest")
    assert not demand_same_verdict({**files, TIMESTAMP_FILE: stamps["other"]}, keys, tmp_path / "swapped")
    assert not demand_same_verdict({**stamped, TIMESTAMP_FILE: b"{}"}, keys, tmp_path / "nonsense")
    assert demand_same_verdict(stamped, support.registry(), tmp_path / "unchecked")
    swapped = {**files, TIMESTAMP_FILE: stamps["other"]}
    assert not demand_same_verdict(swapped, support.registry(), tmp_path / "unchecked-and-swapped")
    stranger = Authority(tmp_path / "stranger")
    strange = support.registry().with_authority(stranger.entry)
    assert not demand_same_verdict(stamped, strange, tmp_path / "untrusted")
    for days, holds in ((1, True), (-1, False)):
        moment = keys.keys[0].valid_from.fromtimestamp(SystemClock().wall_ns() / 1e9, keys.keys[0].valid_from.tzinfo)
        stolen = {
            "revoked_at": moment,
            "revocation_reason": "compromised",
            "compromised_from": moment + timedelta(days),
        }
        entry = keys.keys[0].model_copy(update=stolen)
        assert demand_same_verdict(stamped, keys.with_key(entry), tmp_path / f"stolen{days}") is holds
