"""Signatures: a DSSE-like envelope over a type and a document. No I/O."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evidence import canonical
from evidence.algorithms import ED25519, SIGNATURE_BYTES, Algorithm, key_id_of
from evidence.encoding import strict_base64
from evidence.errors import ManifestError
from evidence.problems import ProblemCode
from evidence.registry import KeyEntry, KeyRegistry
from evidence.text import Identifier, Sha256

__all__ = ["Ed25519Signer", "Envelope", "KeyEntry", "KeyRegistry", "SignatureEntry", "Signer", "key_id_of"]

SIGNATURE_FILE: Final = "signature.json"
PAYLOAD_TYPE: Final = "application/vnd.streetwarden.package+json;version=1"


class Signer(Protocol):
    """Whoever holds a private key: memory, a token, a hardware module.

    `sign` raises OSError when the key cannot be had just now: it will be asked again.
    """

    @property
    def algorithm(self) -> str:
        """The registry's name of the algorithm."""
        ...

    @property
    def public_der(self) -> bytes:
        """The public key as X.509 SubjectPublicKeyInfo."""
        ...

    @property
    def key_id(self) -> str:
        """The id under which the registry knows the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""
        ...

    def entry(self, valid_from: datetime, owner: str) -> KeyEntry:
        """What the registry publishes of this key."""
        ...


class Published:
    """What every signer tells of its public key."""

    algorithm: str

    @property
    def public_der(self) -> bytes:
        """The public key as X.509 SubjectPublicKeyInfo."""
        raise NotImplementedError

    @property
    def key_id(self) -> str:
        """The id under which the registry knows the public key."""
        return key_id_of(self.public_der)

    def entry(self, valid_from: datetime, owner: str) -> KeyEntry:
        """What the registry publishes of this key."""
        fields: dict[str, Any] = {
            "key_id": self.key_id,
            "algorithm": self.algorithm,
            "public_key": base64.b64encode(self.public_der).decode(),
            "valid_from": valid_from,
            "owner": owner,
        }
        return KeyEntry.model_validate(fields)


class Ed25519Signer(Published):
    """Signs with an Ed25519 key in memory."""

    algorithm = ED25519

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self._public_der = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_der(self) -> bytes:
        return self._public_der

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)


class SignatureEntry(BaseModel):
    """One signature of the envelope."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    algorithm: Algorithm
    key_id: Identifier
    sig: Annotated[str, Field(max_length=1024)]

    @property
    def raw(self) -> bytes:
        """The signature's bytes; ValueError when `sig` is not their one base64 form, or of another length."""
        data = strict_base64(self.sig)
        least, most = SIGNATURE_BYTES[self.algorithm]
        if not least <= len(data) <= most:
            raise ValueError(f"{len(data)} bytes, expected {least if least == most else f'{least} to {most}'}")
        return data


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


def sign(payload: bytes, payload_type: str, signer: Signer) -> SignatureEntry:
    """A signature over a document of that type; OSError when the key cannot be had just now."""
    signature = signer.sign(pre_authentication_encoding(payload, payload_type))
    fields = {"algorithm": signer.algorithm, "key_id": signer.key_id, "sig": base64.b64encode(signature).decode()}
    return SignatureEntry.model_validate(fields)


def sign_manifest(manifest_bytes: bytes, signer: Signer) -> bytes:
    """The bytes of `signature.json` for these manifest bytes; OSError when the key cannot be had just now."""
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    return Envelope(payload_sha256=digest, signatures=(sign(manifest_bytes, PAYLOAD_TYPE, signer),)).to_bytes()


def parse_envelope(data: bytes) -> Envelope:
    """Read `signature.json`; ManifestError (`signature_invalid` or a JSON code) when it is none."""
    canonical.decode(data, SIGNATURE_FILE)
    try:
        envelope = Envelope.model_validate_json(data)
        _ = [entry.raw for entry in envelope.signatures]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{SIGNATURE_FILE}#{'.'.join(str(part) for part in first['loc'])}"
        raise ManifestError(ProblemCode.SIGNATURE_INVALID, where, first["msg"]) from error
    except ValueError as error:
        raise ManifestError(ProblemCode.SIGNATURE_INVALID, f"{SIGNATURE_FILE}#sig", str(error)) from error
    if envelope.to_bytes() != data:
        raise ManifestError(ProblemCode.JSON_NOT_CANONICAL, SIGNATURE_FILE, "does not spell its fields as prescribed")
    return envelope
