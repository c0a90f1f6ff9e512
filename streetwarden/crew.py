"""The running parts of a worker, started in order and stopped in reverse: recorder, engine, lanes, cameras, care."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.engine import Engine
from detector.incident import Incident
from evidence.recorder import Recorder
from streams.clock import Clock
from streams.hardware import choose_decoding
from streetwarden.canary import Canary
from streetwarden.care import Care
from streetwarden.clocks import Clocks
from streetwarden.detection import device_of, load_classifier, load_engine
from streetwarden.fleet import Fleet
from streetwarden.lanes import InferenceLanes, LanePlan
from streetwarden.loads import Loads
from streetwarden.look_log import LookLog
from streetwarden.memory import WatchMemory
from streetwarden.pipeline import Equipment, Pipeline, nobody_asks, nobody_compares
from streetwarden.recording import make_recorder
from streetwarden.sealing import OnSealed, Sealing, open_sealing, stamped_too, stamping
from streetwarden.settings import TRACKS, Settings
from streetwarden.shadow import SHADOW, NamedEngine, ShadowLooks
from streetwarden.track_store import TrackStore
from streetwarden.views import Views

GPU_BATCH = 8


@dataclass(frozen=True, slots=True)
class Crew:
    """What a worker's front (the command with a folder, or the one with an API) needs of its running parts."""

    fleet: Fleet
    lanes: InferenceLanes
    pipeline: Pipeline
    recorder: Recorder
    canary: Canary
    tracks: TrackStore
    shadow: ShadowLooks | None = None

    def report(self) -> dict[str, Any]:
        """The worker's health now, as plain JSON values."""
        stats = self.recorder.stats
        errors = list(self.lanes.errors)
        if stats.lost:
            errors.append(f"{stats.lost} packages could not be sealed and are lost")
        return {
            "model": self.lanes.engine.describe(),
            "lanes": self.lanes.describe(),
            "canary": self.canary.report.as_dict(),
            "shadow": self.shadow and self.shadow.describe(),
            "late_s": round(self.pipeline.schedule.late_s, 3),
            "frames_analysed": self.pipeline.frames_analysed,
            "packages_sealed": stats.sealed,
            "seal_attempts_failed": stats.failed_attempts,
            "packages_waiting": stats.waiting,
            "looks_not_stored": self.tracks.dropped,
            "errors": errors,
            "cameras": self.fleet.health(),
        }


@contextmanager
def working(
    settings: Settings,
    root: Path,
    clock: Clock,
    on_incident: Callable[[Incident], None],
    on_sealed: OnSealed,
    looks: Path | None = None,
    sealing: Sealing | None = None,
) -> Iterator[Crew]:
    """Everything from the first packet to the sealed package, for the length of the block.

    `looks`: a file that gets a line for every look. With `sealing`, the key is open already and the caller lets the
    packages be stamped; without it, both are done here.
    """
    plan = lane_plan(settings)

    def load() -> Engine:
        return load_engine(settings, threads=plan.threads)

    engine = load()
    with ExitStack() as stack:
        if sealing is None:
            sealing = open_sealing(settings, clock)
            on_sealed = stamped_too(on_sealed, stack.enter_context(stamping(sealing, root, clock)))
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="sealing"))
        recorder = stack.enter_context(make_recorder(settings, root, engine, clock, on_sealed, executor, sealing))
        clock_section = sealing.config.file.clock
        clocks = stack.enter_context(Clocks(clock, clock_section.host, clock_section.cameras_every_seconds))
        on_look = stack.enter_context(LookLog(looks, clock)).write if looks else nobody_asks
        interval_s = settings.interval_seconds
        memory = WatchMemory(root / "watch")
        stack.callback(memory.write)
        tracks = stack.enter_context(open_tracks(settings, root, clock))
        shadow = open_shadow(settings, engine, root, clock)
        on_seen = stack.enter_context(shadow).offer if shadow else nobody_compares
        equipment = Equipment(interval_s, on_look, memory, Loads(load_classifier), tracks, on_seen)
        pipeline = Pipeline(engine.class_names, recorder, on_incident, clock, equipment)
        lanes = InferenceLanes(load, pipeline, clock, plan, engine=engine)
        lanes.start()
        stack.callback(lanes.stop)
        views = Views(root / "views")
        stack.callback(views.write)
        fleet = Fleet(pipeline, clock, clocks, views, choose_decoding(settings.decoding))
        stack.callback(fleet.stop)
        canary = Canary(lanes, clock, settings.canary_seconds)
        stack.enter_context(
            Care((pipeline.tick, lanes.check, lambda: look_after(canary, lanes), memory.write, views.write))
        )
        yield Crew(fleet, lanes, pipeline, recorder, canary, tracks, shadow)


def open_tracks(settings: Settings, root: Path, clock: Clock) -> TrackStore:
    """The store of what the judges see, below a worker's folder."""
    return TrackStore(root / TRACKS, clock, days=settings.track_days, max_bytes=settings.track_mb << 20)


def open_shadow(settings: Settings, live: Engine, root: Path, clock: Clock) -> ShadowLooks | None:
    """The candidate model of the settings, with one thread; None when there is none."""
    if settings.shadow is None:
        return None
    candidate = load_engine(settings.model_copy(update={"model": settings.shadow}), threads=1)
    return ShadowLooks(NamedEngine(settings.model, live), NamedEngine(settings.shadow, candidate), root / SHADOW, clock)


def lane_plan(settings: Settings) -> LanePlan:
    """On a CPU one lane a core, each with one thread; with `threads` set, as many lanes of so many threads as fit.

    An accelerator gets one lane that gathers batches.
    """
    if device_of(settings) != "cpu":
        return LanePlan(lanes=settings.lanes or 1, threads=settings.threads or 1, batch=settings.batch or GPU_BATCH)
    cores = len(os.sched_getaffinity(0))
    threads = settings.threads or 1
    return LanePlan(lanes=settings.lanes or max(1, cores // threads), threads=threads, batch=settings.batch or 1)


def look_after(canary: Canary, lanes: InferenceLanes) -> None:
    """Ask the canary; when it has died, load the engine anew."""
    if not canary.check():
        lanes.renew(f"the canary is dead: {canary.report.detail}")
