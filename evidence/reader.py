"""Measures a bag without trusting it: no link is followed, no name believed, nothing read beyond the limits."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from evidence.errors import ManifestError
from evidence.package import DEFAULT_LIMITS, READ_FILES, FileFact, Limits, PackageFacts, fact_of, is_entry_name
from evidence.problems import Problem, ProblemCode

CHUNK_BYTES = 1024 * 1024
MAX_FOLDER_DEPTH = 2


class _Refused(Exception):
    """Carries the problem that ends the reading of one entry, or of the whole folder."""

    def __init__(self, code: ProblemCode, where: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(code, where, detail)


def read_mapping(files: Mapping[str, bytes], limits: Limits = DEFAULT_LIMITS) -> PackageFacts:
    """Facts of a bag whose files are in memory."""
    problems = [_bad_name(name) for name in files if not is_entry_name(name)]
    sound = {name: data for name, data in files.items() if is_entry_name(name)}
    tags = {name: data for name, data in sound.items() if name in READ_FILES and len(data) <= limits.max_tag_file_bytes}
    facts = {name: fact_of(data) for name, data in sound.items()}
    return PackageFacts(facts, tags, (*problems, *_check_totals(facts, limits)))


def read_small(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit`; ManifestError with a problem code for anything else."""
    try:
        _demand_regular(path.stat(follow_symlinks=False), path.name)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limit + 1)
    except _Refused as refusal:
        raise ManifestError(refusal.problem.code, path.name, refusal.problem.detail) from refusal
    except OSError as error:
        raise ManifestError(ProblemCode.UNREADABLE, path.name, error.strerror or str(error)) from error
    if len(data) > limit:
        raise ManifestError(ProblemCode.TOO_LARGE, path.name, f"at most {limit} bytes are read")
    return data


def read_folder(folder: Path, limits: Limits = DEFAULT_LIMITS) -> PackageFacts:
    """Facts of a bag on disk; whatever is wrong with the folder itself comes back as problems."""
    reading = _Reading(limits)
    try:
        _demand_folder(folder)
        reading.walk(folder, "", 0)
    except _Refused as refusal:
        reading.problems.append(refusal.problem)
    except OSError as error:
        reading.problems.append(Problem(ProblemCode.UNREADABLE, str(folder), error.strerror or str(error)))
    return PackageFacts(reading.files, reading.tags, tuple(reading.problems), frozenset(reading.folders))


class _Reading:
    """One pass over a folder, with what is left of the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes_left = limits.max_total_bytes
        self._entries_left = limits.max_files + 8
        self.files: dict[str, FileFact] = {}
        self.tags: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self.problems: list[Problem] = []

    def walk(self, folder: Path, prefix: str, depth: int) -> None:
        """Measure every entry; a bad entry is noted and the rest still read, an exhausted limit ends it all."""
        for entry in self._entries(folder):
            name = f"{prefix}{entry.name}"
            if not is_entry_name(name):
                self.problems.append(_bad_name(name))
            elif entry.is_dir(follow_symlinks=False) and depth < MAX_FOLDER_DEPTH:
                self.folders.add(name)
                self.walk(Path(entry.path), f"{name}/", depth + 1)
            else:
                self._measure(Path(entry.path), name)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                self._entries_left -= 1
                if self._entries_left < 0:
                    raise _Refused(ProblemCode.TOO_MANY_FILES, str(folder), f"more than {self._limits.max_files} files")
                yield entry

    def _measure(self, path: Path, name: str) -> None:
        try:
            self.files[name] = self._hash(path, name)
        except _Refused as refusal:
            if refusal.problem.code is ProblemCode.TOO_LARGE and self._bytes_left <= 0:
                raise
            self.problems.append(refusal.problem)
        except OSError as error:
            self.problems.append(Problem(ProblemCode.UNREADABLE, name, error.strerror or str(error)))

    def _hash(self, path: Path, name: str) -> FileFact:
        # Look before opening (a pipe would block), and again after (it could have been swapped).
        _demand_regular(path.stat(follow_symlinks=False), name)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _demand_regular(status, name)
            limit = self._limits.max_tag_file_bytes if name in READ_FILES else self._limits.max_file_bytes
            if status.st_size > limit:
                raise _Refused(ProblemCode.TOO_LARGE, name, f"has {status.st_size} bytes, at most {limit} are read")
            digest, size, kept = hashlib.sha256(), 0, []
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
                self._spend(len(chunk), name)
                digest.update(chunk)
                if name in READ_FILES:
                    kept.append(chunk)
        if name in READ_FILES:
            self.tags[name] = b"".join(kept)
        return FileFact(size, digest.hexdigest())

    def _spend(self, count: int, name: str) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise _Refused(ProblemCode.TOO_LARGE, name, f"the package has over {self._limits.max_total_bytes} bytes")


def _demand_folder(folder: Path) -> None:
    if not stat.S_ISDIR(folder.stat(follow_symlinks=False).st_mode):
        raise _Refused(ProblemCode.NOT_A_PACKAGE, str(folder), "is not a folder")


def _demand_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Refused(ProblemCode.NOT_A_REGULAR_FILE, name, "is a link, a device or another special file")


def _bad_name(name: str) -> Problem:
    shown = name[:120].encode("unicode_escape").decode()
    return Problem(ProblemCode.BAD_NAME, shown, "is no name that a file in a package may have")


def _check_totals(facts: Mapping[str, FileFact], limits: Limits) -> Iterator[Problem]:
    if len(facts) > limits.max_files:
        yield Problem(ProblemCode.TOO_MANY_FILES, "package", f"{len(facts)} files, at most {limits.max_files} are read")
    if sum(fact.size for fact in facts.values()) > limits.max_total_bytes:
        yield Problem(ProblemCode.TOO_LARGE, "package", f"over {limits.max_total_bytes} bytes")
    for name in READ_FILES:
        if name in facts and facts[name].size > limits.max_tag_file_bytes:
            yield Problem(ProblemCode.TOO_LARGE, name, f"at most {limits.max_tag_file_bytes} bytes are read")
