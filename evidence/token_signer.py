"""A signer whose Ed25519 key never leaves a token or a hardware module (PKCS#11, the extra `pkcs11`)."""

from __future__ import annotations

import contextlib
import stat
import threading
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field

from evidence.algorithms import ED25519
from evidence.errors import AlgorithmUnavailable, KeyMaterialError, SigningKeyAway
from evidence.signing import Published

# The OID of Ed25519 (RFC 8410), as CKA_EC_PARAMS wants it.
_ED25519_PARAMETERS: Final = bytes.fromhex("06032b6570")


class TokenConfig(BaseModel):
    """Which key of which token: the module's library, the labels, and a file with the PIN that only its owner reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: Path = Field(description="PKCS#11 library, such as /usr/lib/softhsm/libsofthsm2.so")
    token_label: Annotated[str, Field(min_length=1, max_length=32)]
    key_label: Annotated[str, Field(min_length=1, max_length=64)] = "streetwarden"
    pin_file: Path


class TokenSigner(Published):
    """Signs inside the token; a key of that label is made there at first use. Thread-safe; one a process and token.

    Raises KeyMaterialError (one line) when the token, the PIN or the key cannot be used. Later `sign` raises
    SigningKeyAway, an OSError, while the token does not answer; a refused PIN is not tried again, or it would lock.
    """

    algorithm = ED25519

    def __init__(self, config: TokenConfig) -> None:
        self._config = config
        self._pkcs11 = _library()
        self._lock = threading.Lock()
        self._session: Any = None
        self._refused = False
        try:
            self._private, public = self._open()
        except (self._pkcs11.PKCS11Error, RuntimeError) as error:
            raise KeyMaterialError(f"{config.module}: token {config.token_label}: {_said(error)}") from error
        self._public_der = public

    @property
    def public_der(self) -> bytes:
        return self._public_der

    def sign(self, message: bytes) -> bytes:
        with self._lock:
            try:
                if self._session is None:
                    self._reopen()
                return bytes(self._private.sign(message, mechanism=self._pkcs11.Mechanism.EDDSA))
            except (self._pkcs11.PKCS11Error, RuntimeError) as error:
                self._drop()
                self._refused = self._refused or isinstance(error, self._pkcs11.PinIncorrect)
                raise SigningKeyAway(f"token {self._config.token_label} does not sign: {_said(error)}") from error

    def close(self) -> None:
        """Log out of the token."""
        with self._lock:
            self._drop()

    def _open(self) -> tuple[Any, bytes]:
        """Log in; the private key, and the public one as DER."""
        library = self._pkcs11.lib(str(self._config.module))
        token = library.get_token(token_label=self._config.token_label)
        self._session = token.open(rw=True, user_pin=_read_pin(self._config.pin_file))
        try:
            private = self._find(self._pkcs11.ObjectClass.PRIVATE_KEY)
        except self._pkcs11.NoSuchKey:
            self._generate()
            private = self._find(self._pkcs11.ObjectClass.PRIVATE_KEY)
        point = self._find(self._pkcs11.ObjectClass.PUBLIC_KEY)[self._pkcs11.Attribute.EC_POINT]
        # A DER octet string by the standard, the bare 32 bytes in some modules.
        return private, _der_of(bytes(point)[-32:])

    def _find(self, kind: Any) -> Any:
        return self._session.get_key(
            object_class=kind, key_type=self._pkcs11.KeyType.EC_EDWARDS, label=self._config.key_label
        )

    def _generate(self) -> None:
        parameters = self._session.create_domain_parameters(
            self._pkcs11.KeyType.EC_EDWARDS, {self._pkcs11.Attribute.EC_PARAMS: _ED25519_PARAMETERS}, local=True
        )
        mechanism = self._pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
        parameters.generate_keypair(mechanism=mechanism, store=True, label=self._config.key_label)

    def _reopen(self) -> None:
        if self._refused:
            raise RuntimeError("its PIN was refused: correct the PIN file and start again")
        self._private, public = self._open()
        if public != self._public_der:
            raise RuntimeError("it holds another key than before")

    def _drop(self) -> None:
        if self._session is not None:
            # A token that is away has no session left to end.
            with contextlib.suppress(self._pkcs11.PKCS11Error, RuntimeError):
                self._session.close()
            self._session = None


def _der_of(point: bytes) -> bytes:
    try:
        key = Ed25519PublicKey.from_public_bytes(point)
    except ValueError as error:
        raise RuntimeError(f"its public key is no Ed25519 key: {error}") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read_pin(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyMaterialError(f"{path}: others may read this PIN: chmod 600 it")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyMaterialError(f"{path}: cannot read the PIN: {error}") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _library() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415 - an extra: loaded when somebody uses it
    except ImportError as error:
        raise AlgorithmUnavailable("a token needs the extra `pkcs11`: pip install 'streetwarden[pkcs11]'") from error
    return pkcs11
