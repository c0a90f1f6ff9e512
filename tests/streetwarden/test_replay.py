"""The whole way: a clip is watched, its tracks are kept, and `streetwarden replay` tells what others would find."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from detector.engine import Engine
from detector.incident import Incident
from detector.watch import MIN_SCORE
from models.catalogue import resolve
from streams.clock import SystemClock
from streams.files import replay as replay_clip
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.cameras_file import CameraConfig, load_cameras
from streetwarden.cli import main
from streetwarden.pipeline import Equipment, Pipeline
from streetwarden.track_files import TrackArchive
from streetwarden.track_store import TrackStore
from tests.house.imports import ROOT

CLIPS = ROOT / "datasets" / "clips"
CAMERA = "market-street"
EPOCH_NS = 1_767_600_000 * 10**9


class NoRecorder:
    """Nothing is sealed here."""

    def observe(self, *_: object) -> None:
        """Nothing is recorded."""


@dataclass(frozen=True)
class Watched:
    """A clip that was watched: its camera, what was found, and where its tracks lie."""

    camera: CameraConfig
    confirmed: dict[str, Incident]
    tracks: Path


@pytest.fixture(scope="module")
def street() -> Engine:
    return Engine.load(resolve("street"), threads=1, score_threshold=MIN_SCORE)


def watch(camera: CameraConfig, engine: Engine, folder: Path) -> Watched:
    """Watch the camera's clip, a look every second at least, and keep its tracks."""
    confirmed: dict[str, Incident] = {}

    def remember(incident: Incident) -> None:
        if incident.confirmed_pts_ns is not None:
            confirmed[incident.incident_id] = incident

    clock = SystemClock()
    with TrackStore(folder, clock, days=36600, max_bytes=1 << 30) as tracks:
        pipeline = Pipeline(engine.class_names, NoRecorder(), remember, clock, Equipment(interval_s=1.0, tracks=tracks))  # type: ignore[arg-type]
        watched = pipeline.add(camera, PacketRing(camera.id))
        source = CameraSource(camera.id, str(CLIPS / camera.url))
        for frame in replay_clip(source, watched.ring, watched.wanted_of_clip, started_at_ns=EPOCH_NS):
            pipeline.look(engine, [watched.look_at(frame)])
    return Watched(camera, confirmed, folder)


@pytest.fixture(scope="module")
def camera() -> CameraConfig:
    return next(one for one in load_cameras(CLIPS / "demo.yaml") if one.id == CAMERA)


