"""`streetwarden simulate`: cameras from clips, real RTSP, with faults on command and the truth on paper."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from streams.errors import StreamError
from streams.simulator import FaultPlan, SimulatedCamera, Simulator
from streams.simulator.truth import TruthWriter
from streetwarden.errors import UsageError
from streetwarden.processes import stop_event_on_signals

TRUTH_AHEAD_S = 600.0
TRUTH_EVERY_S = 60.0


def run(options: argparse.Namespace) -> int:
    """Serve until the time is over or a signal comes."""
    stopping = stop_event_on_signals()
    cameras = plan_cameras(options.clips, options.cameras or len(options.clips), options.user, options.stagger)
    try:
        plans = [FaultPlan.parse(text) for text in options.fault]
        simulator = Simulator(cameras, host=options.host, port=options.port, faults=plans)
        simulator.start()
    except StreamError as error:
        raise UsageError(str(error)) from None
    try:
        truth = _truth(options.truth, cameras, simulator, plans)
        _announce(cameras, simulator, as_json=options.json)
        _serve(stopping, options.seconds, truth)
    finally:
        simulator.stop()
    return 0


def plan_cameras(clips: Sequence[Path], count: int, user: str | None, stagger_s: float = 0.0) -> list[SimulatedCamera]:
    """`count` cameras that take the clips in turn, named `cam-1` and on, each `stagger_s` further into its clip."""
    username, password = _split_user(user)
    return [
        SimulatedCamera(f"cam-{number}", clip, username, password, start_offset_s=(number - 1) * stagger_s)
        for number, clip in enumerate(islice(cycle(clips), count), start=1)
    ]


def _split_user(user: str | None) -> tuple[str | None, str | None]:
    if user is None:
        return None, None
    name, colon, password = user.partition(":")
    if not name or not colon:
        raise UsageError("--user: write NAME:PASSWORD")
    return name, password


def _truth(
    path: Path | None, cameras: Sequence[SimulatedCamera], simulator: Simulator, plans: Sequence[FaultPlan]
) -> TruthWriter | None:
    if path is None:
        return None
    durations_s = [simulator.duration_s(camera.name) for camera in cameras]
    try:
        writer = TruthWriter(path, cameras, durations_s, plans, simulator.started_at_ns)
        writer.write_until(TRUTH_AHEAD_S)
    except OSError as error:
        raise UsageError(f"--truth {path}: {error.strerror}") from None
    return writer


def _serve(stopping: threading.Event, seconds: float | None, truth: TruthWriter | None) -> None:
    """Until told to stop; the truth stays ahead of the clock."""
    began_s = time.monotonic()
    while seconds is None or time.monotonic() < began_s + seconds:
        left_s = float("inf") if seconds is None else began_s + seconds - time.monotonic()
        if stopping.wait(min(TRUTH_EVERY_S, max(0.0, left_s))):
            return
        if truth is not None:
            truth.write_until(time.monotonic() - began_s + TRUTH_AHEAD_S)


def _announce(cameras: Sequence[SimulatedCamera], simulator: Simulator, *, as_json: bool) -> None:
    urls = [simulator.url(camera.name) for camera in cameras]
    if as_json:
        rows = [
            {"name": camera.name, "url": url, "clip": str(camera.clip), "offset_s": camera.start_offset_s}
            for camera, url in zip(cameras, urls, strict=True)
        ]
        started = str(simulator.started_at_ns)
        print(json.dumps({"urls": urls, "started_at_ns": started, "cameras": rows}), flush=True)
        return
    for url in urls:
        print(url, flush=True)
