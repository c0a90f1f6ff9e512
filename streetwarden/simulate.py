"""`streetwarden simulate`: cameras from clips, real RTSP."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from streams.errors import StreamError
from streams.simulator import SimulatedCamera, Simulator
from streetwarden.errors import UsageError
from streetwarden.processes import stop_event_on_signals


def run(options: argparse.Namespace) -> int:
    """Serve until the time is over or a signal comes."""
    stopping = stop_event_on_signals()
    cameras = plan_cameras(options.clips, options.cameras or len(options.clips), options.user)
    try:
        simulator = Simulator(cameras, host=options.host, port=options.port)
        simulator.start()
    except StreamError as error:
        raise UsageError(str(error)) from None
    try:
        _announce([simulator.url(camera.name) for camera in cameras], as_json=options.json)
        stopping.wait(options.seconds)
    finally:
        simulator.stop()
    return 0


def plan_cameras(clips: Sequence[Path], count: int, user: str | None) -> list[SimulatedCamera]:
    """`count` cameras that take the clips in turn, named `cam-1` and on."""
    username, password = _split_user(user)
    return [
        SimulatedCamera(name=f"cam-{number}", clip=clip, username=username, password=password)
        for number, clip in enumerate(islice(cycle(clips), count), start=1)
    ]


def _split_user(user: str | None) -> tuple[str | None, str | None]:
    if user is None:
        return None, None
    name, colon, password = user.partition(":")
    if not name or not colon:
        raise UsageError("--user: write NAME:PASSWORD")
    return name, password


def _announce(urls: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"urls": list(urls)}), flush=True)
        return
    for url in urls:
        print(url, flush=True)
