"""What is true in a clip, frame by frame, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets.scenes.errors import SceneError
from datasets.scenes.spec import CLASSES, ClipSpec

SCHEMA = "streetwarden.scene-truth/1"
Xyxy = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TrueBox:
    """An actor in a frame: the box of the whole actor clipped to the picture (pixels), and the share that is seen."""

    actor: str
    label: str
    xyxy: Xyxy
    visible: float


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """A violation: `from_s`..`to_s` in seconds of the clip, and the box while it stands."""

    actor: str
    kind: str
    zone: str
    from_s: float
    to_s: float
    xyxy: Xyxy
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """All of a clip's truth. `frames[i]` are the boxes of frame i, whose time is i / fps seconds."""

    clip: str
    fps: float
    width: int
    height: int
    frames: tuple[tuple[TrueBox, ...], ...]
    incidents: tuple[TrueIncident, ...]
    spec: dict[str, Any]

    def box_at(self, actor: str, at_s: float) -> TrueBox | None:
        """The actor's box in the frame nearest to a time of the clip; None while it is not in the picture."""
        number = min(max(round(at_s * self.fps), 0), len(self.frames) - 1)
        return next((box for box in self.frames[number] if box.actor == actor), None)

    def to_json(self) -> dict[str, Any]:
        """The JSON document: boxes are [actor, x1, y1, x2, y2, visible] lists to keep it small."""
        rows = [
            [[box.actor, *(round(v, 1) for v in box.xyxy), round(box.visible, 3)] for box in frame]
            for frame in self.frames
        ]
        labels = {box.actor: box.label for frame in self.frames for box in frame}
        return {
            "schema": SCHEMA,
            "clip": self.clip,
            "fps": self.fps,
            "size_wh": [self.width, self.height],
            "classes": list(CLASSES),
            "actors": labels,
            "incidents": [asdict(incident) for incident in self.incidents],
            "frames": rows,
            "spec": self.spec,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Truth:
        """The other way; a `SceneError` for another schema."""
        if data.get("schema") != SCHEMA:
            raise SceneError(f"truth of schema {data.get('schema')!r}, this reads {SCHEMA!r}")
        labels = data["actors"]
        frames = tuple(
            tuple(TrueBox(row[0], labels[row[0]], (row[1], row[2], row[3], row[4]), row[5]) for row in frame)
            for frame in data["frames"]
        )
        incidents = tuple(TrueIncident(**{**item, "xyxy": tuple(item["xyxy"])}) for item in data["incidents"])
        return cls(data["clip"], data["fps"], data["size_wh"][0], data["size_wh"][1], frames, incidents, data["spec"])

    def write(self, path: Path) -> None:
        """Write the JSON whole or not at all."""
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps(self.to_json(), separators=(",", ":")) + "\n", "utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Truth:
        """Read what `write` wrote."""
        try:
            return cls.from_json(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, KeyError) as error:
            raise SceneError(f"{path}: no truth file: {error}") from error


def spec_json(spec: ClipSpec) -> dict[str, Any]:
    """The clip's spec as plain JSON."""
    return dict(asdict(spec))
