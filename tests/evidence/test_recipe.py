"""The recipe of the reference, run as it stands there, reaches the verifier's verdict with `openssl` and coreutils."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from evidence.keys import save_registry
from streams.ring import PacketRing
from tests.evidence import support
from tests.evidence.recording import seal

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "package.md"


@pytest.fixture
def sealed(tmp_path: Path, ring: PacketRing) -> Path:
    """A sealed package beside the published registry, in which ours is not the first key."""
    seal(tmp_path, ring, 1)
    save_registry(support.registry(2, 1, 3), tmp_path / "registry.json")
    (package,) = (tmp_path / "packages").iterdir()
    return package


def recipe() -> str:
    text = REFERENCE.read_text()
    (script,) = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", text, re.DOTALL)
    return str(script)


def run(package: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "check.sh").write_text(recipe())
    command = ["sh", str(tmp_path / "check.sh"), str(package), str(tmp_path / "registry.json")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_honest_package_passes(sealed: Path, tmp_path: Path) -> None:
    result = run(sealed, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Signature Verified Successfully" in result.stdout
    assert "data/originals/clip.mp4: OK" in result.stdout
    assert result.stdout.splitlines()[-1] == "the package holds"


def test_the_same_attacks_fail(sealed: Path, tmp_path: Path) -> None:
    for name in ("data/originals/clip.mp4", "manifest.json", "bag-info.txt", "manifest-sha256.txt"):
        honest = (sealed / name).read_bytes()
        (sealed / name).write_bytes(honest[:-2] + bytes([honest[-2] ^ 1]) + honest[-1:])
        assert run(sealed, tmp_path).returncode != 0
        (sealed / name).write_bytes(honest)
    assert run(sealed, tmp_path).returncode == 0


def test_an_unlisted_file_and_an_unknown_key_fail(sealed: Path, tmp_path: Path) -> None:
    (sealed / "data" / "more.txt").write_text("not sealed")
    assert run(sealed, tmp_path).returncode != 0
    (sealed / "data" / "more.txt").unlink()
    save_registry(support.registry(2, 3), tmp_path / "registry.json")
    assert run(sealed, tmp_path).returncode != 0


def test_a_bag_made_anew_around_a_forged_manifest_fails(sealed: Path, tmp_path: Path) -> None:
    """What BagIt alone would let pass: a changed file with its hashes brought in line everywhere."""
    still = sealed / "data" / "stills" / "close_up.jpg"
    old = support.sha256(still.read_bytes())
    still.write_bytes(still.read_bytes()[:-1] + b"\0")
    new = support.sha256(still.read_bytes())
    for name in ("manifest.json", "manifest-sha256.txt"):
        (sealed / name).write_text((sealed / name).read_text().replace(old, new))
    names = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest.json", "signature.json"]
    lines = [f"{support.sha256((sealed / name).read_bytes())}  {name}\n" for name in names]
    (sealed / "tagmanifest-sha256.txt").write_text("".join(lines))
    result = run(sealed, tmp_path)
    assert result.returncode != 0
    assert "Signature Verified Successfully" not in result.stdout
