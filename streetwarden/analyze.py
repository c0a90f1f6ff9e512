"""`streetwarden analyze`: the pipeline on clips, as fast as it can, on each clip's own clock."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detector.engine import Engine
from detector.incident import Incident
from evidence.package import SealedPackage
from streams.clock import SystemClock
from streams.errors import StreamError
from streams.files import replay
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.cameras_file import CameraConfig, load_cameras
from streetwarden.detection import load_classifier, load_engine
from streetwarden.errors import UsageError
from streetwarden.incident_log import INCIDENTS, IncidentLine, IncidentLog
from streetwarden.loads import Loads
from streetwarden.output import replaced_whole
from streetwarden.pipeline import Equipment, Pipeline
from streetwarden.recording import PUBLISHED_KEYS, make_recorder
from streetwarden.settings import Settings, settings_from

CLIP_INTERVAL_S = 1.0
"""Nobody waits for other cameras here, so clips are looked at more closely than live cameras at rest."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What one clip gave."""

    clip: Path
    camera_id: str
    frames_analysed: int
    incidents: tuple[IncidentLine, ...]


def run(options: argparse.Namespace) -> int:
    """Analyse every clip; either all of `--out` is written or nothing."""
    settings = settings_from(options)
    plan = [(clip, camera_of(clip, options.cameras)) for clip in options.clips]
    engine = load_engine(settings)
    with replaced_whole(options.out, names=(INCIDENTS, "packages", "chain", PUBLISHED_KEYS)) as staging:
        results = [analyze_clip(clip, camera, engine, settings, staging) for clip, camera in plan]
        lines = [_moved(line, staging, options.out).as_dict() for result in results for line in result.incidents]
        with IncidentLog(staging / INCIDENTS) as log:
            for line in lines:
                log.write(line)
    _report(results, lines, as_json=options.json)
    return 0


def camera_of(clip: Path, cameras_file: Path) -> CameraConfig:
    """The camera whose `url` is the clip's path (relative: from here or from the file's folder), or the only one."""
    cameras = load_cameras(cameras_file)
    if len(cameras) == 1:
        return cameras[0]
    for camera in cameras:
        if clip.resolve() in {Path(camera.url).resolve(), (cameras_file.parent / camera.url).resolve()}:
            return camera
    raise UsageError(f"{cameras_file}: no camera has the url {clip}, and there are {len(cameras)} cameras")


def analyze_clip(clip: Path, camera: CameraConfig, engine: Engine, settings: Settings, root: Path) -> ClipResult:
    """Run one clip through the pipeline. Raises UsageError when the clip cannot be read to its end."""
    latest: dict[str, Incident] = {}
    packages: dict[str, SealedPackage] = {}

    def remember(incident: Incident) -> None:
        if incident.confirmed_pts_ns is not None:
            latest[incident.incident_id] = incident

    def keep_package(package: SealedPackage) -> None:
        packages.setdefault(package.incident_id, package)  # later parts of an incident come after its own package

    with make_recorder(settings, root, engine, SystemClock(), keep_package) as recorder:
        clock = SystemClock()
        interval_s = settings.interval_seconds or CLIP_INTERVAL_S
        equipment = Equipment(interval_s=interval_s, loads=Loads(load_classifier))
        pipeline = Pipeline(engine.class_names, recorder, remember, clock, equipment)
        watched = pipeline.add(camera, PacketRing(camera.id))
        try:
            for frame in replay(CameraSource(camera.id, str(clip)), watched.ring, watched.wanted_of_clip):
                pipeline.look(engine, [watched.look_at(frame)])
        except StreamError as error:
            raise UsageError(str(error)) from None
    if recorder.stats.lost:
        raise UsageError(f"{clip}: {recorder.stats.lost} packages could not be sealed; the log says why")
    incidents = tuple(IncidentLine(incident, packages.get(key)) for key, incident in latest.items())
    return ClipResult(clip, camera.id, pipeline.frames_analysed, incidents)


def _moved(line: IncidentLine, staging: Path, out: Path) -> IncidentLine:
    if line.package is None:
        return line
    final = out.resolve() / line.package.path.resolve().relative_to(staging.resolve())
    return replace(line, package=replace(line.package, path=final))


def _report(results: Sequence[ClipResult], lines: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    clips = [
        {"clip": str(result.clip), "camera_id": result.camera_id, "frames_analysed": result.frames_analysed}
        for result in results
    ]
    if as_json:
        print(json.dumps({"clips": clips, "incidents": lines}, ensure_ascii=False))
        return
    for line in lines:
        state = "goes on" if line["ended_at_s"] is None else f"ended at {line['ended_at_s']:.1f} s"
        print(
            f"{line['camera_id']} {line['zone_id']} {line['kind']} from {line['started_at_s']:.1f} s, "
            f"confirmed at {line['confirmed_at_s']:.1f} s, {state}: {line['evidence'] or 'no package'}"
        )
    looked = sum(result.frames_analysed for result in results)
    print(f"{len(lines)} incidents, {looked} frames analysed, {len(results)} clips")
