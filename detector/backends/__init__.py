"""Inference backends: one file each, listed in one table; the choice is the caller's and never changes silently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from detector.backends.base import Backend, TensorSpec
from detector.backends.onnxruntime import OnnxRuntimeBackend
from detector.errors import ModelError

__all__ = ["BACKENDS", "Backend", "TensorSpec", "open_backend"]

BACKENDS: Mapping[str, Callable[[Path, int | None], Backend]] = {
    "onnxruntime": OnnxRuntimeBackend,
}


def open_backend(name: str, path: Path, threads: int | None) -> Backend:
    """Load `path` with the backend of that name.

    Raises ModelError when there is no such backend or it cannot load the file; another one is never taken instead.
    """
    opener = BACKENDS.get(name)
    if opener is None:
        raise ModelError(f"unknown inference backend {name!r}; known: {', '.join(sorted(BACKENDS))}")
    return opener(path, threads)
