"""`streetwarden replay`: what changed zones and rules would have found in what was seen, beside what was found."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from streetwarden.cameras_file import CameraConfig, load_cameras
from streetwarden.errors import UsageError
from streetwarden.replay_camera import GiveUp, nobody_watches, replay_camera
from streetwarden.track_files import TrackArchive


def run(options: argparse.Namespace) -> int:
    """Replay every camera of the file that has tracks. Raises UsageError: one line."""
    cameras = load_cameras(options.cameras)
    since, until = _time(options.since, "--from"), _time(options.until, "--to")
    if since and until and until <= since:
        raise UsageError(f"--to {options.until}: not after --from {options.since}")
    archive = _archive(options.tracks)
    stored = set(archive.camera_ids)
    chosen = [camera for camera in cameras if camera.id in stored]
    if not chosen:
        known = ", ".join(sorted(stored)) or "none"
        raise UsageError(f"{options.tracks}: no tracks of a camera of {options.cameras}; there are those of: {known}")
    give_up = _deadline(options.seconds)
    on_share = _say_share if options.progress else nobody_watches
    with _without_collecting():
        reports = [
            replay_camera(camera, archive, _local(since, camera), _local(until, camera), give_up, on_share).as_dict()
            for camera in chosen
        ]
    unseen = [camera.id for camera in cameras if camera.id not in stored]
    if options.json:
        print(json.dumps({"cameras": reports, "without_tracks": unseen}, ensure_ascii=False))
    else:
        _print(reports, unseen)
    return 0


def _archive(folder: Path) -> TrackArchive:
    if not folder.is_dir():
        raise UsageError(f"--tracks {folder}: no such folder; a worker keeps its tracks in `tracks` below its folder")
    return TrackArchive(folder)


def _time(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: write a day or a time as 2026-11-20 or 2026-11-20T08:30") from None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Looks hold no cycles: walking over millions of them again and again is a quarter of a replay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _say_share(share: float) -> None:
    print(json.dumps({"share": round(share, 4)}), file=sys.stderr, flush=True)


def _deadline(seconds: float | None) -> GiveUp:
    end = time.monotonic() + (seconds or float("inf"))
    return lambda: time.monotonic() > end


def _local(at: datetime | None, camera: CameraConfig) -> datetime | None:
    """A time without an offset is one of the camera's own place."""
    return at.replace(tzinfo=ZoneInfo(camera.timezone)) if at is not None and at.tzinfo is None else at


def _print(reports: Sequence[dict[str, Any]], unseen: Sequence[str]) -> None:
    for report in reports:
        _print_camera(report)
    for camera_id in unseen:
        print(f"{camera_id}: no tracks")


def _print_camera(report: dict[str, Any]) -> None:
    print(f"{report['camera_id']}: {report['looks']} looks from {report['from']} to {report['until']}")
    for zone in report["zones"]:
        print(f"  {zone['zone_id']} {zone['kind']}: {_counts(zone)}")
    for case in report["cases"]:
        print(f"    {case['change']:8}{case['zone_id']} {case['kind']} {case['class_name']}: {_case_times(case)}")
    for day in report["days"]:
        print(f"  {day['day']}: {_counts(day)}")
    for limit in report["limits"]:
        place = f"{limit['zone_id']} {limit['kind']}: " if limit["zone_id"] else ""
        span = f"{limit['from']} to {limit['until']}, {limit['seconds']:.0f} s"
        print(f"  not known: {place}{limit['detail']} ({span})")


def _counts(counts: dict[str, Any]) -> str:
    return (
        f"{counts['found']} found, {counts['would']} would be: {counts['same']} same, {counts['changed']} changed, "
        f"{counts['new']} new, {counts['gone']} gone"
    )


def _case_times(case: dict[str, Any]) -> str:
    if case["change"] == "changed":
        return f"found {_times(case['found'])}, would be {_times(case['would'])}"
    return _times(case["would"] or case["found"])


def _times(case: dict[str, Any]) -> str:
    return f"{case['started_at']} to {case['ended_at'] or 'now'}"
