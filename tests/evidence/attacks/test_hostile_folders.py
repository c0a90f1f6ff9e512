"""Folders that are made to hurt their reader: nothing is followed, opened or read beyond the limits."""

from __future__ import annotations

import os
from pathlib import Path

from evidence.package import Limits
from evidence.problems import ProblemCode
from evidence.verify import verify_package
from tests.evidence import support
from tests.evidence.attacks.forgeries import CLIP, STILL
from tests.evidence.support import write


def honest_folder(tmp_path: Path) -> Path:
    return write(support.bag(), tmp_path / "bag")


def codes(folder: Path, limits: Limits | None = None) -> list[ProblemCode]:
    report = verify_package(folder, support.registry(), limits or Limits())
    assert not report.integrity_ok
    return [problem.code for problem in report.problems]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (tmp_path / "outside.jpg").write_bytes((folder / STILL).read_bytes())
    (folder / STILL).unlink()
    (folder / STILL).symlink_to(tmp_path / "outside.jpg")
    assert ProblemCode.NOT_A_REGULAR_FILE in codes(folder)


def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (folder / "data" / "stills").rename(tmp_path / "stills")
    (folder / "data" / "stills").symlink_to(tmp_path / "stills", target_is_directory=True)
    assert ProblemCode.NOT_A_REGULAR_FILE in codes(folder)


def test_the_package_itself_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(honest_folder(tmp_path), target_is_directory=True)
    assert codes(tmp_path / "link") == [
        ProblemCode.NOT_A_PACKAGE,
        ProblemCode.NOT_A_PACKAGE,
        ProblemCode.MISSING_FILE,
    ]


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    os.mkfifo(folder / "data" / "stills" / "pipe.jpg")
    assert codes(folder) == [ProblemCode.NOT_A_REGULAR_FILE]


def test_strange_names_and_empty_folders_are_told(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    (folder / "data" / "stills" / "\u202egpj.exe").write_bytes(b"x")
    (folder / "data" / "more").mkdir()
    assert sorted(codes(folder)) == [ProblemCode.BAD_NAME, ProblemCode.UNLISTED_FILE]


def test_a_claim_of_ten_gigabytes_is_not_read(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    with (folder / CLIP).open("r+b") as file:
        file.truncate(10 * 1024**3)
    assert ProblemCode.TOO_LARGE in codes(folder)


def test_reading_ends_at_the_limits(tmp_path: Path) -> None:
    folder = honest_folder(tmp_path)
    assert ProblemCode.TOO_LARGE in codes(folder, Limits(max_total_bytes=100))
    assert ProblemCode.TOO_LARGE in codes(folder, Limits(max_tag_file_bytes=100))
    for number in range(200):
        (folder / f"file{number}").write_bytes(b"")
    assert ProblemCode.TOO_MANY_FILES in codes(folder)


def test_a_missing_or_wrong_path_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    assert ProblemCode.UNREADABLE in codes(tmp_path / "nothing")
    assert ProblemCode.NOT_A_PACKAGE in codes(tmp_path / "file")
