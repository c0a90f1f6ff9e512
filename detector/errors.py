"""Errors of this room: one clear line each, with what, where and what to do."""

from __future__ import annotations


class DetectorError(Exception):
    """Anything that this room refuses."""


class ModelError(DetectorError):
    """A model file that cannot be read, or that is not a detector this engine knows."""
