"""Signing keys as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from evidence.signing import KeyEntry, KeyRegistry

__all__ = ["KeyEntry", "KeyRegistry", "RevocationIn"]


class RevocationIn(BaseModel):
    """Why a key ends: `superseded` keeps what it sealed before, `compromised` nothing."""

    model_config = ConfigDict(extra="forbid")
    reason: Literal["superseded", "compromised"]
