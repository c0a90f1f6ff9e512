"""The cameras file that watches the clips: zones drawn from the same ground that the scenes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.scenes.camera import ground_polygon
from datasets.scenes.generated import camera_entry, write_cameras
from datasets.scenes.spec import ClipSpec

DWELL_S = 12
_HEAD = """\
# The demo's cameras: clips rendered by datasets/scenes, each with one zone over a no-stopping kerb.
# Made by `python -m datasets.scenes clips`; `url` is relative to this file.
"""


def cameras(clips: Sequence[ClipSpec]) -> dict[str, Any]:
    """The content of the cameras file."""
    return {"cameras": [_camera(clip) for clip in clips]}


def _camera(clip: ClipSpec) -> dict[str, Any]:
    polygon = [[round(float(x), 4), round(float(y), 4)] for x, y in ground_polygon(clip.scene.camera, clip.zone)]
    zone = {
        "id": clip.zone_id,
        "class": "prohibited",
        "polygon": polygon,
        "rules": [{"kind": "illegal_parking", "dwell_seconds": DWELL_S}],
    }
    return {"id": clip.name, "url": f"{clip.name}.mp4", "zones": [zone]}


_HEAD_OF_ALL = """\
# All four kinds: the demo's cameras, and a clip each of vending, garbage and muck trucks. Minutes are seconds there and
# so are the limits. They need a model that knows the classes stall, tricycle, garbage, overflow and dump_truck.
# Made by `python -m datasets.scenes clips`; `url` is relative to this file.
"""


def all_kinds(parking: Sequence[ClipSpec], further: Sequence[tuple[str, ClipSpec]]) -> dict[str, Any]:
    """The content of the cameras file of all kinds; `further` is (kind, clip)."""
    return {"cameras": [*map(_camera, parking), *(camera_entry(clip, kind) for kind, clip in further)]}


def write_all(parking: Sequence[ClipSpec], further: Sequence[tuple[str, ClipSpec]], path: Path) -> None:
    """Write the cameras file of all kinds, whole or not at all."""
    write_cameras(all_kinds(parking, further)["cameras"], path, _HEAD_OF_ALL)


def write(clips: Sequence[ClipSpec], path: Path) -> None:
    """Write the cameras file whole or not at all."""
    write_cameras(cameras(clips)["cameras"], path, _HEAD)
