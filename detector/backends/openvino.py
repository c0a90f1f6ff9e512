"""OpenVINO on the CPU, in bfloat16 where the processor computes in it (extra `openvino`)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.backends.base import TensorSpec
from detector.errors import ModelError

PACKAGE = "openvino"
DEVICE = "CPU"
BFLOAT16 = "BF16"
STATIC_SHAPES = 4
"""Input shapes that get a network compiled for them alone, a fifth faster; all others share one of any shape."""

Shape = tuple[int, ...]


def missing() -> str | None:
    """Why OpenVINO cannot be used here, or None."""
    if importlib.util.find_spec(PACKAGE) is None:
        return "OpenVINO is not installed; install streetwarden[openvino]"
    return None


def is_faster(path: Path) -> bool:
    """Whether OpenVINO is the faster one for an ONNX file: with bfloat16, and not for what is quantised for another."""
    return has_bfloat16() and not _is_quantised(path)


def _is_quantised(path: Path) -> bool:
    """Whether a file holds quantised operators; their names stand in it as they are."""
    try:
        return b"DequantizeLinear" in path.read_bytes()
    except OSError:
        return False  # whoever opens it says so


def has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16; without it OpenVINO gains nothing over ONNX Runtime."""
    return BFLOAT16 in _open_core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")


def _open_core() -> Any:
    import openvino  # noqa: PLC0415  # an extra

    return openvino.Core()


def _read_onnx(path: Path) -> Any:
    """The network of an ONNX file. OpenVINO's own guess would try a file that is none as every other format."""
    from openvino.frontend import FrontEndManager  # noqa: PLC0415  # an extra

    frontend = FrontEndManager().load_by_framework("onnx")
    return frontend.convert(frontend.load(str(path)))


@dataclass(slots=True)
class _Network:
    """A compiled network and those of its requests that wait for a caller."""

    compiled: Any
    waiting: list[Any] = field(default_factory=list)

    @contextmanager
    def request(self) -> Iterator[Any]:
        # Taking from and adding to the end of a list are single steps: no lock is needed.
        try:
            request = self.waiting.pop()
        except IndexError:
            request = self.compiled.create_infer_request()
        try:
            yield request
        finally:
            self.waiting.append(request)


class OpenVinoBackend:
    """An ONNX file in OpenVINO. `threads` are those of one inference; None: all cores for one at a time.

    With fewer threads than cores as many inferences run at once as cores allow.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._core = _open_core()
        try:
            self._model = _read_onnx(path)
            self._dynamic = bool(self._model.is_dynamic())
        except Exception as error:  # OpenVINO raises RuntimeError with pages of its own source lines
            raise ModelError(f"{path}: OpenVINO cannot load this file ({_last_words(error)})") from error
        self._threads = threads
        self._precision = "bf16" if has_bfloat16() else "f32"
        self._networks: dict[Shape | None, _Network] = {}
        self._lock = threading.Lock()
        self.inputs = tuple(_spec(node) for node in self._model.inputs)
        self.outputs = tuple(_spec(node) for node in self._model.outputs)
        self.metadata: Mapping[str, str] = _metadata(self._model)

    def run(self, batch: npt.NDArray[np.floating]) -> Sequence[npt.NDArray[np.floating]]:
        with self._network(batch.shape).request() as request:
            request.infer({0: batch}, share_inputs=True)
            return [np.array(request.get_output_tensor(index).data) for index in range(len(self.outputs))]

    def describe(self) -> dict[str, Any]:
        return {
            "backend": "openvino",
            "backend_version": importlib.metadata.version(PACKAGE),
            "provider": DEVICE,
            "device": "cpu",
            "precision": self._precision,
            "threads": self._threads,
        }

    def _network(self, shape: Shape) -> _Network:
        key = shape if self._dynamic else None
        with self._lock:
            if key not in self._networks and len(self._networks) >= STATIC_SHAPES:
                key = None
            if key not in self._networks:
                self._networks[key] = self._compile(key)
            return self._networks[key]

    def _compile(self, shape: Shape | None) -> _Network:
        model = self._model
        if shape is not None:
            model = model.clone()
            model.reshape(list(shape))
        return _Network(self._core.compile_model(model, DEVICE, self._options()))

    def _options(self) -> dict[str, Any]:
        # Other programs' threads run on these cores too: the system places ours.
        common = {"INFERENCE_PRECISION_HINT": self._precision, "ENABLE_CPU_PINNING": False}
        if self._threads is None:
            return {**common, "NUM_STREAMS": 1}
        streams = max(len(os.sched_getaffinity(0)) // self._threads, 1)
        return {**common, "NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams * self._threads}


def _spec(node: Any) -> TensorSpec:
    shape = tuple(None if axis.is_dynamic else axis.get_length() for axis in node.get_partial_shape())
    return TensorSpec(node.get_any_name(), shape, str(np.dtype(node.get_element_type().to_dtype()).name))


def _metadata(model: Any) -> dict[str, str]:
    if not model.has_rt_info(["framework"]):
        return {}
    entries = model.get_rt_info(["framework"]).value
    return {key: str(model.get_rt_info(["framework", key]).value) for key in entries}


def _last_words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
