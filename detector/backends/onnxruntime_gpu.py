"""ONNX Runtime on an NVIDIA GPU: the CUDA and TensorRT providers, with inputs and outputs bound to the device.

They come with the package `onnxruntime-gpu` (extra `gpu`), which takes the place of `onnxruntime`.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import platformdirs

from detector.backends.onnxruntime import PROVIDER as CPU
from detector.backends.onnxruntime import ProviderOptions, missing, open_session, tensor_specs

CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
INSTALL = "uninstall onnxruntime and install streetwarden[gpu] (onnxruntime-gpu)"
CUDA_OPTIONS: Mapping[str, str] = {"device_id": "0", "cudnn_conv_algo_search": "HEURISTIC"}
KEPT_BINDINGS = 4
"""Bound inputs that wait for their next call: a few sizes, and as many callers."""


DRIVERS = ("libcuda.so.1", "nvcuda.dll")


def missing_cuda() -> str | None:
    """Why the CUDA provider cannot be used here, or None."""
    return missing() or without_provider(CUDA, ort.get_available_providers()) or without_device(count_devices())


def missing_tensorrt() -> str | None:
    """Why the TensorRT provider cannot be used here, or None."""
    return missing() or without_provider(TENSORRT, ort.get_available_providers()) or without_device(count_devices())


def without_device(devices: int) -> str | None:
    """The line for a machine without a GPU; None when there is one."""
    return None if devices else "no NVIDIA GPU answers; see that nvidia-smi lists one"


def count_devices() -> int:
    """NVIDIA GPUs that the driver knows; 0 without a driver. A build of ONNX Runtime lists its providers either way."""
    for name in DRIVERS:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        found = ctypes.c_int(0)
        failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(found))
        return 0 if failed else found.value
    return 0


def without_provider(wanted: str, available: Sequence[str]) -> str | None:
    """The line for a build of ONNX Runtime that lacks a provider; None when it has it."""
    if wanted in available:
        return None
    return f"this ONNX Runtime has no {wanted}; {INSTALL}"


def open_cuda(path: Path, threads: int | None) -> BoundBackend:
    """The CUDA provider. Raises ModelError when the file does not load or the provider does not start."""
    return BoundBackend(path, threads, [(CUDA, CUDA_OPTIONS), (CPU, {})], "cuda")


def open_tensorrt(path: Path, threads: int | None) -> BoundBackend:
    """The TensorRT provider, half precision, its engines kept in the user's cache; the rest of the graph on CUDA."""
    folder = platformdirs.user_cache_path("streetwarden", appauthor=False, ensure_exists=True) / "tensorrt"
    options = {
        "trt_fp16_enable": "True",
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
    }
    return BoundBackend(path, threads, [(TENSORRT, options), (CUDA, CUDA_OPTIONS), (CPU, {})], "cuda")


@dataclass(frozen=True, slots=True)
class _Binding:
    """An input that lies on the device, and the outputs that the session writes there."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    value: ort.OrtValue
    io: Any


class BoundBackend:
    """An ONNX file on a device with memory of its own: one copy in, one copy out, nothing allocated between."""

    def __init__(self, path: Path, threads: int | None, providers: Sequence[ProviderOptions], device: str) -> None:
        self._session = open_session(path, threads, providers)
        self._device = device
        self._threads = threads
        self._waiting: list[_Binding] = []
        self._lock = threading.Lock()
        self.inputs, self.outputs = tensor_specs(self._session)
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: npt.NDArray[np.floating]) -> Sequence[npt.NDArray[np.floating]]:
        binding = self._take(batch.shape, batch.dtype) or self._bind(batch)
        binding.value.update_inplace(batch)
        self._session.run_with_iobinding(binding.io)
        outputs: Sequence[npt.NDArray[np.floating]] = binding.io.copy_outputs_to_cpu()
        with self._lock:
            self._waiting = [*self._waiting, binding][-KEPT_BINDINGS:]
        return outputs

    def describe(self) -> dict[str, Any]:
        return {
            "backend": "onnxruntime",
            "backend_version": ort.__version__,
            "provider": self._session.get_providers()[0],
            "device": self._device,
            "threads": self._threads,
        }

    def _take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Binding | None:
        with self._lock:
            for index, one in enumerate(self._waiting):
                if one.shape == shape and one.dtype == dtype:
                    return self._waiting.pop(index)
        return None

    def _bind(self, batch: npt.NDArray[np.floating]) -> _Binding:
        value = ort.OrtValue.ortvalue_from_numpy(batch, self._device, 0)
        io = self._session.io_binding()
        io.bind_ortvalue_input(self.inputs[0].name, value)
        for output in self.outputs:
            io.bind_output(output.name, self._device)
        return _Binding(batch.shape, batch.dtype, value, io)
