"""A data set's version follows from its content, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.cli import main
from datasets.formats import FormatError
from datasets.versions import VERSION_FILE, check_version, read_version, version_of, write_version


def data_set(folder: Path) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "images/a.png").write_bytes(b"picture")
    (folder / "labels").mkdir()
    (folder / "labels/a.txt").write_text("0 0.5 0.5 1 1\n")
    return folder


def test_the_same_files_have_the_same_version_wherever_they_lie(tmp_path: Path) -> None:
    first, second = data_set(tmp_path / "a"), data_set(tmp_path / "deep/b")
    (second / "labels/train.cache").write_bytes(b"a trainer's own note")
    (second / ".hidden").write_text("x")
    assert write_version(first) == version_of(second)
    assert check_version(first).is_none


def test_every_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_set(tmp_path / "a")
    assert main(["version", str(folder)]) == 0
    (folder / "images/a.png").unlink()
    (folder / "images/b.png").write_bytes(b"picture")
    (folder / "labels/a.txt").write_text("")
    assert main(["version", str(folder), "--check"]) == 1
    printed = capsys.readouterr().out
    assert all(line in printed for line in ("removed: images/a.png", "added: images/b.png", "changed: labels/a.txt"))


def test_a_list_that_was_edited_is_found(tmp_path: Path) -> None:
    folder = data_set(tmp_path / "a")
    write_version(folder)
    path = folder / VERSION_FILE
    path.write_text(path.read_text().replace("labels/a.txt", "labels/b.txt"))
    with pytest.raises(FormatError, match="not that of the files it lists"):
        read_version(folder)


def test_a_folder_without_files_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no files"):
        version_of(tmp_path)
