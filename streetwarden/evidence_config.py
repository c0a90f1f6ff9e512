"""The evidence FILE: what an office decided about keys, clocks, time stamps, grades and retention, as YAML."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field

from detector.rules.table import RULES
from evidence.context import WITHOUT_PLATE
from evidence.grade import GradeLimits
from evidence.host_clock import HostClockSettings
from evidence.keys import KeySource
from evidence.manifest import PlateState
from evidence.registry import TimestampAuthority
from evidence.retention import RetentionPolicy
from evidence.stamper import StampingConfig
from evidence.text import Identifier, Text
from streetwarden.errors import UsageError
from streetwarden.settings import Settings
from streetwarden.yaml_file import locate, read_yaml

WHAT = "evidence file"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockSection(_Section):
    """Time servers, in the order in which they are asked; without any, this machine's chrony."""

    servers: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    every_seconds: Annotated[float, Field(ge=1)] = 64.0
    timeout_seconds: Annotated[float, Field(gt=0, le=10)] = 2.0
    cameras_every_seconds: Annotated[float, Field(ge=10, description="Between two ONVIF questions to a camera")] = 600.0

    @property
    def host(self) -> HostClockSettings:
        """The settings of the watch over the host's clock."""
        return HostClockSettings(self.servers, self.every_seconds, self.timeout_seconds)


class TimestampSection(_Section):
    """A time-stamp authority (RFC 3161); `certificate` is the file of its root, beside this one, PEM or DER."""

    name: Text
    url: Annotated[str, Field(pattern=r"^https?://")]
    certificate: Path
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class GradeSection(_Section):
    """Where the local rules ask for more than the standard does."""

    published_days: Annotated[int, Field(ge=0, description="Days that a camera is public before its use")] = 0
    min_span_seconds: Annotated[float, Field(ge=10, description="Between the stills of what stands still")] = 10.0

    @property
    def limits(self) -> GradeLimits:
        """The numbers of the gates."""
        return GradeLimits(published_days=self.published_days, min_span_s=self.min_span_seconds)


class RetentionSection(RetentionPolicy):
    """The policy, and how often the office's server goes by it."""

    office_every_hours: Annotated[float, Field(gt=0, le=168, description="Between two rounds of `serve`")] = 24.0


class EvidenceFile(_Section):
    """The whole file; every section may be left out."""

    keys: KeySource = KeySource()
    clock: ClockSection = ClockSection()
    timestamps: TimestampSection | None = None
    grade: GradeSection = GradeSection()
    plates: Annotated[
        dict[Identifier, PlateState],
        Field(description="By kind: `not_needed` where the office reads the plate elsewhere; else it stays a lead"),
    ] = Field(default_factory=dict)
    retention: RetentionSection | None = None


class EvidenceConfig:
    """The file as it was read, with the authority's certificate loaded."""

    def __init__(self, file: EvidenceFile, stamping: StampingConfig | None) -> None:
        self.file = file
        self.stamping = stamping

    @property
    def plates(self) -> dict[str, PlateState]:
        """What is known of plates for each kind."""
        return {**WITHOUT_PLATE, **self.file.plates}


def evidence_config(settings: Settings) -> EvidenceConfig:
    """The evidence file that the settings name, or `evidence.yaml` in the data folder where there is one.

    Raises UsageError: one line with file, line number, key and reason.
    """
    path = settings.evidence_file or settings.data_dir / "evidence.yaml"
    if settings.evidence_file is None and not path.exists():
        return EvidenceConfig(EvidenceFile(), None)
    return read_evidence(path)


def read_evidence(path: Path) -> EvidenceConfig:
    """Read and check an evidence file. Raises UsageError as `evidence_config` does."""
    file, root = read_yaml(path, EvidenceFile, WHAT)
    unknown = [kind for kind in file.plates if kind not in RULES]
    if unknown:
        line, _ = locate(root, ("plates", unknown[0]))
        raise UsageError(f"{path}:{line}: plates.{unknown[0]}: unknown kind; use one of {', '.join(RULES)}")
    if file.timestamps is None:
        return EvidenceConfig(file, None)
    line, key = locate(root, ("timestamps", "certificate"))
    try:
        authority = _authority(path, file.timestamps)
    except (ValueError, OSError) as error:
        raise UsageError(f"{path}:{line}: {key}: not the certificate of an authority: {error}") from None
    section = file.timestamps
    return EvidenceConfig(file, StampingConfig(url=section.url, authority=authority, timeout_s=section.timeout_seconds))


def _authority(path: Path, section: TimestampSection) -> TimestampAuthority:
    data = (path.parent / section.certificate).read_bytes()
    is_pem = data.lstrip().startswith(b"-----BEGIN")
    certificate = x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)
    der = certificate.public_bytes(Encoding.DER)
    return TimestampAuthority(name=section.name, certificate=base64.b64encode(der).decode())
