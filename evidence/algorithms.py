"""The signature algorithms that a registry may name, and how each verifies."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from evidence import sm

ED25519: Final = "ed25519"
Algorithm = Literal["ed25519", "sm2-sm3"]
SIGNATURE_BYTES: Final[dict[str, tuple[int, int]]] = {ED25519: (64, 64), sm.SM2_SM3: (8, 72)}
"""Fewest and most bytes of a signature: Ed25519 has one length, a DER signature a few."""


def key_id_of(public_der: bytes) -> str:
    """Key ids name their key: the first 32 hex digits of the SHA-256 of the public key's DER form (X.509 SPKI)."""
    return hashlib.sha256(public_der).hexdigest()[:32]


def check_public_key(algorithm: Algorithm, public_der: bytes) -> None:
    """Raise ValueError when the DER bytes are no public key of that algorithm."""
    if algorithm == sm.SM2_SM3:
        sm.check_public(public_der)
    else:
        _ed25519(public_der)


def verifies(algorithm: Algorithm, public_der: bytes, signature: bytes, message: bytes) -> bool:
    """Whether that key made `signature` over `message`; AlgorithmUnavailable when a library is missing for it."""
    if algorithm == sm.SM2_SM3:
        return sm.verify(public_der, signature, message)
    try:
        _ed25519(public_der).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _ed25519(der: bytes) -> Ed25519PublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")  # noqa: TRY004 - pydantic turns ValueError into a finding
    return key
