"""Inference backends: one file each, listed in one table; the choice is open and never changes silently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from detector.backends import onnxruntime, onnxruntime_gpu, openvino
from detector.backends.base import Backend, TensorSpec
from detector.errors import ModelError

__all__ = ["AUTO", "BACKENDS", "Backend", "BackendKind", "TensorSpec", "choose_backend", "open_backend"]

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class BackendKind:
    """One way to run a model. `missing` says in a few words why it cannot be used here, or gives None.

    `preferred` says whether `auto` takes it for a file before those below it in the table; it is asked only where
    nothing is missing. `device` says whose memory it works in, `cpu` or `cuda`: the one wants a lane a core, the other
    one lane and batches.
    """

    open: Callable[[Path, int | None], Backend]
    missing: Callable[[], str | None]
    preferred: Callable[[Path], bool]
    device: str


# In the order in which `auto` asks. TensorRT builds an engine for minutes at its first start: never unasked.
BACKENDS: Mapping[str, BackendKind] = {
    "tensorrt": BackendKind(
        onnxruntime_gpu.open_tensorrt, onnxruntime_gpu.missing_tensorrt, lambda _path: False, "cuda"
    ),
    "cuda": BackendKind(onnxruntime_gpu.open_cuda, onnxruntime_gpu.missing_cuda, lambda _path: True, "cuda"),
    "openvino": BackendKind(openvino.OpenVinoBackend, openvino.missing, openvino.is_faster, "cpu"),
    "onnxruntime": BackendKind(onnxruntime.OnnxRuntimeBackend, onnxruntime.missing, lambda _path: True, "cpu"),
}


def choose_backend(name: str, path: Path) -> str:
    """The backend that `name` stands for: itself, or for `auto` the best for that file here.

    Raises ModelError when there is no such backend, or something that it needs is not here: what was asked for by
    name is never replaced.
    """
    if name == AUTO:
        return next(
            (kind for kind, one in BACKENDS.items() if one.missing() is None and one.preferred(path)), "onnxruntime"
        )
    kind = BACKENDS.get(name)
    if kind is None:
        raise ModelError(f"unknown inference backend {name!r}; known: {AUTO}, {', '.join(sorted(BACKENDS))}")
    reason = kind.missing()
    if reason is not None:
        raise ModelError(f"inference backend {name!r} cannot be used here: {reason}")
    return name


def open_backend(name: str, path: Path, threads: int | None) -> Backend:
    """Load `path` with the backend of that name, or with the one that `auto` chooses.

    `threads` are those of one inference, all cores when None. Raises ModelError: see `choose_backend`, or the file
    cannot be loaded.
    """
    return BACKENDS[choose_backend(name, path)].open(path, threads)
