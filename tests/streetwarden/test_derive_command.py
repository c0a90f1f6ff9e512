"""`streetwarden derive`: what it writes, what it checks, and what it says of bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetwarden.cli import main
from tests.evidence.recording import filled_ring, make_clip, seal


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("package")
    seal(root / "out", filled_ring(make_clip(root / "clip.mp4", 10)), 1)
    return next((root / "out" / "packages").iterdir())


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWARDEN_DATA_DIR", str(tmp_path / "data"))


def test_each_file_comes_with_a_statement_that_holds(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "derived"
    assert main(["derive", str(package), "--out", str(out), "--kind", "overlay", "--language", "en"]) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {file.name for file in files} >= {"overlay-panorama_first-en.jpg", "overlay-close_up-en.jpg"}
    checked = [part for file in files for part in ("--check", str(file))]
    assert main(["derive", str(package), *checked]) == 0
    files[0].write_bytes(files[0].read_bytes() + b"x")
    capsys.readouterr()
    assert main(["derive", str(package), "--check", str(files[0])]) == 1
    assert "FAILS" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--out"], ["--check"], ["--out-in-package"]])
def test_bad_input_is_one_line(
    package: Path, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = {
        "": [str(package)],
        "--out": [str(tmp_path / "missing"), "--out", str(tmp_path / "out")],
        "--check": [str(package), "--check", str(tmp_path / "missing.jpg")],
        "--out-in-package": [str(package), "--out", str(package / "data"), "--kind", "overlay"],
    }["".join(arguments)]
    # A registry has to be there before anything can be checked.
    assert main(["derive", str(package), "--out", str(tmp_path / "first"), "--kind", "sheet"]) == 0
    capsys.readouterr()
    assert main(["derive", *chosen]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
