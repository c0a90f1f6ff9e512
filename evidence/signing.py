"""Signatures and public keys: a DSSE-like envelope over type and manifest, Ed25519, and the key registry. No I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from evidence import canonical
from evidence.errors import KeyMaterialError, ManifestError
from evidence.problems import Problem, ProblemCode
from evidence.text import Identifier, Sha256, Text

SIGNATURE_FILE: Final = "signature.json"
PAYLOAD_TYPE: Final = "application/vnd.streetwarden.package+json;version=1"
ED25519: Final = "ed25519"


class Signer(Protocol):
    """Whoever holds a private key: a file today, a token tomorrow."""

    @property
    def key_id(self) -> str:
        """The id under which the registry knows the public key."""
        ...

    @property
    def algorithm(self) -> str:
        """The registry's name of the algorithm."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""
        ...


class Ed25519Signer:
    """Signs with an Ed25519 key in memory."""

    algorithm: Final = ED25519

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self._public_der = _der(private_key.public_key())

    @property
    def key_id(self) -> str:
        return key_id_of(self._public_der)

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)

    def entry(self, valid_from: datetime, owner: str) -> KeyEntry:
        """What the registry publishes of this key."""
        return KeyEntry(
            key_id=self.key_id,
            algorithm=ED25519,
            public_key=base64.b64encode(self._public_der).decode(),
            valid_from=valid_from,
            owner=owner,
        )


def key_id_of(public_der: bytes) -> str:
    """Key ids name their key: the first 32 hex digits of the SHA-256 of the public key's DER form (X.509 SPKI)."""
    return hashlib.sha256(public_der).hexdigest()[:32]


def _der(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class KeyEntry(BaseModel):
    """One public key: `public_key` is base64 of its DER form (X.509 SubjectPublicKeyInfo), times are RFC 3339.

    A key that was merely replaced is revoked as `superseded`: what it sealed before stays authentic. A `compromised`
    key authenticates nothing, because whoever has it can write any sealing time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_id: Identifier
    algorithm: Literal["ed25519"]
    public_key: Annotated[str, Field(max_length=4096)]
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    revocation_reason: Literal["superseded", "compromised"] | None = None
    owner: Text

    @model_validator(mode="after")
    def _key_fits_its_id(self) -> Self:
        if key_id_of(self.public_der) != self.key_id:
            raise ValueError("key_id does not belong to public_key")
        _load_public(self.public_der)
        return self

    @property
    def public_der(self) -> bytes:
        """The key's DER bytes; ValueError when `public_key` is not their base64."""
        return _strict_base64(self.public_key)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made `signature` over `message`."""
        try:
            _load_public(self.public_der).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def problem_at(self, sealed_at_ns: int) -> Problem | None:
        """Why the key may not have sealed at that time (UTC nanoseconds), or None."""
        where = f"{SIGNATURE_FILE}#{self.key_id}"
        if self.revoked_at is not None:
            if self.revocation_reason != "superseded":
                return Problem(ProblemCode.KEY_REVOKED, where, "the key is revoked as compromised")
            if sealed_at_ns >= _to_ns(self.revoked_at):
                return Problem(
                    ProblemCode.KEY_REVOKED, where, f"sealed after the key was replaced at {self.revoked_at}"
                )
        if sealed_at_ns < _to_ns(self.valid_from):
            return Problem(ProblemCode.KEY_NOT_YET_VALID, where, f"sealed before the key was valid ({self.valid_from})")
        if self.valid_until is not None and sealed_at_ns >= _to_ns(self.valid_until):
            return Problem(ProblemCode.KEY_EXPIRED, where, f"sealed after the key expired ({self.valid_until})")
        return None


class KeyRegistry(BaseModel):
    """The published list of public keys that may seal packages."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Annotated[Literal["streetwarden.keys/1"], Field(alias="schema")] = "streetwarden.keys/1"
    keys: Annotated[tuple[KeyEntry, ...], Field(max_length=10_000)] = ()

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
        return KeyRegistry(keys=(*others, entry))


class SignatureEntry(BaseModel):
    """One signature of the envelope."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    algorithm: Literal["ed25519"]
    key_id: Identifier
    sig: Annotated[str, Field(max_length=1024)]

    @property
    def raw(self) -> bytes:
        """The signature's bytes; ValueError when `sig` is not their one base64 form."""
        return _strict_base64(self.sig)


class Envelope(BaseModel):
    """`signature.json`: the payload itself is `manifest.json`, so only its type, hash and signature stand here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    schema_version: Annotated[Literal["streetwarden.signature/1"], Field(alias="schema")] = "streetwarden.signature/1"
    payload_type: Literal["application/vnd.streetwarden.package+json;version=1"] = PAYLOAD_TYPE
    payload_sha256: Sha256
    signatures: Annotated[tuple[SignatureEntry, ...], Field(min_length=1, max_length=1)]

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(self.model_dump(mode="json", by_alias=True), SIGNATURE_FILE)


def pre_authentication_encoding(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The bytes that are signed: DSSE v1 PAE, so that a signature never fits another type of document."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_manifest(manifest_bytes: bytes, signer: Signer) -> bytes:
    """The bytes of `signature.json` for these manifest bytes."""
    signature = signer.sign(pre_authentication_encoding(manifest_bytes))
    entry = SignatureEntry.model_validate(
        {"algorithm": signer.algorithm, "key_id": signer.key_id, "sig": base64.b64encode(signature).decode()}
    )
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    return Envelope(payload_sha256=digest, signatures=(entry,)).to_bytes()


def parse_envelope(data: bytes) -> Envelope:
    """Read `signature.json`; ManifestError (`signature_invalid` or a JSON code) when it is none."""
    canonical.decode(data, SIGNATURE_FILE)
    try:
        envelope = Envelope.model_validate_json(data)
        lengths = [len(entry.raw) for entry in envelope.signatures]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{SIGNATURE_FILE}#{'.'.join(str(part) for part in first['loc'])}"
        raise ManifestError(ProblemCode.SIGNATURE_INVALID, where, first["msg"]) from error
    except ValueError as error:
        raise ManifestError(ProblemCode.SIGNATURE_INVALID, f"{SIGNATURE_FILE}#sig", str(error)) from error
    if lengths != [64]:
        raise ManifestError(ProblemCode.SIGNATURE_INVALID, f"{SIGNATURE_FILE}#sig", f"{lengths[0]} bytes, expected 64")
    if envelope.to_bytes() != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, SIGNATURE_FILE, "does not spell its fields as prescribed")
    return envelope


def _strict_base64(text: str) -> bytes:
    """Bytes of the one padded base64 form that they have; ValueError for any other spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not the canonical base64 form")
    return raw


def _load_public(der: bytes) -> Ed25519PublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")  # noqa: TRY004 - pydantic turns ValueError into a finding
    return key


def _to_ns(moment: datetime) -> int:
    """UTC nanoseconds since the epoch, without the rounding of floats."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000
