"""The published registry: public keys with their validity and revocation, and the trusted time-stamp authorities."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from cryptography import x509
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from evidence.algorithms import Algorithm, check_public_key, key_id_of, verifies
from evidence.encoding import strict_base64, to_ns
from evidence.errors import KeyMaterialError
from evidence.problems import Problem, ProblemCode
from evidence.text import Identifier, Text

_WHERE: Final = "signature.json"
SchemaName = Literal["streetwarden.keys/1", "streetwarden.keys/2"]


class KeyEntry(BaseModel):
    """One public key: `public_key` is base64 of its DER form (X.509 SubjectPublicKeyInfo), times are RFC 3339.

    A key that was merely replaced is revoked as `superseded`: what it sealed before stays authentic. A `compromised`
    key's holder can write any sealing time, so it authenticates only what a trusted time stamp proves to be older
    than `compromised_from`; without that time, nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_id: Identifier
    algorithm: Algorithm
    public_key: Annotated[str, Field(max_length=4096)]
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    revocation_reason: Literal["superseded", "compromised"] | None = None
    compromised_from: AwareDatetime | None = None
    owner: Text

    @model_validator(mode="after")
    def _key_fits_its_id(self) -> Self:
        if key_id_of(self.public_der) != self.key_id:
            raise ValueError("key_id does not belong to public_key")
        check_public_key(self.algorithm, self.public_der)
        if self.compromised_from is not None and self.revocation_reason != "compromised":
            raise ValueError("compromised_from belongs to a key that is revoked as compromised")
        return self

    @property
    def public_der(self) -> bytes:
        """The key's DER bytes; ValueError when `public_key` is not their base64."""
        return strict_base64(self.public_key)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made `signature` over `message`; AlgorithmUnavailable when a library is missing for it."""
        return verifies(self.algorithm, self.public_der, signature, message)

    def problem_at(self, sealed_at_ns: int, proven_at_ns: int | None = None) -> Problem | None:
        """Why the key may not have sealed then, or None.

        Both times are UTC nanoseconds: `sealed_at_ns` is what the sealer wrote, `proven_at_ns` a time at which the
        signature was there already as a trusted authority says.
        """
        where = f"{_WHERE}#{self.key_id}"
        if self.revoked_at is not None:
            why = self._revoked_then(self.revoked_at, sealed_at_ns, proven_at_ns)
            if why is not None:
                return Problem(ProblemCode.KEY_REVOKED, where, why)
        if sealed_at_ns < to_ns(self.valid_from):
            return Problem(ProblemCode.KEY_NOT_YET_VALID, where, f"sealed before the key was valid ({self.valid_from})")
        if self.valid_until is not None and sealed_at_ns >= to_ns(self.valid_until):
            return Problem(ProblemCode.KEY_EXPIRED, where, f"sealed after the key expired ({self.valid_until})")
        return None

    def _revoked_then(self, revoked_at: datetime, sealed_at_ns: int, proven_at_ns: int | None) -> str | None:
        if self.revocation_reason == "superseded":
            return f"sealed after the key was replaced at {revoked_at}" if sealed_at_ns >= to_ns(revoked_at) else None
        if self.compromised_from is None:
            return "the key is revoked as compromised"
        if max(sealed_at_ns, proven_at_ns or 0) >= to_ns(self.compromised_from):
            return f"the key is compromised from {self.compromised_from} on"
        if proven_at_ns is None:
            return f"compromised from {self.compromised_from} on, and no time stamp proves that this was sealed before"
        return None


class TimestampAuthority(BaseModel):
    """A time-stamp authority (RFC 3161) whose tokens count: `certificate` is base64 of its DER root certificate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    certificate: Annotated[str, Field(max_length=16_384)]

    @model_validator(mode="after")
    def _is_a_certificate(self) -> Self:
        try:
            self.load()
        except (ValueError, TypeError) as error:
            raise ValueError(f"not a certificate: {error}") from error
        return self

    def load(self) -> x509.Certificate:
        """The certificate; ValueError when it is none."""
        return x509.load_der_x509_certificate(strict_base64(self.certificate))


class KeyRegistry(BaseModel):
    """The published list of public keys that may seal packages, and of the authorities that may stamp them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Annotated[SchemaName, Field(alias="schema")] = "streetwarden.keys/2"
    keys: Annotated[tuple[KeyEntry, ...], Field(max_length=10_000)] = ()
    timestamp_authorities: Annotated[tuple[TimestampAuthority, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [entry.key_id for entry in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("a key_id stands twice")
        return self

    @classmethod
    def from_bytes(cls, data: bytes, where: str = "key registry") -> KeyRegistry:
        """Read a registry's JSON; KeyMaterialError, one line, when it is none."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise KeyMaterialError(f"{where}: {field}: {first['msg']}") from error

    def to_bytes(self) -> bytes:
        """The registry as indented JSON."""
        return self.model_dump_json(by_alias=True, indent=2).encode() + b"\n"

    def get(self, key_id: str) -> KeyEntry | None:
        """The key of that id."""
        return next((entry for entry in self.keys if entry.key_id == key_id), None)

    def with_key(self, entry: KeyEntry) -> KeyRegistry:
        """A registry in which `entry` stands, instead of an older one of the same id."""
        others = tuple(known for known in self.keys if known.key_id != entry.key_id)
        return self.model_copy(update={"keys": (*others, entry), "schema_version": "streetwarden.keys/2"})

    def with_authority(self, authority: TimestampAuthority) -> KeyRegistry:
        """A registry in which this time-stamp authority counts."""
        others = tuple(known for known in self.timestamp_authorities if known != authority)
        return self.model_copy(
            update={"timestamp_authorities": (*others, authority), "schema_version": "streetwarden.keys/2"}
        )
