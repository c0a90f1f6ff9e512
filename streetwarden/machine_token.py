"""The token by which a machine shows the API who it is."""

from __future__ import annotations

from pathlib import Path

from streetwarden.errors import UsageError
from streetwarden.settings import Settings


def read_token(file: Path | None, settings: Settings) -> str:
    """The machine token, from the file or from the environment. Raises UsageError when there is none."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"--token-file {file}: {error.strerror}") from None
    if settings.token is None:
        raise UsageError("a worker needs a machine token: set STREETWARDEN_TOKEN or --token-file (see `token --help`)")
    return settings.token.get_secret_value()
