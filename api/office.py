"""The environment that every part of the service is handed: settings, database, store, cipher, clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from api.db.engine import Database
from api.db.memo import Memo
from api.errors import SetupError
from api.files import sync_folder, write_durably
from api.packages.looks import Looks
from api.packages.store import PackageStore
from api.settings import ApiSettings


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


class Cipher:
    """Encrypts short texts at rest."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def encrypt(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def decrypt(self, blob: bytes) -> str:
        """Give the text back; raise `SetupError` when it was written with another secret."""
        try:
            return self._fernet.decrypt(blob).decode()
        except InvalidToken as error:
            raise SetupError("a stored secret was written with another secret file: restore that file") from error


@dataclass(frozen=True, slots=True)
class Office:
    """One case service's parts; made once by `open_office`, closed once."""

    settings: ApiSettings
    database: Database
    store: PackageStore
    cipher: Cipher
    now: Callable[[], datetime]
    looks: Looks = field(default_factory=Looks)
    # Counts that many people ask for at once.
    counted: Memo = field(default_factory=lambda: Memo(most=100))

    def close(self) -> None:
        self.database.close()


def open_office(settings: ApiSettings, now: Callable[[], datetime] = utc_now) -> Office:
    """Open all parts; raise `SetupError` when a folder, the secret or the database cannot be used."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        cipher = Cipher(load_secret(settings.secret_path))
        store = PackageStore(settings.data_dir)
    except OSError as error:
        raise SetupError(f"the data folder {settings.data_dir} cannot be used: {error.strerror}") from error
    return Office(settings, Database(settings.database_url), store, cipher, now)


def load_secret(path: Path) -> bytes:
    """Read the secret, making it (owner only) when there is none; two processes agree on one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        write_durably(fresh, Fernet.generate_key(), mode=0o600)
        try:
            # A link, unlike a rename, never replaces the secret that another process has just made.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        sync_folder(path.parent)
    key = path.read_bytes().strip()
    try:
        Fernet(key)
    except ValueError as error:
        raise SetupError(f"{path} is not a secret file: restore it, or move it away to make a new one") from error
    return key
