"""An output folder is replaced whole or left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetwarden.errors import UsageError
from streetwarden.output import replaced_whole


def test_names_are_put_in_place_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "old").write_text("old")
    with replaced_whole(tmp_path, names=("packages", "lines")) as staging:
        (staging / "packages").mkdir()
        (staging / "packages" / "new").write_text("new")
        (staging / "lines").write_text("1")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["lines", "new", "notes.txt", "packages"]


def _write_half(folder: Path) -> None:
    with replaced_whole(folder, names=("lines",)) as staging:
        (staging / "lines").write_text("half")
        raise RuntimeError


def test_an_error_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("old")
    with pytest.raises(RuntimeError):
        _write_half(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lines"]
    assert (tmp_path / "lines").read_text() == "old"


def test_a_folder_that_was_not_there_is_gone_after_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(RuntimeError), replaced_whole(folder, names=("lines",)):
        raise RuntimeError
    assert not folder.exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="cannot make this folder"), replaced_whole(tmp_path / "out", names=()):
        pass
