"""Key files and registry files: private keys readable by their owner only, both written whole or not at all."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence.disk import Disk, replace_file
from evidence.errors import KeyMaterialError
from evidence.signing import Ed25519Signer, KeyEntry, KeyRegistry
from streams.clock import Clock

MAX_REGISTRY_BYTES = 16 * 1024 * 1024
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Keys:
    """A machine's own signer, and the registry file that publishes its key."""

    signer: Ed25519Signer
    registry: KeyRegistry
    registry_path: Path

    @property
    def entry(self) -> KeyEntry:
        """The published entry of the signer's key."""
        entry = self.registry.get(self.signer.key_id)
        if entry is None:
            raise KeyMaterialError(f"{self.registry_path}: has no key {self.signer.key_id}")
        return entry


def open_keys(folder: Path, clock: Clock, owner: str = "", disk: Disk | None = None) -> Keys:
    """The signer at `folder/signing.pem` and the registry `folder/registry.json`; both are made at first use.

    Raises KeyMaterialError (one line) for files that hold something else, and OSError when the disk fails.
    """
    disk = disk or Disk()
    signer = load_or_create_signer(folder / "signing.pem", disk)
    path = folder / "registry.json"
    registry = load_registry(path) if path.exists() else KeyRegistry()
    if registry.get(signer.key_id) is None:
        born = datetime.fromtimestamp(clock.wall_ns() // 1_000_000_000, UTC)
        registry = registry.with_key(signer.entry(born, owner))
        save_registry(registry, path, disk)
    return Keys(signer, registry, path)


def load_or_create_signer(path: Path, disk: Disk | None = None) -> Ed25519Signer:
    """The Ed25519 key of a PKCS#8 PEM file; a missing file is made, with owner-only permission.

    Raises KeyMaterialError when the file is no such key or others may read it.
    """
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(disk or Disk(), path, pem, _PRIVATE)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyMaterialError(f"{path}: others may read this private key (mode {mode:o}): chmod 600 it")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyMaterialError(f"{path}: not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMaterialError(f"{path}: not an Ed25519 key")
    return Ed25519Signer(key)


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
