"""Which part of an actor covers which pixel: the ground of `how much of it is seen` and `can one see the load`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datasets.scenes import camera
from datasets.scenes.mesh import Mesh
from datasets.scenes.spec import CameraSpec

Ids = npt.NDArray[np.uint8]


def part_ids(view: CameraSpec, mesh: Mesh, groups: Sequence[Sequence[str]], box: tuple[int, int, int, int]) -> Ids:
    """For every pixel of `box` 1 + the number of the group of materials in front there, 255 for others, 0 for none.

    Faces are painted from the farthest to the nearest by their middles: exact enough for shares of an area.
    """
    pixels, depth = camera.project(view, mesh.vertices)
    lookup = np.full(len(mesh.materials), 255, np.uint8)
    for number, names in enumerate(groups):
        lookup[[k for k, name in enumerate(mesh.materials) if name in names]] = number + 1
    ids = lookup[mesh.material_ids]
    front = np.asarray((depth[mesh.faces] > 0.2).all(1), np.bool_)
    order = np.argsort(-depth[mesh.faces].mean(1))
    order = order[front[order]]
    corners = np.clip(np.round((pixels - [box[0], box[1]]) * 4), -(2**15), 2**15).astype(np.int32)[mesh.faces]
    canvas = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    for k in order:
        cv2.fillConvexPoly(canvas, corners[k], int(ids[k]), shift=2)
    return canvas
