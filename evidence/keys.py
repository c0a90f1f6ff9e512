"""Key files and registry files: private keys readable by their owner only, both written whole or not at all.

A rotation writes the next key beside the present one, then the registry in which it follows, then puts it in its
place: a process that dies on the way finds at its next start which of the two the registry knows.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, ConfigDict, Field

from evidence.algorithms import ED25519, Algorithm
from evidence.disk import Disk, replace_file
from evidence.encoding import from_ns
from evidence.errors import KeyMaterialError
from evidence.registry import KeyEntry, KeyRegistry, TimestampAuthority
from evidence.signing import Ed25519Signer, Signer
from evidence.sm import SM2_SM3
from evidence.sm_signer import Sm2Signer
from evidence.token_signer import TokenConfig, TokenSigner
from streams.clock import Clock

MAX_REGISTRY_BYTES: Final = 16 * 1024 * 1024
_PRIVATE: Final = 0o600
_KEY_FILES: Final[dict[str, str]] = {ED25519: "signing.pem", SM2_SM3: "signing-sm2.pem"}


class KeySource(BaseModel):
    """Where the signing key comes from: a file of that algorithm, or a token; `valid_days`: a new key holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: Algorithm = "ed25519"
    token: TokenConfig | None = None
    valid_days: int | None = Field(None, ge=1)


@dataclass(frozen=True, slots=True)
class Keys:
    """A machine's own signer, and the registry file that publishes its key."""

    signer: Signer
    registry: KeyRegistry
    registry_path: Path

    @property
    def entry(self) -> KeyEntry:
        """The published entry of the signer's key."""
        entry = self.registry.get(self.signer.key_id)
        if entry is None:
            raise KeyMaterialError(f"{self.registry_path}: has no key {self.signer.key_id}")
        return entry


def open_keys(
    folder: Path, clock: Clock, owner: str = "", disk: Disk | None = None, source: KeySource | None = None
) -> Keys:
    """The signer and the registry `folder/registry.json`; both are made at first use, an expired key is rotated.

    Raises KeyMaterialError (one line) for files that hold something else or a token that cannot be used, and OSError
    when the disk fails.
    """
    disk, source = disk or Disk(), source or KeySource()
    path = folder / "registry.json"
    registry = load_registry(path) if path.exists() else KeyRegistry()
    if source.token is not None:
        return _published(TokenSigner(source.token), registry, path, _Birth(clock, owner, source), disk)
    _finish_rotation(folder, registry, source.algorithm, disk)
    signer = load_or_create_signer(folder / _KEY_FILES[source.algorithm], disk, source.algorithm)
    keys = _published(signer, registry, path, _Birth(clock, owner, source), disk)
    return rotate(folder, clock, owner, disk, source) if _is_over(keys.entry, clock) else keys


def rotate(
    folder: Path, clock: Clock, owner: str = "", disk: Disk | None = None, source: KeySource | None = None
) -> Keys:
    """Replace the key in the file by a new one; the old one is revoked as superseded, what it sealed stays authentic.

    A process that holds the old signer must be started again. Raises as `open_keys` does.
    """
    disk, source = disk or Disk(), source or KeySource()
    if source.token is not None:
        raise KeyMaterialError("a token's key is rotated by another key_label in the configuration")
    key_file = folder / _KEY_FILES[source.algorithm]
    old = load_or_create_signer(key_file, disk, source.algorithm)
    registry = load_registry(folder / "registry.json")
    disk.remove(_next_to(key_file))
    new = load_or_create_signer(_next_to(key_file), disk, source.algorithm)
    birth = _Birth(clock, owner, source)
    ended = registry.get(old.key_id)
    if ended is not None and ended.revoked_at is None:
        change = {"revoked_at": birth.now, "revocation_reason": "superseded"}
        registry = registry.with_key(ended.model_copy(update=change))
    registry = registry.with_key(birth.entry_of(new))
    save_registry(registry, folder / "registry.json", disk)
    disk.rename(_next_to(key_file), key_file)
    disk.sync_folder(folder)
    return Keys(new, registry, folder / "registry.json")


