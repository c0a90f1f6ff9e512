"""`python -m datasets.scenes` without Blender: one line that says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datasets.scenes.__main__ import main


def test_rendering_without_blender_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)  # what an environment without it does
    stills = ["stills", "--count", "1", "--out", str(tmp_path / "out"), "--store", str(tmp_path / "store")]
    assert main(stills) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "datasets/scenes/requirements.txt" in said[0]
    assert not list(tmp_path.rglob("*.jpg"))


def test_an_unknown_clip_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clips", "--only", "nowhere", "--out", str(tmp_path)]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", ["7", "a..b", "5..5", "-3..2"])
def test_a_range_of_seeds_that_is_none_is_refused(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["clips", "--kind", "vending", f"--seeds={seeds}"])
    assert ended.value.code == 2
    assert seeds in capsys.readouterr().err


def test_a_kind_needs_its_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clips", "--kind", "vending", "--out", str(tmp_path)]) == 2
    assert "--seeds" in capsys.readouterr().err


def test_a_share_of_nights_needs_its_subject(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stills", "--count", "1", "--night", "1", "--out", str(tmp_path)]) == 2
    assert "--about" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["dark", "1.5", "nan"])
def test_a_share_of_nights_that_is_none_is_refused(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["stills", "--about", "muck", "--count", "1", "--night", share, "--out", "nowhere"])
    assert share in capsys.readouterr().err
