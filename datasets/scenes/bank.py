"""Cut-outs that serve every clip of a place: each actor rendered once at each pose of a grid, with room about it.

A clip that renders its own cut-outs needs new ones wherever its actors stop or turn. Here the poses are the same for
all clips of a place, so the first few clips render them and every later one is composed in seconds without Blender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from datasets.scenes.compose import Stage
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, CameraSpec, ClipSpec, SceneSpec
from datasets.scenes.sprites import Sprite

Linear = npt.NDArray[np.float32]
ROOM_PX = 64  # what a cut-out holds beyond the picture's edge, where the next pose needs it
ALONG = 0.2  # a step along the street, as a part of the way to the camera
ACROSS_M = 0.7
TURN_DEG = 6.0
PERSON_TURN_DEG = 30.0
PHASES = 4
KEPT = 250


def grid_keys(spec: ClipSpec, actor: ActorSpec, way: Sequence[Pose | None]) -> list[Pose | None]:
    """For every pose of the way, the pose of the grid that serves for it; what never moves has its own."""
    there = {pose for pose in way if pose is not None}
    if len(there) == 1:
        return list(way)
    return [pose and grid_pose(spec.scene.camera, actor, pose) for pose in way]


def grid_pose(view: CameraSpec, actor: ActorSpec, pose: Pose) -> Pose:
    """The pose of the grid that is nearest: its steps grow with the distance from the camera."""
    y = round(pose.y / ACROSS_M) * ACROSS_M
    near = float(np.hypot(y - view.position[1], view.position[2]))
    step = round(float(np.arcsinh((pose.x - view.position[0]) / near)) / ALONG)
    x = view.position[0] + near * float(np.sinh(step * ALONG))
    turn = PERSON_TURN_DEG if actor.kind == "person" else TURN_DEG
    heading = round(pose.heading_deg / turn) * turn % 360.0
    phase = None if pose.phase is None else round(pose.phase * PHASES) % PHASES / PHASES
    return Pose(round(x, 3), round(y, 3), pose.z, heading, phase)


def roomy(scene: SceneSpec) -> SceneSpec:
    """The same scene seen by a camera with room around its picture: the same pixels, `ROOM_PX` further in."""
    view = scene.camera
    wide = view.width + 2 * ROOM_PX
    half = np.tan(np.radians(view.hfov_deg) / 2) * wide / view.width
    fov = float(np.degrees(2 * np.arctan(half)))
    return replace(scene, camera=replace(view, hfov_deg=fov, width=wide, height=view.height + 2 * ROOM_PX))


class Bank:
    """A `compose.Stage` whose cut-outs reach beyond the picture.

    `plain` gives the background, and `wide`, the stage of the `roomy` scene, what is cut out.
    """

    def __init__(self, plain: Stage, wide: Stage) -> None:
        self._plain, self._wide = plain, wide
        self._kept: dict[tuple[ActorSpec, Pose], Sprite | None] = {}

    def background(self) -> Linear:
        """See `compose.Stage`. Blender holds one scene at a time: ask for it before any cut-out."""
        return self._plain.background()

    def sprite(self, actor: ActorSpec, pose: Pose) -> Sprite | None:
        """See `compose.Stage`."""
        key = (actor, pose)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            found = self._wide.sprite(actor, pose)
            self._kept[key] = found and replace(found, x=found.x - ROOM_PX, y=found.y - ROOM_PX)
        return self._kept[key]
