"""What benchmarks look at: clips with truth that come with the product, and real data beside the checkout."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

from benchmarks.errors import BenchmarkError
from benchmarks.report import ROOT
from datasets.scenes.errors import SceneError
from datasets.scenes.truth import TrueIncident, Truth
from detector.rules.base import RuleConfig
from streams.demand import Demand
from streams.files import replay
from streams.frame import Frame
from streams.ring import PacketRing
from streams.source import CameraSource
from streetwarden.cameras_file import CameraConfig, load_cameras
from streetwarden.errors import UsageError

SHARED_DATA = ROOT.parent / "shared" / "data"
CAMERAS_FILE = "demo.yaml"

# However rare key frames are, nothing else is decoded.
_ANY_KEY_FRAMES_S = 1e6


@dataclass(frozen=True, slots=True)
class Clip:
    """A looping clip, the camera that watches it and what truly happens in it."""

    path: Path
    camera: CameraConfig
    truth: Truth

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def fps(self) -> float:
        return self.truth.fps

    @property
    def duration_s(self) -> float:
        """Seconds from its first picture to the first of the next round."""
        return len(self.truth.frames) / self.truth.fps

    @property
    def incidents(self) -> tuple[TrueIncident, ...]:
        return self.truth.incidents

    def dwell_s(self, incident: TrueIncident) -> float | None:
        """The limit of the zone's rule for this kind; None when the camera does not watch for it."""
        return next(
            (
                float(getattr(rule, "dwell_seconds", 0.0))
                for zone in self.camera.zones
                if zone.id == incident.zone
                for rule in zone.rules
                if rule.kind == incident.kind
            ),
            None,
        )


def add_clip_options(parser: argparse.ArgumentParser) -> None:
    """`--clips`, for every benchmark that looks at clips."""
    parser.add_argument(
        "--clips", type=Path, metavar="DIR", help=f"clips, their truth and {CAMERAS_FILE} (default: the demo's own)"
    )


def load_clips(folder: Path | None = None, cameras_file: str = CAMERAS_FILE) -> tuple[Clip, ...]:
    """The clips of a folder. Raises BenchmarkError when they, or their truth, are not there."""
    where = folder or Path(str(resources.files("datasets"))) / "clips"
    try:
        cameras = load_cameras(where / cameras_file)
        return tuple(_load_clip(where / camera.url, camera) for camera in cameras)
    except (UsageError, SceneError) as error:
        raise BenchmarkError(str(error)) from None


def _load_clip(path: Path, camera: CameraConfig) -> Clip:
    if not path.is_file():
        raise BenchmarkError(f"{path}: no such clip")
    return Clip(path.resolve(), camera, Truth.read(path.with_suffix(".json")))


def with_dwell(clip: Clip, seconds: float) -> Clip:
    """The same clip, its rules' limits set to `seconds`."""
    return with_rules(clip, dwell_seconds=seconds)


def with_rules(clip: Clip, **values: float) -> Clip:
    """The same clip, with these values in all its rules that know them."""
    zones = tuple(
        zone.model_copy(update={"rules": tuple(_with(rule, values) for rule in zone.rules)})
        for zone in clip.camera.zones
    )
    return Clip(clip.path, clip.camera.model_copy(update={"zones": zones}), clip.truth)


def _with(rule: RuleConfig, values: dict[str, float]) -> RuleConfig:
    return rule.model_copy(update={name: value for name, value in values.items() if hasattr(rule, name)})


@dataclass(frozen=True, slots=True)
class Placed:
    """One of many cameras: its configuration, the clip that it plays, and how far into it it began."""

    camera: CameraConfig
    clip: Clip
    offset_s: float = 0.0


def many_cameras(clips: Sequence[Clip], urls: Sequence[str], offsets_s: Sequence[float] | None = None) -> list[Placed]:
    """One camera for each URL, the clips taken in turn as `streetwarden simulate` takes them."""
    taken, begun_s = islice(cycle(clips), len(urls)), offsets_s or [0.0] * len(urls)
    return [
        Placed(_camera_at(clip, number, url), clip, offset_s)
        for number, (url, clip, offset_s) in enumerate(zip(urls, taken, begun_s, strict=True), start=1)
    ]


def _camera_at(clip: Clip, number: int, url: str) -> CameraConfig:
    return clip.camera.model_copy(update={"id": f"cam-{number}", "name": f"Camera {number}", "url": url})


def camera_values(cameras: Sequence[CameraConfig]) -> list[dict[str, Any]]:
    """Cameras as plain values, as somebody would write them who leaves out what has a default."""
    return [camera.model_dump(mode="json", by_alias=True, exclude_unset=True) for camera in cameras]


def write_cameras_file(path: Path, cameras: Sequence[CameraConfig]) -> Path:
    """A cameras file with these cameras."""
    path.write_text(yaml.safe_dump({"cameras": camera_values(cameras)}, sort_keys=False), encoding="utf-8")
    return path


def key_frames(clip: Clip, every_s: float = 1.0, limit: int | None = None) -> tuple[list[Frame], PacketRing]:
    """The clip's first key frames, about `every_s` apart, and the ring with the packets up to the last of them."""
    ring = PacketRing(clip.name)
    demand = Demand(every_s, every_s, key_patience_s=_ANY_KEY_FRAMES_S)
    return list(islice(replay(CameraSource(clip.name, str(clip.path)), ring, demand), limit)), ring
