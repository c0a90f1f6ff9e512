"""The output folder of a command: built aside and put in place whole, or left as it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streetwarden.errors import UsageError


def make_folder(path: Path) -> Path:
    """The folder, made when it is not there. Raises UsageError when it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot make this folder: {error.strerror}") from None
    return path


@contextmanager
def replaced_whole(folder: Path, *, names: tuple[str, ...]) -> Iterator[Path]:
    """A fresh folder for `names`; at the end they replace those of `folder`. An earlier error changes nothing."""
    was_there = folder.exists()
    make_folder(folder)
    staging = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    try:
        yield staging
        for name in names:
            _replace(staging / name, folder / name)
    except BaseException:
        shutil.rmtree(staging)
        if not was_there:
            folder.rmdir()
        raise
    shutil.rmtree(staging)


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    if source.exists():
        source.replace(target)
