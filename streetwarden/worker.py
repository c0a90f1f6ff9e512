"""`streetwarden worker`: live cameras in, sealed packages out; with a folder of its own, or for an API."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path
from typing import Any

from streams.clock import SystemClock
from streetwarden.api_worker import run_for_api
from streetwarden.cameras_file import load_cameras
from streetwarden.crew import working
from streetwarden.errors import UsageError
from streetwarden.incident_log import INCIDENTS, IncidentLog
from streetwarden.live_incidents import LiveIncidents
from streetwarden.output import make_folder
from streetwarden.processes import stop_event_on_signals
from streetwarden.settings import Settings, settings_from

HEALTH = "health.json"


def run(options: argparse.Namespace) -> int:
    """Watch until the time is over or a signal comes."""
    stopping = stop_event_on_signals()
    settings = settings_from(options)
    if options.api:
        return run_for_api(options, settings, stopping)
    if options.out is None:
        raise UsageError("worker --cameras FILE also needs --out DIR")
    return run_for_folder(options.cameras, options.out, options.seconds, settings, stopping, options.looks)


def run_for_folder(
    cameras_file: Path,
    out: Path,
    seconds: float | None,
    settings: Settings,
    stopping: threading.Event,
    looks: Path | None = None,
) -> int:
    """The worker without an API: incidents, packages, keys and at the end a health report in `out`."""
    cameras = load_cameras(cameras_file)
    folder = make_folder(out)
    with IncidentLog(folder / INCIDENTS) as log:
        incidents = LiveIncidents(lambda line: log.write(line.as_dict()))
        told = incidents.incident_changed, incidents.package_sealed
        with working(settings, folder, SystemClock(), *told, looks) as crew:
            refused = crew.fleet.apply(cameras)
            if refused:
                raise UsageError(f"{cameras_file}: {refused[0]}")
            stopping.wait(seconds)
            report = crew.report()
        report = {**crew.report(), "cameras": report["cameras"]}
    (folder / HEALTH).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _refuse_if_blind(report["cameras"])
    print(_summary(report))
    return 0


def _refuse_if_blind(cameras: list[dict[str, Any]]) -> None:
    """A run in which no camera gave a single packet is bad input: a wrong address, password or file."""
    if any(camera["packets_read"] for camera in cameras):
        return
    reason = next((camera["last_error"] for camera in cameras if camera["last_error"]), "no word from any")
    raise UsageError(f"no camera gave a picture: {reason}")


def _summary(report: dict[str, Any]) -> str:
    streaming = sum(camera["state"] == "streaming" for camera in report["cameras"])
    return (
        f"{streaming} of {len(report['cameras'])} cameras streaming, {report['frames_analysed']} frames analysed, "
        f"{report['packages_sealed']} packages sealed, {len(report['errors'])} errors"
    )