@pytest.fixture(scope="module")
def watched(camera: CameraConfig, street: Engine, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return watch(camera, street, tmp_path_factory.mktemp("tracks"))


def told(camera: CameraConfig, **rule: object) -> dict[str, Any]:
    """The camera as a file says it, its rules changed."""
    value = camera.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for zone in value["zones"]:
        zone["rules"] = [{**one, **rule} for one in zone["rules"]]
    return value


def cameras_file(path: Path, *cameras: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump({"cameras": list(cameras)}))
    return path


def replayed(
    capsys: pytest.CaptureFixture[str], file: Path, tracks: Path, options: Sequence[str] = ()
) -> dict[str, Any]:
    assert main(["replay", "--cameras", str(file), "--tracks", str(tracks), "--json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def times(case: dict[str, Any]) -> tuple[str, str, str]:
    return case["started_at"], case["confirmed_at"], case["ended_at"]


def test_the_live_zones_find_exactly_what_was_found(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watched.confirmed
    (report,) = replayed(capsys, cameras_file(tmp_path / "same.yaml", told(watched.camera)), watched.tracks)["cameras"]
    assert {case["change"] for case in report["cases"]} == {"same"}
    assert {case["would"]["incident_id"] for case in report["cases"]} == set(watched.confirmed)
    assert all(times(case["would"]) == times(case["found"]) for case in report["cases"])
    assert report["complete"]
    assert report["limits"] == []


@pytest.mark.parametrize("dwell", [6.0])
def test_a_shorter_limit_finds_what_a_fresh_watch_of_the_clip_finds(
    watched: Watched, street: Engine, dwell: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = told(watched.camera, dwell_seconds=dwell)
    fresh = watch(CameraConfig.model_validate(changed), street, tmp_path / "fresh")
    (report,) = replayed(capsys, cameras_file(tmp_path / "changed.yaml", changed), watched.tracks)["cameras"]
    would = {case["would"]["incident_id"]: case["would"] for case in report["cases"] if case["would"]}
    live = {case.incident_id: case for case in fresh.confirmed.values()}
    assert set(would) == set(live)
    (again,) = replayed(capsys, cameras_file(tmp_path / "again.yaml", changed), fresh.tracks)["cameras"]
    for case in again["cases"]:
        assert case["change"] == "same"
        assert times(would[case["would"]["incident_id"]])[0] == times(case["would"])[0]


def test_what_is_found_no_more_is_gone(watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = told(watched.camera, dwell_seconds=600)
    (report,) = replayed(capsys, cameras_file(tmp_path / "long.yaml", changed), watched.tracks)["cameras"]
    assert report["summary"]["gone"] == report["summary"]["found"] == len(watched.confirmed)
    assert report["summary"]["would"] == 0


def test_what_nobody_looked_for_is_said(watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = told(watched.camera)
    changed["zones"][0]["rules"] = [{"kind": "uncovered_muck_truck"}]
    (report,) = replayed(capsys, cameras_file(tmp_path / "trucks.yaml", changed), watched.tracks)["cameras"]
    reasons = {(limit["reason"], limit["kind"]) for limit in report["limits"]}
    kind = "uncovered_muck_truck"
    assert {("class_not_tracked", kind), ("load_not_classified", kind), ("looks_too_rare", kind)} <= reasons


def test_times_without_looks_are_said(watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = cameras_file(tmp_path / "same.yaml", told(watched.camera))
    window = ["--from", "2026-01-05T15:00+08:00", "--to", "2026-01-05T17:00+08:00"]
    (report,) = replayed(capsys, file, watched.tracks, window)["cameras"]
    gaps = [limit for limit in report["limits"] if limit["reason"] == "not_looked_at"]
    assert len(gaps) == 2
    assert sum(gap["seconds"] for gap in gaps) > 6900


def test_the_words_for_people_name_cases_days_and_what_is_not_known(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = cameras_file(tmp_path / "same.yaml", told(watched.camera), {"id": "other", "url": "x.mp4"})
    assert main(["replay", "--cameras", str(file), "--tracks", str(watched.tracks)]) == 0
    text = capsys.readouterr().out
    assert f"{CAMERA}: " in text
    assert "same    far-kerb illegal_parking" in text
    assert "other: no tracks" in text


def test_an_archive_gives_only_the_hours_asked_for(watched: Watched) -> None:
    archive = TrackArchive(watched.tracks)
    (path,) = archive.hours(CAMERA, *_around(hours=1))
    assert path.name == "2026-01-05T08.tracks"
    assert archive.hours("nobody", *_around(hours=1)) == []


def _around(hours: int) -> tuple[Any, Any]:
    from datetime import UTC, datetime  # noqa: PLC0415

    at = datetime.fromtimestamp(EPOCH_NS / 1e9, UTC)
    return at - timedelta(hours=hours), at + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--tracks", "/nowhere"], "--tracks /nowhere: no such folder"),
        (["--tracks", "."], "no tracks of a camera of"),
        (["--tracks", ".", "--from", "yesterday"], "--from yesterday: write a day"),
        (["--tracks", ".", "--from", "2026-01-02", "--to", "2026-01-01"], "not after --from"),
    ],
    ids=["no folder", "no tracks", "no time", "backwards"],
)
def test_bad_input_is_one_line(
    options: list[str], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CLIPS / "demo.yaml", tmp_path / "cameras.yaml")
    monkeypatch.chdir(tmp_path)
    assert main(["replay", "--cameras", "cameras.yaml", *options]) == 2
    line = capsys.readouterr().err.strip()
    assert word in line
    assert "\n" not in line
