"""The camera as the projector sees it: world metres to picture pixels, exactly as Blender renders them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datasets.scenes.spec import CameraSpec

Array = npt.NDArray[np.float64]


def axes(camera: CameraSpec) -> Array:
    """The camera's right, up and backward directions as rows, (3, 3)."""
    back = np.asarray(camera.position, np.float64) - np.asarray(camera.target, np.float64)
    back /= np.linalg.norm(back)
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(back, right), back])


def project(camera: CameraSpec, points: Array) -> tuple[Array, Array]:
    """World points (N, 3) as pixels (N, 2) and distances in front of the camera (N,), metres.

    Points nearer than 0.1 m are held at 0.1 m: whatever reaches behind the camera leaves the picture sideways.
    """
    # einsum and not @: so small a product is not worth waking BLAS's threads.
    local = np.einsum("nj,kj->nk", points - np.asarray(camera.position), axes(camera))
    depth = -local[:, 2]
    focal = camera.width / 2 / np.tan(np.radians(camera.hfov_deg) / 2)
    safe = np.maximum(depth, 0.1)
    pixels = np.stack(
        [camera.width / 2 + focal * local[:, 0] / safe, camera.height / 2 - focal * local[:, 1] / safe], axis=1
    )
    return pixels, depth


def ground_polygon(camera: CameraSpec, polygon: tuple[tuple[float, float], ...]) -> Array:
    """A polygon on the ground (metres) as normalised picture coordinates (N, 2), clipped to the picture."""
    world = np.array([[x, y, 0.0] for x, y in polygon], np.float64)
    pixels, depth = project(camera, world)
    if (depth <= 0.1).any():
        raise ValueError("the polygon reaches behind the camera")
    return np.clip(pixels / [camera.width, camera.height], 0.0, 1.0)


def ground_at(camera: CameraSpec, pixel: tuple[float, float]) -> tuple[float, float] | None:
    """Where on the ground (x, y metres) a pixel looks; None above the horizon."""
    right, up, back = axes(camera)
    focal = camera.width / 2 / np.tan(np.radians(camera.hfov_deg) / 2)
    ray = right * (pixel[0] - camera.width / 2) / focal - up * (pixel[1] - camera.height / 2) / focal - back
    if ray[2] > -1e-3:
        return None
    reach = -camera.position[2] / ray[2]
    return float(camera.position[0] + reach * ray[0]), float(camera.position[1] + reach * ray[1])
