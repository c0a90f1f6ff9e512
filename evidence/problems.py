"""Problem codes: what a verifier can find, each with the half of the verdict that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Integrity: is this what was sealed? Authenticity: who sealed it? Chain: does it follow its predecessor?"""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    CHAIN = "chain"


class ProblemCode(StrEnum):
    """Stable identifiers: documented in `docs/reference/evidence-format.md`, never renamed."""

    NOT_A_PACKAGE = "not_a_package"
    BAD_NAME = "bad_name"
    DUPLICATE_NAME = "duplicate_name"
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    TOO_LARGE = "too_large"
    TOO_MANY_FILES = "too_many_files"
    UNREADABLE = "unreadable"
    BAD_ARCHIVE = "bad_archive"
    MISSING_FILE = "missing_file"
    UNLISTED_FILE = "unlisted_file"
    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"
    TAG_FILE_ALTERED = "tag_file_altered"
    JSON_INVALID = "json_invalid"
    JSON_DUPLICATE_KEY = "json_duplicate_key"
    JSON_NOT_CANONICAL = "json_not_canonical"
    MANIFEST_INVALID = "manifest_invalid"
    MANIFEST_INCONSISTENT = "manifest_inconsistent"
    PARENT_UNKNOWN = "parent_unknown"
    IDENTITY_MISMATCH = "identity_mismatch"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNED_HASH_MISMATCH = "signed_hash_mismatch"
    KEY_MISMATCH = "key_mismatch"
    KEY_UNKNOWN = "key_unknown"
    KEY_NOT_YET_VALID = "key_not_yet_valid"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    BAD_SIGNATURE = "bad_signature"
    ALGORITHM_UNAVAILABLE = "algorithm_unavailable"
    TIMESTAMP_INVALID = "timestamp_invalid"
    TIMESTAMP_MISMATCH = "timestamp_mismatch"
    TIMESTAMP_INCONSISTENT = "timestamp_inconsistent"
    TIMESTAMP_UNTRUSTED = "timestamp_untrusted"
    TOMBSTONE_INVALID = "tombstone_invalid"
    TOMBSTONE_UNSIGNED = "tombstone_unsigned"
    CHAIN_FORK = "chain_fork"
    CHAIN_GAP = "chain_gap"
    CHAIN_BROKEN = "chain_broken"
    CHAIN_CUT = "chain_cut"
    CHAIN_DUPLICATE = "chain_duplicate"

    @property
    def scope(self) -> Scope:
        """Which half of the verdict the code spoils."""
        if self.value.startswith("chain_"):
            return Scope.CHAIN
        return Scope.AUTHENTICITY if self in _AUTHENTICITY else Scope.INTEGRITY


_AUTHENTICITY = frozenset(
    {
        ProblemCode.KEY_MISMATCH,
        ProblemCode.KEY_UNKNOWN,
        ProblemCode.KEY_NOT_YET_VALID,
        ProblemCode.KEY_EXPIRED,
        ProblemCode.KEY_REVOKED,
        ProblemCode.BAD_SIGNATURE,
        ProblemCode.ALGORITHM_UNAVAILABLE,
        ProblemCode.TIMESTAMP_UNTRUSTED,
        ProblemCode.TOMBSTONE_UNSIGNED,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: `where` names the file, or the file and the field behind a `#`."""

    code: ProblemCode
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.detail}"
