"""Packages as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class PackageAccepted(BaseModel):
    """The answer to a worker: which case its package belongs to."""

    package_id: str
    case_id: int
    incident_id: str


class FileView(BaseModel):
    """A file of a verified package; `purpose` is what it shows."""

    path: str
    url: str
    media_type: str
    role: str
    purpose: str | None
    size_bytes: int
    sha256: str
    crop_xyxy: tuple[int, int, int, int] | None
    at: datetime | None


class PackageView(BaseModel):
    """A verified package: `verified` says that hashes, signature and key held when it arrived.

    One that retention deleted has no files but its tombstone.
    """

    package_id: str
    incident_id: str
    camera_id: str
    sequence: int | None
    key_id: str
    manifest_sha256: str
    received_at: datetime
    part: int
    verified: bool
    grade: str
    reasons: list[str]
    files: list[FileView]
    deleted_at: datetime | None
    deleted_by_rule: str | None
    tombstone_url: str | None


class QuarantineRow(BaseModel):
    """A package that did not verify."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    package_id: str
    reason: str
    problems: list[Any]
    sent_by: str
    received_at: datetime


class QuarantinePage(BaseModel):
    """Newest first."""

    items: list[QuarantineRow]
