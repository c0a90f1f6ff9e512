"""Settings of the case service: arguments, then `STREETWARDEN_API_*` variables, then the defaults below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from evidence.registry import TimestampAuthority

MIB = 1024 * 1024


class ApiSettings(BaseSettings):
    """Everything that one case service needs to know; nothing is read from anywhere else."""

    model_config = SettingsConfigDict(env_prefix="STREETWARDEN_API_", frozen=True, extra="forbid")

    data_dir: Path = Field(title="Data folder", description="Packages, quarantine and, by default, the database.")
    database_url: str = Field(
        default="",
        title="Database",
        description="sqlite:///PATH or postgresql+psycopg://...; empty means SQLite in the data folder.",
    )
    secret_file: Path | None = Field(
        default=None,
        title="Secret file",
        description="Key that encrypts camera addresses at rest; made with owner-only rights when missing.",
    )
    office_name: str = Field(default="Streetwarden", max_length=80, title="Office", description="Shown on the pages.")
    max_package_bytes: int = Field(default=64 * MIB, gt=0, description="Largest package accepted.")
    max_body_bytes: int = Field(default=MIB, gt=0, description="Largest body of every other request.")
    session_hours: float = Field(default=12.0, gt=0, description="A session ends this long after signing in.")
    session_idle_minutes: float = Field(default=120.0, gt=0, description="A session ends after this long unused.")
    cookie_secure: bool = Field(default=False, description="Send cookies over HTTPS only; set it behind a TLS proxy.")
    lockout_attempts: int = Field(default=5, gt=0, description="Wrong passwords in a row before a lock-out.")
    lockout_minutes: float = Field(default=15.0, gt=0, description="How long a lock-out lasts.")
    lock_seconds: float = Field(default=60.0, gt=0, description="A case is free again this long after its last sign.")
    continuing_gap_minutes: float = Field(
        default=15.0, ge=0, description="A violation seen again at its place within this time goes on: the same case."
    )
    continuing_open_hours: float = Field(
        default=6.0, ge=0, description="The same for one whose end nobody saw, as when a worker was started anew."
    )
    continuing_overlap: float = Field(
        default=0.5, gt=0, le=1, description="How far two boxes must overlap (IoU) to be the same subject."
    )
    undo_minutes: float = Field(default=10.0, gt=0, description="How long a reviewer may take back a decision.")
    heartbeat_timeout_s: float = Field(default=60.0, gt=0, description="A worker silent for longer is shown as lost.")

    timestamp_authorities: tuple[TimestampAuthority, ...] = Field(
        default=(), title="Time-stamp authorities", description="Whose time stamps count; published with the keys."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_places(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put the database and the secret into the data folder unless told otherwise."""
        if "data_dir" not in values:
            return values
        data_dir = Path(values["data_dir"]).expanduser().resolve()
        filled = {**values, "data_dir": data_dir}
        filled["database_url"] = values.get("database_url") or f"sqlite:///{data_dir / 'streetwarden.sqlite3'}"
        filled["secret_file"] = Path(values.get("secret_file") or data_dir / "secret.key")
        return filled

    @property
    def secret_path(self) -> Path:
        """Where the secret lies."""
        return self.secret_file or self.data_dir / "secret.key"
