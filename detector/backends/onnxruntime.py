"""ONNX Runtime on the CPU."""

from __future__ import annotations

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
DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8", "tensor(int64)": "int64"}


class OnnxRuntimeBackend:
    """An ONNX file in ONNX Runtime. `threads` None: as many as the runtime chooses."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        # Nothing of this machine is anybody else's business.
        ort.disable_telemetry_events()
        options = ort.SessionOptions()
        options.log_severity_level = ERROR_LEVEL
        if threads is not None:
            options.intra_op_num_threads = threads
        # Planning memory for each shape of input costs more memory than it saves, and no time is gained by it.
        options.enable_mem_pattern = False
        # Spinning threads would burn the cores that decode the cameras.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=[PROVIDER])
        except Exception as error:  # ONNX Runtime raises a dozen unrelated types, all of them "cannot load"
            raise ModelError(f"{path}: ONNX Runtime cannot load this file ({_first_line(error)})") from error
        self._threads = threads
        self._input_name: str = self._session.get_inputs()[0].name
        self.inputs: tuple[TensorSpec, ...] = tuple(_spec(node) for node in self._session.get_inputs())
        self.outputs: tuple[TensorSpec, ...] = tuple(_spec(node) for node in self._session.get_outputs())
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: npt.NDArray[np.floating]) -> Sequence[npt.NDArray[np.floating]]:
        outputs: Sequence[npt.NDArray[np.floating]] = self._session.run(None, {self._input_name: batch})
        return outputs

    def describe(self) -> dict[str, Any]:
        return {
            "backend": "onnxruntime",
            "backend_version": ort.__version__,
            "provider": self._session.get_providers()[0],
            "threads": self._threads,
        }


def _spec(node: Any) -> TensorSpec:
    shape = tuple(size if isinstance(size, int) else None for size in node.shape)
    return TensorSpec(node.name, shape, DTYPES.get(node.type, node.type))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
