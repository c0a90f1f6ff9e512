"""The cameras file that watches the clips: zones drawn from the same ground that the scenes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from datasets.scenes.camera import ground_polygon
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


def write(clips: Sequence[ClipSpec], path: Path) -> None:
    """Write the cameras file whole or not at all."""
    fresh = path.with_suffix(".part")
    fresh.write_text(
        _HEAD + yaml.safe_dump(cameras(clips), sort_keys=False, default_flow_style=None, width=110), "utf-8"
    )
    fresh.replace(path)
