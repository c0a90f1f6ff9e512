"""SM2 signatures over SM3 digests (GB/T 32918.2, GB/T 35276), as `openssl dgst -sm3 -sigopt distid:...` makes them.

`gmssl`, the extra `sm`, does the arithmetic of the curve. What it leaves to its caller is done here: secure random
numbers, keys whose first byte looks like a prefix, the range of a signature's numbers, one DER form.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from evidence.errors import AlgorithmUnavailable

SM2_SM3: Final = "sm2-sm3"
DISTINGUISHING_ID: Final = b"1234567812345678"

# GB/T 32918.5: the curve.
_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

# DER is fixed but for the numbers: X.509 SubjectPublicKeyInfo.
SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


def sm3(data: bytes) -> bytes:
    """The SM3 digest (GB/T 32905), 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def check_public(der: bytes) -> bytes:
    """The 64 bytes of an SM2 public key's point; ValueError when `der` is none, or its point not on the curve."""
    point = der[len(SPKI_PREFIX) :]
    if not der.startswith(SPKI_PREFIX) or len(point) != 64:
        raise ValueError("not an SM2 public key")
    x, y = int.from_bytes(point[:32]), int.from_bytes(point[32:])
    if x >= _P or y >= _P or (y * y - (x * x * x + _A * x + _B)) % _P:
        raise ValueError("not a point of the SM2 curve")
    return point


def verify(public_der: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the key made this DER signature; ValueError for a bad key, AlgorithmUnavailable without the extra."""
    point = check_public(public_der)
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    if not (1 <= r < N and 1 <= s < N) or encode_dss_signature(r, s) != signature:
        return False
    return bool(engine(point, None).verify(f"{r:064x}{s:064x}", digest(point, message)))


def digest(point: bytes, message: bytes) -> bytes:
    """SM3 over the signer's identity, the curve, the key and the message (GB/T 32918.2, 5.5 and 6.1)."""
    numbers = b"".join(number.to_bytes(32) for number in (_A, _B, GX, GY))
    bits = (len(DISTINGUISHING_ID) * 8).to_bytes(2)
    return sm3(sm3(bits + DISTINGUISHING_ID + numbers + point) + message)


def engine(point: bytes, secret: int | None) -> Any:
    """The arithmetic of the curve for one key (`point` has 64 bytes); AlgorithmUnavailable without the extra."""
    made = _library().CryptSM2(private_key="" if secret is None else f"{secret:064x}", public_key="")
    # Not by the constructor: it strips every leading 0 and 4 of a key that begins with 04.
    made.public_key = point.hex()
    return made


def _library() -> ModuleType:
    try:
        from gmssl import sm2  # noqa: PLC0415 - an extra: loaded when somebody uses it
    except ImportError as error:
        raise AlgorithmUnavailable("SM2 needs the extra `sm`: pip install 'streetwarden[sm]'") from error
    return sm2  # type: ignore[no-any-return]
