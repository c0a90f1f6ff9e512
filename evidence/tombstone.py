"""Tombstones: what stays in a chain of a package that retention deleted. No I/O.

A tombstone holds the deleted package's place in its chain and the hash of its manifest, so its neighbours still fit;
it is signed, so that nobody without a key can make a missing package look deleted.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evidence import canonical
from evidence.encoding import from_ns
from evidence.errors import AlgorithmUnavailable, ManifestError
from evidence.manifest import ChainPlace
from evidence.problems import Problem, ProblemCode
from evidence.registry import KeyRegistry
from evidence.signing import SignatureEntry, Signer, pre_authentication_encoding, sign
from evidence.text import Identifier, Nanoseconds, Part, Sha256, Text

TOMBSTONE_TYPE: Final = "application/vnd.streetwarden.tombstone+json;version=1"
MAX_TOMBSTONE_BYTES: Final = 64 * 1024


class Tombstone(Part):
    """Which package was deleted, by which rule of which policy, when (UTC nanoseconds) and by whom."""

    package_id: Identifier
    camera_id: Text
    manifest_sha256: Sha256
    chain: ChainPlace
    sealed_at_ns: Nanoseconds
    retention_class: Identifier
    policy: Text
    rule: Text
    deleted_at_ns: Nanoseconds
    deleted_by: Text

    def to_bytes(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), "tombstone")

    @property
    def told(self) -> str:
        """One line for people."""
        day = from_ns(self.deleted_at_ns).date().isoformat()
        return f"deleted on {day} by retention policy {self.policy!r}, {self.rule}"


class TombstoneFile(BaseModel):
    """A tombstone with its signature."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    schema_version: Annotated[Literal["streetwarden.tombstone/1"], Field(alias="schema")] = "streetwarden.tombstone/1"
    tombstone: Tombstone
    signatures: Annotated[tuple[SignatureEntry, ...], Field(min_length=1, max_length=1)]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), "tombstone")


def seal_tombstone(tombstone: Tombstone, signer: Signer) -> bytes:
    """The bytes of a tombstone's file; OSError when the signing key cannot be had just now."""
    entry = sign(tombstone.to_bytes(), TOMBSTONE_TYPE, signer)
    return TombstoneFile(tombstone=tombstone, signatures=(entry,)).to_bytes()


def parse_tombstone(data: bytes, where: str) -> TombstoneFile:
    """Read a tombstone's file; ManifestError (`tombstone_invalid` or a JSON code) when it is none."""
    if len(data) > MAX_TOMBSTONE_BYTES:
        raise ManifestError(ProblemCode.TOMBSTONE_INVALID, where, f"more than {MAX_TOMBSTONE_BYTES} bytes")
    canonical.decode(data, where)
    try:
        file = TombstoneFile.model_validate_json(data)
        _ = file.signatures[0].raw
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ManifestError(ProblemCode.TOMBSTONE_INVALID, f"{where}#{field}", first["msg"]) from error
    except ValueError as error:
        raise ManifestError(ProblemCode.TOMBSTONE_INVALID, f"{where}#signatures", str(error)) from error
    if file.to_bytes() != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, where, "does not spell its fields as prescribed")
    return file


def signature_problem(file: TombstoneFile, registry: KeyRegistry, where: str) -> Problem | None:
    """Why the tombstone's signature does not count, or None."""
    signature = file.signatures[0]
    key = registry.get(signature.key_id)
    if key is None:
        return Problem(ProblemCode.TOMBSTONE_UNSIGNED, where, f"the registry has no key {signature.key_id}")
    try:
        holds = key.algorithm == signature.algorithm and key.verifies(
            signature.raw, pre_authentication_encoding(file.tombstone.to_bytes(), TOMBSTONE_TYPE)
        )
    except AlgorithmUnavailable as error:
        return Problem(ProblemCode.ALGORITHM_UNAVAILABLE, where, str(error))
    if not holds:
        return Problem(ProblemCode.TOMBSTONE_UNSIGNED, where, f"is not what key {key.key_id} signed")
    refused = key.problem_at(file.tombstone.deleted_at_ns)
    return None if refused is None else Problem(ProblemCode.TOMBSTONE_UNSIGNED, where, refused.detail)
