"""Versions of data sets by their content: the same pictures and labels have the same version, wherever they lie.

The version is the SHA-256 of the list of files, each with its own SHA-256, in the order of their names; `dataset.json`
holds both, so that a set can be checked, and two versions compared file by file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.formats.labels import FormatError, write_whole

VERSION_FILE = "dataset.json"
SCHEMA = "streetwarden.dataset/1"
LEFT_OUT = (".cache",)  # ultralytics' own notes beside the labels


@dataclass(frozen=True, slots=True)
class DataSetVersion:
    """`version`: 64 hex digits; `files`: SHA-256 by name relative to the set's folder."""

    version: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """Names of files that differ between two versions."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether both hold the same."""
        return not (self.added or self.removed or self.changed)


def version_of(folder: Path) -> DataSetVersion:
    """The version of the files that lie below a folder now, `dataset.json` itself and hidden files aside."""
    if not folder.is_dir():
        raise FormatError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and _counts(path.relative_to(folder)))
    if not paths:
        raise FormatError(f"{folder}: no files")
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}
    return DataSetVersion(_hash(files), files)


def _counts(name: Path) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and name.as_posix() != VERSION_FILE and name.suffix not in LEFT_OUT


def write_version(folder: Path) -> DataSetVersion:
    """Write `dataset.json` into the folder and return what it says."""
    found = version_of(folder)
    document = {"schema": SCHEMA, "version": found.version, "files": dict(found.files)}
    write_whole(folder / VERSION_FILE, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return found


def read_version(folder: Path) -> DataSetVersion:
    """What `dataset.json` says. Raises FormatError when it is none, or does not agree with itself."""
    path = folder / VERSION_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        stated = DataSetVersion(str(document["version"]), {str(k): str(v) for k, v in document["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path}: not a data set's version: {type(error).__name__} {error}") from error
    if _hash(stated.files) != stated.version:
        raise FormatError(f"{path}: the version is not that of the files it lists")
    return stated


def check_version(folder: Path) -> Change:
    """How the folder differs from its `dataset.json`."""
    return compare(read_version(folder), version_of(folder))


def compare(before: DataSetVersion, after: DataSetVersion) -> Change:
    """What came, went and changed."""
    both = before.files.keys() & after.files.keys()
    return Change(
        added=tuple(sorted(after.files.keys() - both)),
        removed=tuple(sorted(before.files.keys() - both)),
        changed=tuple(sorted(name for name in both if before.files[name] != after.files[name])),
    )


def _hash(files: Mapping[str, str]) -> str:
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
