"""A bag as one stream and back: an uncompressed zip out, and a reader that believes nothing of an uploaded one."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from evidence.disk import Disk
from evidence.errors import TransportError
from evidence.package import DEFAULT_LIMITS, Limits, is_entry_name
from evidence.problems import ProblemCode

MEDIA_TYPE = "application/zip"
_CHUNK_BYTES = 256 * 1024
_END_RECORD = struct.Struct("<4s4H2LH")
_LARGE_LOCATOR_BYTES = 20
_MOST_BYTES_PER_ENTRY = 512
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)


def pack_bag(folder: Path) -> Iterator[bytes]:
    """The bag as a zip, stored without compression, in chunks; the same bag always gives the same bytes."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _OLDEST_DATE)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            with path.open("rb") as source, archive.open(info, "w") as entry:
                while chunk := source.read(_CHUNK_BYTES):
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()


def unpack_bag(
    source: Path | bytes | IO[bytes], into: Path, limits: Limits = DEFAULT_LIMITS, disk: Disk | None = None
) -> None:
    """Unpack an uploaded zip as the new folder `into`, all of it or nothing.

    Raises TransportError (`code`, `where`, `detail`) for anything but plain stored files with a package's names
    within the limits, and OSError when this machine's disk fails. What the files say is the verifier's business.
    """
    disk = disk or Disk()
    temporary = into.with_name(f".{into.name}.{uuid4().hex}.tmp")
    try:
        with _opened(source) as file, zipfile.ZipFile(_with_small_directory(file, limits)) as archive:
            entries = _checked_entries(archive, limits)
            _extract(archive, entries, temporary, disk)
        disk.rename(temporary, into)
        disk.sync_folder(into.parent)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise TransportError(ProblemCode.BAD_ARCHIVE, "archive", str(error)) from error
    finally:
        disk.remove(temporary)


@contextmanager
def _opened(source: Path | bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


def _with_small_directory(file: IO[bytes], limits: Limits) -> IO[bytes]:
    """`file`, when its directory is no longer than the allowed number of files needs.

    zipfile reads the whole directory into memory before anybody can count, so its size is asked of the end record,
    which must be the last thing in the file, without a comment and without the large form.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_RECORD.size - _LARGE_LOCATOR_BYTES))
    tail = file.read(_END_RECORD.size + _LARGE_LOCATOR_BYTES)
    if len(tail) < _END_RECORD.size:
        raise zipfile.BadZipFile("not a zip file")
    mark, *_, directory_bytes, _, comment_bytes = _END_RECORD.unpack(tail[-_END_RECORD.size :])
    if mark != b"PK\5\6" or comment_bytes:
        raise zipfile.BadZipFile("does not end as a zip file without a comment does")
    if tail.startswith(b"PK\6\7") and len(tail) > _END_RECORD.size:
        raise zipfile.BadZipFile("is of the large form (zip64)")
    if directory_bytes > (limits.max_files + 1) * _MOST_BYTES_PER_ENTRY:
        detail = f"a directory of {directory_bytes} bytes is for more than {limits.max_files} files"
        raise TransportError(ProblemCode.TOO_MANY_FILES, "archive", detail)
    file.seek(0)
    return file


def _checked_entries(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > limits.max_files:
        raise TransportError(ProblemCode.TOO_MANY_FILES, "archive", f"{len(entries)} files, at most {limits.max_files}")
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry, limits)
        if entry.filename in seen:
            raise TransportError(ProblemCode.DUPLICATE_NAME, entry.filename, "stands twice in the archive")
        seen.add(entry.filename)
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_total_bytes:
        raise TransportError(ProblemCode.TOO_LARGE, "archive", f"{total} bytes, at most {limits.max_total_bytes}")
    _refuse_overlap(entries, archive.start_dir)
    return entries


def _check_entry(entry: zipfile.ZipInfo, limits: Limits) -> None:
    name = entry.filename[:120].encode("unicode_escape").decode()
    # `orig_filename` still holds what zipfile cuts off at a NUL.
    if not is_entry_name(entry.filename) or entry.orig_filename != entry.filename:
        raise TransportError(ProblemCode.BAD_NAME, name, "is no name that a file in a package may have")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise TransportError(ProblemCode.NOT_A_REGULAR_FILE, name, "is a link or another special file")
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size or entry.flag_bits & 0x1:
        raise TransportError(ProblemCode.BAD_ARCHIVE, name, "is compressed or encrypted: packages travel stored")
    if entry.file_size > limits.max_file_bytes:
        raise TransportError(ProblemCode.TOO_LARGE, name, f"{entry.file_size} bytes, at most {limits.max_file_bytes}")


def _refuse_overlap(entries: list[zipfile.ZipInfo], directory_start: int) -> None:
    """Entries that share bytes make a small upload write a large folder."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise TransportError(ProblemCode.BAD_ARCHIVE, entry.filename, "overlaps another file of the archive")
        end = entry.header_offset + 30 + len(entry.filename) + entry.file_size
    if end > directory_start:
        raise TransportError(ProblemCode.BAD_ARCHIVE, "archive", "its files reach into its directory")


def _extract(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, disk: Disk) -> None:
    folders = {folder}
    for entry in entries:
        # Names were checked: they are relative, and lead nowhere else.
        target = folder.joinpath(*entry.filename.split("/"))
        while (parent := target.parent) != folder:
            folders.add(parent)
            target = parent
    for path in sorted(folders):
        disk.make_folder(path)
    for entry in entries:
        # The size is bounded above, and zipfile checks it and the CRC.
        disk.write(folder / entry.filename, archive.read(entry))
    for path in sorted(folders):
        disk.sync_folder(path)


class _Sink(io.RawIOBase):
    """Where zipfile writes: it cannot seek, and gives away what it has."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(memoryview(data))  # type: ignore[arg-type]
        self._chunks.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """Everything written since the last time."""
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        return chunk
