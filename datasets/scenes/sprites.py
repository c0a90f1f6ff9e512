"""Rendered cut-outs of actors: kept on disk, and warped to poses near the one they were rendered at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datasets.scenes import actors, camera
from datasets.scenes.mesh import Mesh
from datasets.scenes.paths import Pose
from datasets.scenes.spec import CameraSpec, LightSpec

Linear = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]
SHADOW_FLOOR = 0.04  # fainter shadow than this is noise


@dataclass(frozen=True, slots=True)
class Sprite:
    """An actor cut out: premultiplied linear `rgba` float32 (h, w, 4) whose corner lies at `x`, `y` of the picture.

    `body` (h, w) bool marks the actor itself where it is seen, without its shadow; `whole` counts the pixels that it
    would have if nothing hid it.
    """

    rgba: Linear
    x: int
    y: int
    body: npt.NDArray[np.bool_]
    whole: int


def at(mesh: Mesh, pose: Pose) -> Mesh:
    """The mesh at a pose."""
    return actors.placed(mesh, pose.x, pose.y, pose.heading_deg, pose.z)


def silhouette(spec: CameraSpec, mesh: Mesh, box: tuple[int, int, int, int]) -> npt.NDArray[np.bool_]:
    """The pixels of `box` (x1, y1, x2, y2) that the mesh covers: bool (y2-y1, x2-x1)."""
    pixels, depth = camera.project(spec, mesh.vertices)
    width, height = box[2] - box[0], box[3] - box[1]
    canvas = np.zeros((height, width), np.uint8)
    local = pixels - [box[0], box[1]]
    # Faces below a pixel are drawn by their corners, all at once; the rest one by one.
    spots = np.floor(local[depth > 0.2]).astype(np.int64)
    spots = spots[((spots >= 0) & (spots < [width, height])).all(1)]
    canvas[spots[:, 1], spots[:, 0]] = 1
    faces = np.clip(np.round(local * 4), -(2**15), 2**15).astype(np.int32)[mesh.faces[(depth[mesh.faces] > 0.2).all(1)]]
    for face in faces[np.ptp(faces, axis=1).max(1) > 4]:
        cv2.fillConvexPoly(canvas, face, 1, shift=2)
    return canvas.astype(bool)


def body_box(spec: CameraSpec, mesh: Mesh) -> tuple[float, float, float, float] | None:
    """The mesh's box in the picture, clipped to it; None when nothing of it is inside."""
    pixels, depth = camera.project(spec, mesh.vertices)
    if (depth < 0.5).any():
        return None
    low = np.clip(pixels.min(0), 0, [spec.width, spec.height])
    high = np.clip(pixels.max(0), 0, [spec.width, spec.height])
    if (high - low < 1).any():
        return None
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def render_box(spec: CameraSpec, mesh: Mesh, light: LightSpec) -> tuple[int, int, int, int] | None:
    """The part of the picture that the mesh and its shadow can touch, in whole pixels."""
    sun = np.radians(light.azimuth_deg), np.radians(max(light.elevation_deg, 12.0))
    # Blender's sky turns its sun clockwise from +y.
    away = -np.array([np.sin(sun[0]), np.cos(sun[0])]) / np.tan(sun[1]) * (1.0 if light.sun > 0.05 else 0.3)
    shadow = mesh.vertices.copy()
    shadow[:, :2] += away * shadow[:, 2:3]
    shadow[:, 2] = 0.0
    around = mesh.vertices.copy()
    around[:, :2] = around[:, :2].mean(0) + (around[:, :2] - around[:, :2].mean(0)) * 1.25
    around[:, 2] = 0.0
    pixels, depth = camera.project(spec, np.concatenate([mesh.vertices, shadow, around]))
    pixels = pixels[depth > 0.5]
    if not len(pixels) or body_box(spec, mesh) is None:
        return None
    low = np.clip(np.floor(pixels.min(0)) - 4, 0, [spec.width, spec.height]).astype(int)
    high = np.clip(np.ceil(pixels.max(0)) + 4, 0, [spec.width, spec.height]).astype(int)
    if (high - low < 2).any():
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def cut_out(rgba: Linear, spec: CameraSpec, mesh: Mesh, box: tuple[int, int, int, int]) -> Sprite:
    """A sprite from a render of `box`: what the mesh covers and nothing hides is its body."""
    inside = silhouette(spec, mesh, box)
    alpha = np.clip(rgba[..., 3:], 0.0, 1.0)
    clean = np.concatenate([np.maximum(rgba[..., :3], 0.0), alpha], axis=2)
    return Sprite(clean, box[0], box[1], inside & (alpha[..., 0] > 0.5), max(1, int(inside.sum())))