def publish_authority(keys: Keys, authority: TimestampAuthority, disk: Disk | None = None) -> Keys:
    """Put a time-stamp authority into the published registry; OSError when the disk fails."""
    if authority in keys.registry.timestamp_authorities:
        return keys
    registry = keys.registry.with_authority(authority)
    save_registry(registry, keys.registry_path, disk)
    return Keys(keys.signer, registry, keys.registry_path)


@dataclass(frozen=True, slots=True)
class _Birth:
    """When a key is published, for whom, and for how long."""

    clock: Clock
    owner: str
    source: KeySource

    @property
    def now(self) -> datetime:
        return from_ns(self.clock.wall_ns() // 1_000_000_000 * 1_000_000_000)

    def entry_of(self, signer: Signer) -> KeyEntry:
        entry = signer.entry(self.now, self.owner)
        if self.source.valid_days is None:
            return entry
        return entry.model_copy(update={"valid_until": self.now + timedelta(days=self.source.valid_days)})


def _published(signer: Signer, registry: KeyRegistry, path: Path, birth: _Birth, disk: Disk) -> Keys:
    if registry.get(signer.key_id) is None:
        registry = registry.with_key(birth.entry_of(signer))
        save_registry(registry, path, disk)
    return Keys(signer, registry, path)


def _is_over(entry: KeyEntry, clock: Clock) -> bool:
    return entry.revoked_at is not None or (
        entry.valid_until is not None and from_ns(clock.wall_ns()) >= entry.valid_until
    )


def _next_to(key_file: Path) -> Path:
    return key_file.with_suffix(".next.pem")


def _finish_rotation(folder: Path, registry: KeyRegistry, algorithm: Algorithm, disk: Disk) -> None:
    """What a rotation left when its process died: the next key counts only if the registry names it."""
    key_file = folder / _KEY_FILES[algorithm]
    left = _next_to(key_file)
    if not left.exists():
        return
    if registry.get(load_or_create_signer(left, disk, algorithm).key_id) is None:
        disk.remove(left)
    else:
        disk.rename(left, key_file)
    disk.sync_folder(folder)


def load_or_create_signer(
    path: Path, disk: Disk | None = None, algorithm: Algorithm = "ed25519"
) -> Ed25519Signer | Sm2Signer:
    """The key of a PKCS#8 PEM file; a missing file is made, with owner-only permission.

    Raises KeyMaterialError when the file is no such key, another user owns it, or others may read it.
    """
    if not path.exists():
        replace_file(disk or Disk(), path, _new_pem(algorithm), _PRIVATE)
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyMaterialError(f"{path}: others may read this private key (mode {mode:o}): chmod 600 it")
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyMaterialError(f"{path}: another user owns this private key: chown it")
    return _read_sm2(path) if algorithm == SM2_SM3 else _read_ed25519(path)


def _new_pem(algorithm: Algorithm) -> bytes:
    if algorithm == SM2_SM3:
        return Sm2Signer.generate().to_pem()
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read_ed25519(path: Path) -> Ed25519Signer:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyMaterialError(f"{path}: not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMaterialError(f"{path}: not an Ed25519 key")
    return Ed25519Signer(key)


def _read_sm2(path: Path) -> Sm2Signer:
    try:
        return Sm2Signer.from_pem(path.read_bytes())
    except ValueError as error:
        raise KeyMaterialError(f"{path}: not an unencrypted PEM private key of SM2: {error}") from error


def load_registry(path: Path) -> KeyRegistry:
    """Read a registry file; KeyMaterialError, one line, when it is missing or none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REGISTRY_BYTES + 1)
    except OSError as error:
        raise KeyMaterialError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_REGISTRY_BYTES:
        raise KeyMaterialError(f"{path}: more than {MAX_REGISTRY_BYTES} bytes")
    return KeyRegistry.from_bytes(data, str(path))


def save_registry(registry: KeyRegistry, path: Path, disk: Disk | None = None) -> None:
    """Write a registry file, whole or not at all."""
    replace_file(disk or Disk(), path, registry.to_bytes())
