"""Which backend is the fastest for a model on this machine: a few looks with each that is here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.backends import BACKENDS
from detector.engine import Engine
from detector.errors import ModelError
from streams.frame import Image

PICTURE_HW = (1080, 1920)
RUNS = 5
SLOW_STARTERS = frozenset({"tensorrt"})
"""Backends that need minutes before their first answer."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one backend needs for a 1080p picture, median in milliseconds; or why it was not tried."""

    backend: str
    look_ms: float | None
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.backend}: {f'{self.look_ms:.1f} ms' if self.look_ms is not None else self.reason}"


def try_backends(
    model: Path, *, threads: int | None = 1, runs: int = RUNS, seconds: Callable[[], float] = time.perf_counter
) -> tuple[Trial, ...]:
    """Load the model with every backend and look at a grey picture: those that ran first, the fastest at the head."""
    trials = [_try(name, model, threads, runs, seconds) for name in BACKENDS]
    return tuple(sorted(trials, key=lambda trial: (trial.look_ms is None, trial.look_ms)))


def _try(name: str, model: Path, threads: int | None, runs: int, seconds: Callable[[], float]) -> Trial:
    reason = BACKENDS[name].missing()
    if reason is None and name in SLOW_STARTERS:
        reason = "not tried: it builds its engine for minutes at its first start"
    if reason is not None:
        return Trial(name, None, reason)
    try:
        engine = Engine.load(model, backend=name, threads=threads)
    except ModelError as error:
        return Trial(name, None, str(error))
    picture = np.full((*PICTURE_HW, 3), 114, np.uint8)
    engine.detect([picture])
    return Trial(name, statistics.median(_time_look(engine, picture, seconds) for _ in range(runs)) * 1e3)


def _time_look(engine: Engine, picture: Image, seconds: Callable[[], float]) -> float:
    began_s = seconds()
    engine.detect([picture])
    return seconds() - began_s
