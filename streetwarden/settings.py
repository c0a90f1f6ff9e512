"""Settings of one process: environment variables `STREETWARDEN_*`, read once by the command line and passed on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from streetwarden.errors import UsageError

TRACKS = "tracks"
"""Name of the folder of tracks in the folder of a worker."""


def _default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("streetwarden", appauthor=False))


class Settings(BaseSettings):
    """What a machine decides for itself; cameras and zones are not here, they come from the API or a file."""

    model_config = SettingsConfigDict(env_prefix="STREETWARDEN_", frozen=True)

    data_dir: Annotated[
        Path, Field(title="Data folder", description="Keys, packages, the SQLite file and the worker's state.")
    ] = Field(default_factory=_default_data_dir)
    model: Annotated[
        str, Field(title="Detection model", description="A name of the catalogue or the path of an ONNX file.")
    ] = "street"
    shadow: Annotated[
        str | None,
        Field(title="Candidate model", description="Runs beside the live one on some pictures and files no case."),
    ] = None
    backend: Annotated[
        str, Field(title="Inference backend", description="auto, or one by name: see docs/guide/backends.md.")
    ] = "auto"
    threads: Annotated[
        int | None, Field(ge=1, title="Threads of one inference", description="1 if unset: a lane a core is fastest.")
    ] = None
    lanes: Annotated[
        int | None, Field(ge=1, le=64, title="Inference lanes", description="As many as fit on the cores if unset.")
    ] = None
    batch: Annotated[
        int | None,
        Field(ge=1, le=64, title="Pictures in one inference", description="1 on a CPU if unset, 8 on a GPU."),
    ] = None
    decoding: Annotated[
        str, Field(title="Video decoding", description="software, auto (a device if there is one), or cuda, vaapi ...")
    ] = "software"
    interval_seconds: Annotated[
        float | None,
        Field(gt=0, le=60, title="Look interval", description="Seconds between two looks; unset: as the rules ask."),
    ] = None
    canary_seconds: Annotated[
        float, Field(gt=0, title="Canary", description="Seconds between two looks at the known clip.")
    ] = 300.0
    evidence_file: Annotated[
        Path | None,
        Field(
            title="Evidence file", description="Keys, clocks, time stamps; evidence.yaml in the data folder if unset."
        ),
    ] = None
    track_days: Annotated[
        float, Field(gt=0, le=366, title="Days of tracks", description="For so long a change of zones can be replayed.")
    ] = 7.0
    track_mb: Annotated[
        int, Field(ge=1, title="Size of tracks", description="Megabytes of tracks of all cameras; the oldest go first.")
    ] = 8192
    token: Annotated[SecretStr | None, Field(title="Machine token", description="What a worker shows to the API.")] = (
        None
    )
    database_url: Annotated[
        str | None, Field(title="Database", description="SQLAlchemy URL; SQLite in the data folder if unset.")
    ] = None

    @property
    def tracks_dir(self) -> Path:
        """Where the worker of an API keeps what its judges saw, and the API on the same machine finds it."""
        return self.data_dir / "worker" / TRACKS

    @property
    def keys_dir(self) -> Path:
        """Where the signing key and the registry of public keys live."""
        return self.data_dir / "keys"


def settings_from(options: argparse.Namespace) -> Settings:
    """The environment's settings, with what the command line says instead. Raises UsageError."""
    said: dict[str, Any] = {
        "data_dir": getattr(options, "data", None),
        "model": getattr(options, "model", None),
        "shadow": getattr(options, "shadow", None),
        "backend": getattr(options, "backend", None),
        "threads": getattr(options, "threads", None),
        "lanes": getattr(options, "lanes", None),
        "interval_seconds": getattr(options, "interval", None),
        "database_url": getattr(options, "database_url", None),
    }
    try:
        return Settings(**{name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        raise UsageError(f"STREETWARDEN_{name.upper()}: {problem['msg']}") from None
