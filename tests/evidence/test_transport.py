"""A bag travels as a plain stored zip; anything else that arrives is refused before it is believed."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import TransportError
from evidence.package import Limits
from evidence.problems import ProblemCode
from evidence.transport import pack_bag, unpack_bag
from evidence.verify import verify_package
from tests.evidence import support
from tests.evidence.faults import FaultyDisk, disk_full
from tests.evidence.support import write


def packed(tmp_path: Path) -> bytes:
    return b"".join(pack_bag(write(support.bag(), tmp_path / "bag")))


def test_a_bag_comes_back_as_it_was(tmp_path: Path) -> None:
    data = packed(tmp_path)
    assert data == packed(tmp_path)
    unpack_bag(data, tmp_path / "copy")
    assert verify_package(tmp_path / "copy", support.registry()).ok
    (tmp_path / "upload.zip").write_bytes(data)
    unpack_bag(tmp_path / "upload.zip", tmp_path / "copy-of-file")
    unpack_bag(io.BytesIO(data), tmp_path / "copy-of-stream")
    names = {
        path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*") if path.is_file()
    }
    assert names == set(support.bag())


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED, mode: int = stat.S_IFREG | 0o644) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as made:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, method
            made.writestr(info, data)
    return sink.getvalue()


def duplicate() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return archive(("manifest.json", b"one"), ("manifest.json", b"two"))


def overlapping() -> bytes:
    """Two directory entries that share one body: the quoted-overlap bomb."""
    data = bytearray(archive(("a.txt", b"x" * 1000), ("b.txt", b"x" * 1000)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    return bytes(data)


def claims(size: int) -> bytes:
    """A directory entry that claims more bytes than there are."""
    data = bytearray(archive(("manifest.json", b"{}")))
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = size.to_bytes(4, "little") * 2
    return bytes(data)


def large_form(data: bytes) -> bytes:
    """The locator of a zip64 end record before the plain one."""
    return data[:-22] + b"PK\6\7" + bytes(16) + data[-22:]


def encrypted(data: bytes) -> bytes:
    """The flag that says so, in the directory."""
    entry = data.index(b"PK\x01\x02")
    return data[: entry + 8] + b"\1\0" + data[entry + 10 :]


HOSTILE: dict[str, tuple[Callable[[], bytes], ProblemCode]] = {
    "no zip": (lambda: b"hello", ProblemCode.BAD_ARCHIVE),
    "empty": (lambda: b"", ProblemCode.BAD_ARCHIVE),
    "cut off": (lambda: archive(("manifest.json", b"{}"))[:-8], ProblemCode.BAD_ARCHIVE),
    "parent": (lambda: archive(("../manifest.json", b"{}")), ProblemCode.BAD_NAME),
    "absolute": (lambda: archive(("/etc/passwd", b"{}")), ProblemCode.BAD_NAME),
    "backslash": (lambda: archive(("data\\..\\x", b"{}")), ProblemCode.BAD_NAME),
    "upper case": (lambda: archive(("Manifest.json", b"{}")), ProblemCode.BAD_NAME),
    "unicode": (lambda: archive(("manifest\u202e.json", b"{}")), ProblemCode.BAD_NAME),
    "folder": (lambda: archive(("data/", b"")), ProblemCode.BAD_NAME),
    "NUL": (lambda: archive(("a.txt", b"{}")).replace(b"a.txt", b"a.t\0t"), ProblemCode.BAD_NAME),
    "link": (lambda: archive(("link", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), ProblemCode.NOT_A_REGULAR_FILE),
    "compressed": (lambda: archive(("a.txt", b"0" * 9999), method=zipfile.ZIP_DEFLATED), ProblemCode.BAD_ARCHIVE),
    "duplicate": (duplicate, ProblemCode.DUPLICATE_NAME),
    "overlap": (overlapping, ProblemCode.BAD_ARCHIVE),
    "claims a kilobyte": (lambda: claims(1000), ProblemCode.BAD_ARCHIVE),
    "claims 4 gigabytes": (lambda: claims(2**32 - 2), ProblemCode.TOO_LARGE),
    "wrong checksum": (lambda: archive(("a.txt", b"honest")).replace(b"honest", b"forged"), ProblemCode.BAD_ARCHIVE),
    "many": (lambda: archive(*((f"file{n}", b"") for n in range(97))), ProblemCode.TOO_MANY_FILES),
    "a directory of thousands": (
        lambda: archive(*((f"file{n}", b"") for n in range(2000))),
        ProblemCode.TOO_MANY_FILES,
    ),
    "comment": (lambda: archive(("a.txt", b"x"))[:-2] + b"\x04\0more", ProblemCode.BAD_ARCHIVE),
    "zip64": (lambda: large_form(archive(("a.txt", b"x"))), ProblemCode.BAD_ARCHIVE),
    "deflated bomb": (
        lambda: archive(("a.txt", b"\0" * 10_000_000), method=zipfile.ZIP_DEFLATED),
        ProblemCode.BAD_ARCHIVE,
    ),
    "same name in another case": (lambda: archive(("a.txt", b""), ("A.txt", b"")), ProblemCode.BAD_NAME),
    "same name in another form": (
        lambda: archive(("caf\u00e9.txt", b""), ("cafe\u0301.txt", b"")),
        ProblemCode.BAD_NAME,
    ),
    "device": (lambda: archive(("zero", b""), mode=stat.S_IFCHR | 0o666), ProblemCode.NOT_A_REGULAR_FILE),
    "encrypted": (lambda: encrypted(archive(("a.txt", b"x"))), ProblemCode.BAD_ARCHIVE),
    "large": (lambda: archive(*((f"file{n}", b"0" * 900) for n in range(3))), ProblemCode.TOO_LARGE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_by_name_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    make, code = HOSTILE[name]
    with pytest.raises(TransportError) as caught:
        unpack_bag(make(), tmp_path / "into", Limits(max_total_bytes=2500, max_file_bytes=2000))
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []
    said = {"overlap": "overlaps another file", "a directory of thousands": "a directory of"}
    assert said.get(name, "") in str(caught.value)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    data = packed(tmp_path)
    whole = FaultyDisk(None, disk_full)
    unpack_bag(data, tmp_path / "whole", disk=whole)
    shutil.rmtree(tmp_path / "whole")
    # The last two come after it has its name: waiting for that name, and clearing up.
    for fail_at in range(1, whole.operations - 1):
        with pytest.raises(OSError, match="No space"):
            unpack_bag(data, tmp_path / "into", disk=FaultyDisk(fail_at, disk_full))
        assert [path.name for path in tmp_path.iterdir()] == ["bag"]


def test_an_existing_folder_is_not_replaced(tmp_path: Path) -> None:
    data = packed(tmp_path)
    unpack_bag(data, tmp_path / "into")
    with pytest.raises(OSError, match="not empty"):
        unpack_bag(data, tmp_path / "into")


SMALL = archive(("manifest.json", b"{}"), ("data/stills/a.jpg", b"picture"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_to_an_archive_gives_another_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    damaged = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    into = tmp_path_factory.mktemp("damaged") / "into"
    try:
        unpack_bag(bytes(damaged), into)
    except TransportError:
        assert not into.exists()
