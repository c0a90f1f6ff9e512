"""Settings of the case service: arguments, then `STREETWARDEN_API_*` variables, then the defaults below."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.addresses import check_algorithms, check_broker_url, check_provider, check_roles_map
from api.alarms.limits import AlarmLimits
from evidence.registry import TimestampAuthority

MIB = 1024 * 1024


class ApiSettings(BaseSettings):
    """Everything that one case service needs to know; nothing is read from anywhere else."""

    model_config = SettingsConfigDict(
        env_prefix="STREETWARDEN_API_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

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

    public_url: str = Field(
        default="", title="Address", description="How browsers reach this service, such as https://office.example."
    )
    mqtt_url: str = Field(
        default="", title="MQTT broker", description="mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; empty: none is told."
    )
    mqtt_username: str | None = Field(default=None, description="Who the service is to the broker.")
    mqtt_password_file: Path | None = Field(default=None, description="A file that holds the broker's password.")
    mqtt_ca_file: Path | None = Field(
        default=None, description="Certificates that the broker's is checked against, instead of the system's."
    )
    mqtt_topic: str = Field(default="streetwarden/events", description="The first part of every topic.")
    mqtt_client_id: str = Field(default="streetwarden", description="One for each service at a broker.")
    mqtt_actions: tuple[str, ...] = Field(default=(), description="Events wanted, such as case.confirm; none: all.")
    oidc_issuer: str = Field(
        default="", title="OpenID provider", description="The provider's issuer; empty: people sign in with passwords."
    )
    oidc_client_id: str = Field(default="", description="What the provider calls this service.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="A file that holds the client's secret; without one the client is public (PKCE)."
    )
    oidc_name: str = Field(default="", max_length=60, description="What the sign-in page calls the provider.")
    oidc_scopes: str = Field(default="openid profile", description="What is asked for.")
    oidc_algorithms: tuple[str, ...] = Field(default=("RS256", "ES256", "EdDSA"), description="Signatures that count.")
    oidc_roles_claim: str = Field(
        default="", description="Where the ID token names groups, such as realm_access.roles; empty: roles stay ours."
    )
    oidc_roles: dict[str, str] = Field(default={}, description="A group of the provider -> a role of ours.")
    oidc_create_users: bool = Field(
        default=False, description="Let in somebody unknown whose groups give a role; they are added at once."
    )

    timestamp_authorities: tuple[TimestampAuthority, ...] = Field(
        default=(), title="Time-stamp authorities", description="Whose time stamps count; published with the keys."
    )

    alarm_limits: AlarmLimits = Field(
        default_factory=AlarmLimits, title="Alarms", description="From when on something is an alarm, as JSON."
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

    @model_validator(mode="after")
    def _check_others(self) -> Self:
        """Refuse addresses of a broker or a provider that cannot be meant."""
        check_broker_url(self.mqtt_url)
        if self.oidc_issuer:
            check_provider(self.oidc_issuer, self.oidc_client_id, self.public_url)
        check_roles_map(self.oidc_roles)
        check_algorithms(self.oidc_algorithms)
        return self

    @property
    def secret_path(self) -> Path:
        """Where the secret lies."""
        return self.secret_file or self.data_dir / "secret.key"