def feathered(sprite: Sprite, spec: CameraSpec) -> Sprite:
    """The sprite with its shadow running out before the cut-out ends.

    A soft shadow has no end and the denoiser leaves a faint floor: cut at the border, both would draw a rectangle.
    """
    keep = cv2.dilate(sprite.body.astype(np.uint8), np.ones((7, 7), np.uint8))
    keep = cv2.GaussianBlur(keep.astype(np.float32), (0, 0), 2.0)
    faint = np.clip(sprite.rgba[..., 3] - SHADOW_FLOOR, 0, None) / (sprite.rgba[..., 3] + 1e-6) / (1 - SHADOW_FLOOR)
    share = np.maximum(np.clip(keep * 1.5, 0, 1), np.clip(faint, 0, 1) * _taper(sprite, spec))
    return replace(sprite, rgba=(sprite.rgba * share[..., None]).astype(np.float32))


def _taper(sprite: Sprite, spec: CameraSpec) -> Array:
    """1 inside the cut-out, falling to 0 at those of its edges that are not the picture's own, (h, w)."""
    h, w = sprite.body.shape
    ramps = []
    for start, size, whole in ((sprite.y, h, spec.height), (sprite.x, w, spec.width)):
        reach = max(2.0, size * 0.18)
        steps = np.arange(size) + 0.5
        low = np.ones(size) if start <= 0 else steps / reach
        high = np.ones(size) if start + size >= whole else steps[::-1] / reach
        ramps.append(np.clip(np.minimum(low, high), 0, 1))
    return np.asarray(np.minimum(ramps[0][:, None], ramps[1][None, :]), np.float64)


def hull(mesh: Mesh) -> Mesh:
    """The eight corners of the mesh's upright box, as a mesh without faces: stands for it where speed matters."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    grid = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return Mesh(grid, np.zeros((0, 4), np.int32), np.zeros(0, np.int32), ())


def shift_between(spec: CameraSpec, box: Mesh, rendered: Pose, wanted: Pose) -> tuple[Array, float]:
    """The affine map (2, 3) that carries a `hull` from one pose to another, and what it leaves wrong (pixels)."""
    source, _ = camera.project(spec, at(box, rendered).vertices)
    target, _ = camera.project(spec, at(box, wanted).vertices)
    design = np.concatenate([source, np.ones((8, 1))], 1)
    solution = np.linalg.lstsq(design, target, rcond=None)[0]
    worst = float(np.abs(design @ solution - target).max())
    return solution.T, worst


def is_inside(sprite: Sprite, spec: CameraSpec) -> bool:
    """Whether all of the cut-out lies in the picture."""
    h, w = sprite.body.shape
    return sprite.x >= 0 and sprite.y >= 0 and sprite.x + w <= spec.width and sprite.y + h <= spec.height


def warped(sprite: Sprite, move: Array, spec: CameraSpec) -> Sprite:
    """The sprite carried by an affine map of the picture."""
    h, w = sprite.rgba.shape[:2]
    edges = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], np.float64)
    edges[:, :2] += [sprite.x, sprite.y]
    reach = edges @ move.T
    low = np.clip(np.floor(reach.min(0)), 0, [spec.width, spec.height]).astype(int)
    high = np.clip(np.ceil(reach.max(0)), 0, [spec.width, spec.height]).astype(int)
    size = (max(1, int(high[0] - low[0])), max(1, int(high[1] - low[1])))
    local = move.copy()
    local[:, 2] += move[:, :2] @ [sprite.x, sprite.y] - low
    rgba = cv2.warpAffine(sprite.rgba, local, size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    body = cv2.warpAffine(sprite.body.astype(np.uint8), local, size, flags=cv2.INTER_NEAREST)
    # What lies outside the picture is no part of the whole.
    inside = float(body.sum()) / max(1.0, float(sprite.body.sum()) * abs(float(np.linalg.det(move[:, :2]))))
    whole = sprite.whole * abs(float(np.linalg.det(move[:, :2]))) * min(1.0, inside)
    return Sprite(rgba.astype(np.float32), int(low[0]), int(low[1]), body.astype(bool), max(1, round(whole)))


def save(sprite: Sprite, path: Path) -> None:
    """Write a sprite whole or not at all (half floats: a render's noise is larger than their rounding)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part.npz")
    np.savez(
        fresh, rgba=sprite.rgba.astype(np.float16), at=np.array([sprite.x, sprite.y, sprite.whole]), body=sprite.body
    )
    fresh.replace(path)


def load(path: Path) -> Sprite:
    """Read what `save` wrote."""
    with np.load(path) as kept:
        x, y, whole = (int(v) for v in kept["at"])
        return Sprite(kept["rgba"].astype(np.float32), x, y, kept["body"], whole)
