"""A stage that needs no Blender: actors are flat silhouettes of their meshes on a grey street."""

from __future__ import annotations

from collections import Counter

import numpy as np

from datasets.scenes import actors, sprites
from datasets.scenes.compose import Linear
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, CameraSpec, ClipSpec, LightSpec, SceneSpec, Stay, StreetSpec, Trip, Waypoint
from datasets.scenes.sprites import Sprite

CAMERA = CameraSpec((-4.0, -8.0, 6.0), (9.0, 3.0, 0.5), 62.0, 320, 180)


class FlatStage:
    """Draws every actor in its own colour, without shadows."""

    def __init__(self, scene: SceneSpec) -> None:
        self.scene = scene
        self.asked: Counter[str] = Counter()

    def background(self) -> Linear:
        return np.full((self.scene.camera.height, self.scene.camera.width, 3), 0.2, np.float32)

    def sprite(self, actor: ActorSpec, pose: Pose) -> Sprite | None:
        self.asked[actor.id] += 1
        mesh = sprites.at(actors.model(actor, pose.phase), pose)
        box = sprites.render_box(self.scene.camera, mesh, self.scene.light)
        if box is None:
            return None
        inside = sprites.silhouette(self.scene.camera, mesh, box)
        rgba = inside[..., None] * np.array([*actor.colour, 1.0], np.float32)
        return Sprite(rgba.astype(np.float32), box[0], box[1], inside, int(inside.sum()))


def small_clip(**changes: object) -> ClipSpec:
    """A sedan that parks at x = 9 from second 1 to 3 of a 4 s clip, and a van that passes before it."""
    scene = SceneSpec(CAMERA, LightSpec(), StreetSpec(1))
    parker = ActorSpec("parker", "sedan", (0.9, 0.0, 0.0))
    passer = ActorSpec("passer", "van", (0.0, 0.0, 0.9))
    stay = (Waypoint(0.2, 40.0, 4.5), Waypoint(1.0, 9.0, 4.5), Waypoint(3.0, 9.0, 4.5), Waypoint(3.8, -30.0, 4.5))
    trips = (Trip(parker, stay), Trip(passer, (Waypoint(0.5, -30.0, 1.9), Waypoint(3.5, 50.0, 1.9))))
    values: dict[str, object] = {
        "name": "small",
        "scene": scene,
        "trips": trips,
        "duration_s": 4.0,
        "fps": 5.0,
        "gop": 5,
        "stays": (Stay("parker", 1.0, 3.0),),
        "zone": ((4.0, 5.6), (14.0, 5.6), (14.0, 3.4), (4.0, 3.4)),
        "noise": 0.0,
    }
    return ClipSpec(**{**values, **changes})  # type: ignore[arg-type]
