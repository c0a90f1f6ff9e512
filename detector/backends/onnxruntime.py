"""ONNX Runtime on the CPU, float or static int8."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from detector.backends.base import TensorSpec
from detector.errors import ModelError

ERROR_LEVEL = 3
PROVIDER = "CPUExecutionProvider"
PACKAGES = ("onnxruntime", "onnxruntime-gpu")
DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8", "tensor(int64)": "int64"}

ProviderOptions = tuple[str, Mapping[str, str]]


def missing() -> str | None:
    """Why ONNX Runtime cannot be used here: two packages of it overwrite each other's files."""
    return both_packages(_installed_packages())


def both_packages(installed: Sequence[str]) -> str | None:
    """The line for an environment that holds the CPU and the GPU build of ONNX Runtime; None for any other."""
    if len(installed) < len(PACKAGES):
        return None
    return f"{' and '.join(PACKAGES)} are both installed and overwrite each other: uninstall both, install one"


def _installed_packages() -> list[str]:
    found = []
    for name in PACKAGES:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


class OnnxRuntimeBackend:
    """An ONNX file in ONNX Runtime on the CPU. `threads` None: as many as the runtime chooses.

    With one thread an inference runs on the caller's own, so that callers at once use a core each.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._session = open_session(path, threads, [(PROVIDER, {})])
        self._threads = threads
        self._input_name: str = self._session.get_inputs()[0].name
        self.inputs, self.outputs = tensor_specs(self._session)
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: npt.NDArray[np.floating]) -> Sequence[npt.NDArray[np.floating]]:
        outputs: Sequence[npt.NDArray[np.floating]] = self._session.run(None, {self._input_name: batch})
        return outputs

    def describe(self) -> dict[str, Any]:
        return {
            "backend": "onnxruntime",
            "backend_version": ort.__version__,
            "provider": self._session.get_providers()[0],
            "device": "cpu",
            "threads": self._threads,
        }


def open_session(path: Path, threads: int | None, providers: Sequence[ProviderOptions]) -> ort.InferenceSession:
    """A session on the first of `providers`; the others only take what it cannot.

    Raises ModelError when the file cannot be loaded, or the runtime fell back to another provider.
    """
    # Nothing of this machine is anybody else's business.
    ort.disable_telemetry_events()
    try:
        session = ort.InferenceSession(
            str(path), _options(threads), providers=[(name, dict(o)) for name, o in providers]
        )
    except Exception as error:  # ONNX Runtime raises a dozen unrelated types, all of them "cannot load"
        raise ModelError(f"{path}: ONNX Runtime cannot load this file ({_first_line(error)})") from error
    refuse_fallback(str(path), providers[0][0], session.get_providers())
    return session


def refuse_fallback(where: str, wanted: str, running: Sequence[str]) -> None:
    """Raise ModelError when the first of the providers that run is not the one that was asked for.

    ONNX Runtime only warns when a provider cannot start, and goes on many times slower.
    """
    if running[:1] != [wanted]:
        found = running[0] if running else "nothing"
        raise ModelError(
            f"{where}: {wanted} was asked for, and ONNX Runtime fell back to {found}: "
            "its libraries or its device are not there; ask for another backend, or mend them"
        )


def tensor_specs(session: ort.InferenceSession) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of a session."""
    return (
        tuple(_spec(node) for node in session.get_inputs()),
        tuple(_spec(node) for node in session.get_outputs()),
    )


def _options(threads: int | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = ERROR_LEVEL
    if threads is not None:
        options.intra_op_num_threads = threads
    # Planning memory for each shape of input costs more memory than it saves, and no time is gained by it.
    options.enable_mem_pattern = False
    # Spinning threads would burn the cores that decode the cameras.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _spec(node: Any) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else None for size in node.shape)
    return TensorSpec(node.name, shape, DTYPES.get(node.type, node.type))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
