"""The package: a BagIt 1.0 bag (RFC 8493) in which every byte is signed or follows from what is signed. No I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evidence.manifest import MANIFEST_FILE, Manifest
from evidence.problems import Problem
from evidence.signing import SIGNATURE_FILE, Signer, sign_manifest
from evidence.timestamp import TIMESTAMP_FILE

BAGIT_FILE: Final = "bagit.txt"
BAG_INFO_FILE: Final = "bag-info.txt"
PAYLOAD_MANIFEST_FILE: Final = "manifest-sha256.txt"
TAG_MANIFEST_FILE: Final = "tagmanifest-sha256.txt"
BAGIT_TEXT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
HASHED_TAG_FILES: Final = (BAG_INFO_FILE, BAGIT_FILE, PAYLOAD_MANIFEST_FILE, MANIFEST_FILE, SIGNATURE_FILE)
TAG_FILES: Final = frozenset((*HASHED_TAG_FILES, TAG_MANIFEST_FILE))
# The only file that may come after the sealing; it proves itself.
APPENDED_FILES: Final = frozenset({TIMESTAMP_FILE})
READ_FILES: Final = TAG_FILES | APPENDED_FILES

_ENTRY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9]{1,8})?(/[a-z0-9][a-z0-9_-]*(\.[a-z0-9]{1,8})?){0,2}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a package a reader is willing to look at."""

    max_files: int = 96
    max_file_bytes: int = 256 * 1024 * 1024
    max_total_bytes: int = 512 * 1024 * 1024
    max_tag_file_bytes: int = 4 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class FileFact:
    """What was measured of one file: its size in bytes and its SHA-256 (64 hex digits)."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """Everything a verifier needs to know of a bag: measured files, the bytes of `READ_FILES`, reading problems."""

    files: Mapping[str, FileFact]
    tag_files: Mapping[str, bytes]
    problems: tuple[Problem, ...] = ()
    folders: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class SealedPackage:
    """A package that lies sealed at `path`; `part` 1 is the incident's own, later ones were appended."""

    package_id: str
    incident_id: str
    camera_id: str
    sequence: int
    path: Path
    manifest_sha256: str
    grade: str
    reasons: tuple[str, ...]
    part: int = 1


def is_entry_name(name: str) -> bool:
    """Whether a file in a bag may have this name: lower-case ASCII, at most three levels, no dots but the ending's."""
    return len(name) <= 120 and _ENTRY_NAME.fullmatch(name) is not None


def bag_files(
    manifest: Manifest, payload: Mapping[str, bytes], signer: Signer, facts: Mapping[str, FileFact] | None = None
) -> dict[str, bytes]:
    """All files of the sealed bag by name, `payload` included.

    `facts`: what was measured of each file of `payload` when it was made; without them they are measured here.
    Raises ManifestError when the manifest has no canonical form, ValueError when it does not list exactly `payload`.
    """
    listed = {entry.path: FileFact(entry.bytes, entry.sha256) for entry in manifest.files}
    measured = {name: fact_of(data) for name, data in payload.items()} if facts is None else dict(facts)
    if listed != measured or measured.keys() != payload.keys():
        raise ValueError("the manifest does not list exactly the files of the package")
    manifest_bytes = manifest.to_bytes()
    tags = derived_tag_files(manifest)
    tags[MANIFEST_FILE] = manifest_bytes
    tags[SIGNATURE_FILE] = sign_manifest(manifest_bytes, signer)
    tags[TAG_MANIFEST_FILE] = tag_manifest(tags)
    return {**payload, **tags}


def derived_tag_files(manifest: Manifest) -> dict[str, bytes]:
    """The tag files whose bytes follow from the manifest alone: `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`."""
    total = sum(entry.bytes for entry in manifest.files)
    day = datetime.fromtimestamp(manifest.sealed_at_ns // 1_000_000_000, UTC).date().isoformat()
    info = (
        f"Bag-Software-Agent: {manifest.made_by.software}\n"
        f"Bagging-Date: {day}\n"
        f"External-Identifier: {manifest.package_id}\n"
        f"Payload-Oxum: {total}.{len(manifest.files)}\n"
    )
    return {
        BAGIT_FILE: BAGIT_TEXT,
        BAG_INFO_FILE: info.encode(),
        PAYLOAD_MANIFEST_FILE: _hash_lines({entry.path: entry.sha256 for entry in manifest.files}),
    }


def tag_manifest(tag_files: Mapping[str, bytes]) -> bytes:
    """`tagmanifest-sha256.txt` over the tag files that are there."""
    present = [name for name in HASHED_TAG_FILES if name in tag_files]
    return _hash_lines({name: hashlib.sha256(tag_files[name]).hexdigest() for name in present})


def fact_of(data: bytes) -> FileFact:
    """Size and hash of bytes."""
    return FileFact(len(data), hashlib.sha256(data).hexdigest())


def _hash_lines(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()
