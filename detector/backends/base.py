"""What every inference backend offers to the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a model. `shape` has None where a dimension is dynamic; `dtype` is NumPy's name."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class Backend(Protocol):
    """A loaded model that runs on one kind of device. `run` may be called by several threads at once."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]: ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]: ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself."""
        ...

    def run(self, batch: npt.NDArray[np.floating]) -> Sequence[npt.NDArray[np.floating]]:
        """Outputs for one input batch (B, 3, H, W), the caller's own: neither is touched after the return."""
        ...

    def describe(self) -> dict[str, Any]:
        """The runtime, its version, and the device that really computes."""
        ...
