"""Keys that never leave their token: against SoftHSM, the software token of Debian."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.errors import KeyMaterialError, SigningKeyAway
from evidence.keys import KeySource, open_keys, rotate
from evidence.token_signer import TokenConfig, TokenSigner
from evidence.verify import verify_package
from streams.clock import SimulatedClock
from tests.evidence import support

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenConfig]:
    """A fresh token; its library reads its settings once in a process."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = [
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            "office",
            "--pin",
            "123456",
            "--so-pin",
            "654321",
        ]
        subprocess.run(command, check=True, capture_output=True)
        (folder / "pin").write_text("123456\n")
        (folder / "pin").chmod(0o600)
        yield TokenConfig(module=MODULE, token_label="office", key_label="seal", pin_file=folder / "pin")


def test_a_package_is_sealed_in_the_token_and_the_key_stays_there(token: TokenConfig, tmp_path: Path) -> None:
    keys = open_keys(tmp_path, SimulatedClock(support.SEALED_AT_NS), "office", source=KeySource(token=token))
    assert isinstance(keys.signer, TokenSigner)
    report = verify_package(support.bag(signer=keys.signer), keys.registry)
    assert (report.ok, report.authentic) == (True, True)
    assert list(tmp_path.iterdir()) == [tmp_path / "registry.json"]
    keys.signer.close()
    again = open_keys(tmp_path, SimulatedClock(support.SEALED_AT_NS), source=KeySource(token=token))
    assert again.entry == keys.entry
    assert isinstance(again.signer, TokenSigner)
    again.signer.close()
    with pytest.raises(KeyMaterialError, match="key_label"):
        rotate(tmp_path, SimulatedClock(support.SEALED_AT_NS), source=KeySource(token=token))


def test_a_session_that_ended_is_opened_again(token: TokenConfig) -> None:
    signer = TokenSigner(token)
    signer.close()
    assert len(signer.sign(b"message")) == 64
    signer.close()


def test_a_token_that_does_not_answer_is_away_for_now_and_a_refused_pin_is_not_tried_again(token: TokenConfig) -> None:
    signer = TokenSigner(token)
    pin = token.pin_file.read_text()
    signer.close()
    try:
        token.pin_file.write_text("000000")
        with pytest.raises(SigningKeyAway, match="does not sign"):
            signer.sign(b"message")
        token.pin_file.write_text(pin)
        with pytest.raises(SigningKeyAway, match="PIN was refused"):
            signer.sign(b"message")
    finally:
        token.pin_file.write_text(pin)
    assert issubclass(SigningKeyAway, OSError)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"token_label": "another"}, "token another"),
        ({"module": Path("/nowhere/module.so")}, "/nowhere/module.so"),
        ({"pin_file": Path("/nowhere/pin")}, "cannot read the PIN"),
    ],
)
def test_what_cannot_be_used_is_one_line(token: TokenConfig, change: dict[str, object], said: str) -> None:
    with pytest.raises(KeyMaterialError, match=said) as caught:
        TokenSigner(token.model_copy(update=change))
    assert "\n" not in str(caught.value)


def test_a_pin_that_others_may_read_is_refused(token: TokenConfig) -> None:
    token.pin_file.chmod(0o644)
    try:
        with pytest.raises(KeyMaterialError, match="chmod 600"):
            TokenSigner(token)
    finally:
        token.pin_file.chmod(0o600)


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from evidence.token_signer import TokenSigner, TokenConfig\n"
        "try: TokenSigner(TokenConfig(module='m', token_label='t', pin_file='p'))\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a token needs the extra `pkcs11`: pip install 'streetwarden[pkcs11]'\n"
