"""A signer with an SM2 key in memory, and the PEM form in which OpenSSL reads and writes such keys."""

from __future__ import annotations

import base64
import secrets
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from evidence import sm
from evidence.errors import KeyMaterialError
from evidence.signing import Published

# PKCS#8 with the public key in it is fixed but for the numbers.
_PKCS8_PREFIX: Final = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_MIDDLE: Final = bytes.fromhex("a14403420004")
_PEM_LINES: Final = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")


class Sm2Signer(Published):
    """Signs with an SM2 key in memory; AlgorithmUnavailable without the extra."""

    algorithm = sm.SM2_SM3

    def __init__(self, secret: int) -> None:
        if not 1 <= secret < sm.N - 1:
            raise KeyMaterialError("an SM2 private key is a number from 1 to n-2")
        self._secret = secret
        self._point = bytes.fromhex(sm.engine(bytes(64), None)._kg(secret, f"{sm.GX:064x}{sm.GY:064x}"))  # noqa: SLF001

    @property
    def public_der(self) -> bytes:
        """The public key as X.509 SubjectPublicKeyInfo."""
        return sm.SPKI_PREFIX + self._point

    def sign(self, message: bytes) -> bytes:
        """The DER form of (r, s)."""
        engine, digest = sm.engine(self._point, self._secret), sm.digest(self._point, message)
        made = None
        while not made:
            made = engine.sign(digest, f"{1 + secrets.randbelow(sm.N - 1):064x}")
        return encode_dss_signature(int(made[:64], 16), int(made[64:], 16))

    def to_pem(self) -> bytes:
        """PKCS#8, not encrypted, as `openssl genpkey -algorithm SM2` writes it."""
        der = _PKCS8_PREFIX + self._secret.to_bytes(32) + _PKCS8_MIDDLE + self._point
        text = base64.b64encode(der).decode()
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        return "\n".join((_PEM_LINES[0], *lines, _PEM_LINES[1], "")).encode()

    @classmethod
    def generate(cls) -> Sm2Signer:
        """A new key."""
        return cls(1 + secrets.randbelow(sm.N - 2))

    @classmethod
    def from_pem(cls, pem: bytes) -> Sm2Signer:
        """Read what `to_pem` or OpenSSL wrote; ValueError when it is none."""
        lines = pem.decode("ascii", errors="strict").split("\n")
        if tuple(line for line in lines if line.startswith("-----")) != _PEM_LINES:
            raise ValueError("not a PEM private key")
        der = base64.b64decode("".join(line.strip() for line in lines if not line.startswith("-----")), validate=True)
        secret = der[len(_PKCS8_PREFIX) : len(_PKCS8_PREFIX) + 32]
        if not der.startswith(_PKCS8_PREFIX) or len(secret) != 32:
            raise ValueError("not an SM2 private key")
        return cls(int.from_bytes(secret))
