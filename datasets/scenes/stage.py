"""A stage that renders with Blender what was not rendered before, and keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.scenes import actors, sprites
from datasets.scenes.paths import Pose
from datasets.scenes.render import Quality, Studio
from datasets.scenes.spec import ActorSpec, SceneSpec, fingerprint
from datasets.scenes.sprites import Sprite

Linear = npt.NDArray[np.float32]


class RenderStage:
    """Renders on demand into `store`, a folder that may be deleted at any time."""

    def __init__(self, scene: SceneSpec, store: Path, quality: Quality) -> None:
        self._scene, self._quality = scene, quality
        self._folder = store / fingerprint(scene)
        self._studio: Studio | None = None
        self._recent: dict[str, Sprite | None] = {}
        self.rendered = 0

    def background(self) -> Linear:
        """See `compose.Stage`."""
        path = self._folder / f"background-{self._quality.background}.npy"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".part.npy")
            np.save(fresh, self._ready().background().astype(np.float16))
            fresh.replace(path)
        return np.asarray(np.load(path), np.float32)

    def sprite(self, actor: ActorSpec, pose: Pose) -> Sprite | None:
        """See `compose.Stage`."""
        # Clips of one place show the same trips at other times: their poses differ by rounding alone.
        near = replace(
            pose, x=round(pose.x, 3), y=round(pose.y, 3), z=round(pose.z, 3), heading_deg=round(pose.heading_deg, 2)
        )
        key = fingerprint(actor, near, self._quality.actor)
        if key not in self._recent:
            if len(self._recent) > 40:
                self._recent.clear()
            sprite = self._sprite(actor, pose, self._folder / f"{key}.npz")
            self._recent[key] = sprite and sprites.feathered(sprite, self._scene.camera)
        return self._recent[key]

    def _sprite(self, actor: ActorSpec, pose: Pose, path: Path) -> Sprite | None:
        if path.exists():
            return sprites.load(path)
        mesh = actors.placed(actors.model(actor, pose.phase), pose.x, pose.y, pose.heading_deg, pose.z)
        box = sprites.render_box(self._scene.camera, mesh, self._scene.light)
        if box is None:
            return None
        rgba = self._ready().actor(actor, (pose.x, pose.y, pose.z, pose.heading_deg), pose.phase, box)
        self.rendered += 1
        sprite = sprites.cut_out(rgba, self._scene.camera, mesh, box)
        sprites.save(sprite, path)
        return sprite

    def _ready(self) -> Studio:
        if self._studio is None:
            self._studio = Studio(self._scene, self._quality)
        return self._studio
