"""SM2 over SM3: keys and signatures that OpenSSL takes, and refusals of everything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from evidence import sm
from evidence.errors import KeyMaterialError
from evidence.keys import KeySource, load_or_create_signer, open_keys, rotate
from evidence.registry import KeyRegistry
from evidence.sm_signer import Sm2Signer
from evidence.verify import verify_package
from streams.clock import SimulatedClock
from tests.evidence import support

SM2 = KeySource(algorithm="sm2-sm3")
DISTID = ("-sigopt", "distid:1234567812345678")
MESSAGE = b"what was signed" * 50


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)


@pytest.fixture(scope="module")
def signer() -> Sm2Signer:
    # This key's first byte is 04: what a reader of prefixes would cut off.
    for secret in range(1, 2000):
        made = Sm2Signer(secret)
        if made.public_der[len(sm.SPKI_PREFIX)] == 0x04:
            return made
    raise AssertionError("no such key among the first")


def test_openssl_takes_our_keys_and_signatures(signer: Sm2Signer, tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(signer.public_der)
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "sig").write_bytes(signer.sign(MESSAGE))
    verify = ("dgst", "-sm3", "-verify", "key.der", "-keyform", "DER", *DISTID, "-signature", "sig", "message")
    assert openssl(tmp_path, *verify).stdout == b"Verified OK\n"


def test_we_take_openssl_s_keys_and_signatures(tmp_path: Path) -> None:
    assert openssl(tmp_path, "genpkey", "-algorithm", "SM2", "-out", "key.pem").returncode == 0
    (tmp_path / "key.pem").chmod(0o600)
    signer = load_or_create_signer(tmp_path / "key.pem", algorithm="sm2-sm3")
    assert isinstance(signer, Sm2Signer)
    assert signer.to_pem() == (tmp_path / "key.pem").read_bytes()
    (tmp_path / "message").write_bytes(MESSAGE)
    openssl(tmp_path, "dgst", "-sm3", "-sign", "key.pem", *DISTID, "-out", "sig", "message")
    assert sm.verify(signer.public_der, (tmp_path / "sig").read_bytes(), MESSAGE)


def test_a_signature_holds_for_its_message_and_key_alone(signer: Sm2Signer) -> None:
    signature = signer.sign(MESSAGE)
    assert signature != signer.sign(MESSAGE)
    assert sm.verify(signer.public_der, signature, MESSAGE)
    assert not sm.verify(signer.public_der, signature, MESSAGE + b".")
    assert not sm.verify(Sm2Signer(7).public_der, signature, MESSAGE)


@pytest.mark.parametrize("number", [0, sm.N, sm.N + 1])
def test_numbers_out_of_range_and_other_der_are_refused(signer: Sm2Signer, number: int) -> None:
    assert not sm.verify(signer.public_der, encode_dss_signature(number, 1), MESSAGE)
    assert not sm.verify(signer.public_der, encode_dss_signature(1, number), MESSAGE)
    assert not sm.verify(signer.public_der, signer.sign(MESSAGE) + b"\0", MESSAGE)
    assert not sm.verify(signer.public_der, b"", MESSAGE)


def test_a_point_off_the_curve_is_no_key(signer: Sm2Signer) -> None:
    der = signer.public_der
    with pytest.raises(ValueError, match="not a point"):
        sm.check_public(der[:-1] + bytes([der[-1] ^ 1]))
    with pytest.raises(ValueError, match="not an SM2"):
        sm.check_public(der[:-1])


def test_a_package_can_be_sealed_with_an_sm2_key(tmp_path: Path) -> None:
    clock = SimulatedClock(support.SEALED_AT_NS)
    keys = open_keys(tmp_path, clock, "office", source=SM2)
    files = support.bag(signer=keys.signer)
    report = verify_package(files, keys.registry)
    assert (report.ok, report.authentic) == (True, True)
    altered = {**files, "manifest.json": files["manifest.json"].replace(b'"limit_seconds":15', b'"limit_seconds":16')}
    assert verify_package(altered, keys.registry).authentic is False
    clock.advance(5)
    assert rotate(tmp_path, clock, source=SM2).signer.key_id != keys.signer.key_id
    assert KeyRegistry.from_bytes((tmp_path / "registry.json").read_bytes()).keys[0].algorithm == "sm2-sm3"


def test_a_file_that_holds_another_key_is_refused(tmp_path: Path) -> None:
    load_or_create_signer(tmp_path / "signing.pem")
    with pytest.raises(KeyMaterialError, match="PEM private key of SM2: not an SM2 private key"):
        load_or_create_signer(tmp_path / "signing.pem", algorithm="sm2-sm3")
    with pytest.raises(KeyMaterialError, match="number"):
        Sm2Signer(sm.N)


WITHOUT_THE_EXTRA = """
import sys
sys.modules["gmssl"] = None
from evidence.errors import AlgorithmUnavailable
from evidence.sm_signer import Sm2Signer
from evidence.registry import KeyRegistry
from evidence.verify import verify_package
from pathlib import Path
try:
    Sm2Signer.generate()
except AlgorithmUnavailable as error:
    print(error)
registry = KeyRegistry.from_bytes(Path(sys.argv[1], "registry.json").read_bytes())
report = verify_package(Path(sys.argv[1], "bag"), registry)
print(report.authentic, [problem.code.value for problem in report.problems])
"""


def test_without_the_extra_it_says_what_to_install_and_believes_nothing(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, SimulatedClock(support.SEALED_AT_NS), source=SM2)
    support.write(support.bag(signer=keys.signer), tmp_path / "bag")
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "SM2 needs the extra `sm`: pip install 'streetwarden[sm]'",
        "False ['algorithm_unavailable']",
    ]
