"""The one table of benchmarks."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import (
    accuracy,
    cameras,
    crashes,
    events,
    loop,
    office,
    passes,
    peers,
    recovery,
    review,
    scaling,
    sealing,
    soak,
)
from benchmarks.report import Benchmark

BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        loop.BENCHMARK,
        peers.BENCHMARK,
        cameras.BENCHMARK,
        passes.BENCHMARK,
        scaling.BENCHMARK,
        recovery.BENCHMARK,
        crashes.BENCHMARK,
        sealing.BENCHMARK,
        soak.BENCHMARK,
        events.BENCHMARK,
        accuracy.BENCHMARK,
        office.BENCHMARK,
        review.BENCHMARK,
    )
}
