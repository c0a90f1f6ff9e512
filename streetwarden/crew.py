"""The running parts of a worker, started in order and stopped in reverse: engine, recorder, loop, cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.engine import Engine
from detector.incident import Incident
from evidence.package import SealedPackage
from evidence.recorder import Recorder
from streams.clock import Clock
from streams.sampler import SamplingPolicy
from streetwarden.detection import load_engine
from streetwarden.fleet import Fleet
from streetwarden.frame_queue import FrameQueue
from streetwarden.loop import InferenceLoop
from streetwarden.pipeline import Pipeline
from streetwarden.recording import make_recorder
from streetwarden.settings import Settings


@dataclass(frozen=True, slots=True)
class Crew:
    """What a worker's front (the command with a folder, or the one with an API) needs of its running parts."""

    engine: Engine
    fleet: Fleet
    loop: InferenceLoop
    pipeline: Pipeline
    recorder: Recorder

    def report(self) -> dict[str, Any]:
        """The worker's health now, as plain JSON values."""
        stats = self.recorder.stats
        errors = list(self.loop.errors)
        if stats.lost:
            errors.append(f"{stats.lost} packages could not be sealed and are lost")
        return {
            "model": self.engine.describe(),
            "frames_analysed": self.pipeline.frames_analysed,
            "packages_sealed": stats.sealed,
            "seal_attempts_failed": stats.failed_attempts,
            "packages_waiting": stats.waiting,
            "errors": errors,
            "cameras": self.fleet.health(),
        }


@contextmanager
def working(
    settings: Settings,
    root: Path,
    clock: Clock,
    on_incident: Callable[[Incident], None],
    on_sealed: Callable[[SealedPackage], None],
) -> Iterator[Crew]:
    """Everything from the first packet to the sealed package, for the length of the block."""
    engine = load_engine(settings)
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="sealing"))
        recorder = stack.enter_context(make_recorder(settings, root, engine, clock, on_sealed, executor))
        pipeline = Pipeline(engine, recorder, on_incident)
        queue = FrameQueue()
        loop = InferenceLoop(queue, pipeline)
        loop.start()
        stack.callback(loop.stop)
        fleet = Fleet(queue, loop, pipeline, SamplingPolicy(settings.interval_seconds), clock)
        stack.callback(fleet.stop)
        yield Crew(engine, fleet, loop, pipeline, recorder)
