"""Who sealed a package, and what a trusted time stamp proves of it. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from evidence.encoding import from_ns
from evidence.errors import AlgorithmUnavailable, ManifestError, TimestampError
from evidence.manifest import MANIFEST_FILE, Manifest
from evidence.package import PackageFacts
from evidence.problems import Problem, ProblemCode
from evidence.registry import KeyEntry, KeyRegistry
from evidence.signing import SIGNATURE_FILE, Envelope, SignatureEntry, pre_authentication_encoding
from evidence.timestamp import (
    TIMESTAMP_FILE,
    TIMESTAMP_TYPE,
    Stamp,
    TimestampFile,
    parse_file,
    read_response,
    trusted_authority,
)

# A token cannot be older than what it stamps; clocks may differ by this much.
STAMP_TOLERANCE_NS: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class TimestampFinding:
    """What is known of a package's time stamp.

    `none`: nobody meant to ask for one; `pending`: the manifest names an authority, the token is not here (yet);
    `unchecked`: there is one, but nobody published an authority to judge it by, so it proves nothing; `trusted`: it is
    good, `at_ns` and `authority` say when and whose; `refused`: see the problems.
    """

    state: Literal["none", "pending", "unchecked", "trusted", "refused"]
    at_ns: int | None = None
    authority: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """For `verify --json`; the time as RFC 3339."""
        at = None if self.at_ns is None else from_ns(self.at_ns).isoformat()
        return {"state": self.state, "at": at, "authority": self.authority}


NO_TIMESTAMP: Final = TimestampFinding("none")


def check_timestamp(
    facts: PackageFacts, manifest: Manifest | None, registry: KeyRegistry | None, problems: list[Problem]
) -> TimestampFinding:
    """Judge `timestamp.json`; what is wrong with it is added to `problems`."""
    data, signed = facts.tag_files.get(TIMESTAMP_FILE), facts.tag_files.get(SIGNATURE_FILE)
    if data is None:
        expected = manifest is not None and manifest.timestamp_authority is not None
        return TimestampFinding("pending" if expected else "none")
    try:
        file = parse_file(data)
        stamp = read_response(file.raw, signed or b"")
        _refuse_contradiction(stamp, manifest)
        if registry is None:
            return TimestampFinding("unchecked", stamp.at_ns)
        _demand_signature(file, registry)
        if not registry.timestamp_authorities:
            return TimestampFinding("unchecked", stamp.at_ns)
        authority = trusted_authority(file.raw, signed or b"", registry.timestamp_authorities)
    except ManifestError as error:
        problems.append(Problem(ProblemCode(error.code), error.where, error.detail))
        return TimestampFinding("refused")
    except TimestampError as error:
        problems.append(Problem(ProblemCode(error.code), TIMESTAMP_FILE, error.detail))
        return TimestampFinding("refused")
    return TimestampFinding("trusted", stamp.at_ns, authority)


def _refuse_contradiction(stamp: Stamp, manifest: Manifest | None) -> None:
    if manifest is not None and stamp.at_ns + STAMP_TOLERANCE_NS < manifest.sealed_at_ns:
        detail = f"stamped at {from_ns(stamp.at_ns)}, before the package says that it was sealed"
        raise TimestampError(ProblemCode.TIMESTAMP_INCONSISTENT, detail)


def _demand_signature(file: TimestampFile, registry: KeyRegistry) -> None:
    """The sealer's signature holds the token's every byte, also those that its authority does not sign."""
    signature = file.signatures[0]
    key = registry.get(signature.key_id)
    message = pre_authentication_encoding(file.raw, TIMESTAMP_TYPE)
    if key is None or not _holds(key, signature, message):
        why = "the registry has no such key" if key is None else "it signed something else"
        detail = f"is not signed by key {signature.key_id}: {why}"
        raise TimestampError(ProblemCode.TIMESTAMP_INVALID, detail)


def _holds(key: KeyEntry, signature: SignatureEntry, message: bytes) -> bool:
    try:
        return key.algorithm == signature.algorithm and key.verifies(signature.raw, message)
    except AlgorithmUnavailable as error:
        raise TimestampError(ProblemCode.ALGORITHM_UNAVAILABLE, str(error)) from error


def check_signature(
    facts: PackageFacts,
    manifest: Manifest,
    envelope: Envelope,
    registry: KeyRegistry | None,
    proven_at_ns: int | None,
) -> Iterator[Problem]:
    """The envelope against the manifest, and, with a registry, the key; `proven_at_ns` is a trusted stamp's time."""
    manifest_bytes = facts.tag_files[MANIFEST_FILE]
    signature = envelope.signatures[0]
    if envelope.payload_sha256 != hashlib.sha256(manifest_bytes).hexdigest():
        where = f"{SIGNATURE_FILE}#payload_sha256"
        yield Problem(ProblemCode.SIGNED_HASH_MISMATCH, where, "is not the SHA-256 of manifest.json")
    if signature.key_id != manifest.key_id:
        where = f"{SIGNATURE_FILE}#key_id"
        yield Problem(ProblemCode.KEY_MISMATCH, where, f"{signature.key_id}, but the manifest names {manifest.key_id}")
    if registry is None:
        return
    key = registry.get(signature.key_id)
    if key is None:
        where = f"{SIGNATURE_FILE}#key_id"
        yield Problem(ProblemCode.KEY_UNKNOWN, where, f"the registry has no key {signature.key_id}")
        return
    yield from _check_key(key, signature, manifest_bytes)
    refused = key.problem_at(manifest.sealed_at_ns, proven_at_ns)
    if refused is not None:
        yield refused


def _check_key(key: KeyEntry, signature: SignatureEntry, manifest_bytes: bytes) -> Iterator[Problem]:
    if key.algorithm != signature.algorithm:
        where = f"{SIGNATURE_FILE}#algorithm"
        yield Problem(ProblemCode.BAD_SIGNATURE, where, f"{signature.algorithm}, but the key is of {key.algorithm}")
        return
    try:
        holds = key.verifies(signature.raw, pre_authentication_encoding(manifest_bytes))
    except AlgorithmUnavailable as error:
        yield Problem(ProblemCode.ALGORITHM_UNAVAILABLE, SIGNATURE_FILE, str(error))
        return
    if not holds:
        yield Problem(ProblemCode.BAD_SIGNATURE, MANIFEST_FILE, f"is not what key {key.key_id} signed")
