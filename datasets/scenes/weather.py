"""What stands between the lens and the street: haze, rain, and the glare of lamps, on linear pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from datasets.scenes import camera
from datasets.scenes.paths import Pose
from datasets.scenes.spec import CameraSpec, LightSpec, SceneSpec
from datasets.scenes.sprites import Sprite

Linear = npt.NDArray[np.float32]
CLEAR_SHARE = 0.05  # what is left of contrast at the distance that one is said to see (Koschmieder)


def distances(scene: SceneSpec) -> Linear:
    """How far the empty street is at every pixel, metres (H, W): its ground, its two rows of houses, at most 150."""
    view, street = scene.camera, scene.street
    right, up, back = camera.axes(view)
    focal = view.width / 2 / np.tan(np.radians(view.hfov_deg) / 2)
    x = (np.arange(view.width) + 0.5 - view.width / 2)[None, :, None] / focal
    y = (np.arange(view.height) + 0.5 - view.height / 2)[:, None, None] / focal
    ray = right * x - up * y - back
    length = np.linalg.norm(ray, axis=2)
    front = street.road_half_m + street.pavement_m
    with np.errstate(divide="ignore"):
        down = np.where(ray[..., 2] < -1e-4, -view.position[2] / ray[..., 2], np.inf)
        wall = np.where(
            np.abs(ray[..., 1]) > 1e-4, (np.sign(ray[..., 1]) * front - view.position[1]) / ray[..., 1], np.inf
        )
    wall = np.where(wall > 0, wall, np.inf)
    return np.asarray(np.minimum(np.minimum(down, wall) * length, 150.0), np.float32)


def clear_share(distance: npt.NDArray[np.float32] | float, haze_m: float) -> npt.NDArray[np.float32] | float:
    """The share of a thing's own light that comes through the haze from a distance (metres)."""
    if haze_m <= 0:
        return 1.0
    return np.asarray(CLEAR_SHARE ** (np.asarray(distance, np.float32) / haze_m), np.float32)


def veil(background: Linear, light: LightSpec) -> npt.NDArray[np.float32]:
    """The colour of the haze over a picture: its bright parts by day, the lamps' glow by night, linear RGB (3,)."""
    level = np.percentile(background.mean(2), 60 if light.night else 85)
    tone = (1.05, 1.0, 0.92) if light.night else (0.98, 1.0, 1.03)
    return np.asarray(np.array(tone) * level, np.float32)


def hazed(background: Linear, scene: SceneSpec) -> Linear:
    """The empty street in the scene's haze."""
    if scene.light.haze_m <= 0:
        return background
    share = np.asarray(clear_share(distances(scene), scene.light.haze_m))[..., None]
    return np.asarray(background * share + veil(background, scene.light) * (1 - share), np.float32)


def hazed_sprite(sprite: Sprite, distance: float, colour: npt.NDArray[np.float32], haze_m: float) -> Sprite:
    """A cut-out in the haze; its shadow only grows fainter."""
    if haze_m <= 0:
        return sprite
    share = float(clear_share(distance, haze_m))
    rgba = sprite.rgba.copy()
    alpha = rgba[..., 3:]
    solid = np.clip(cv2.blur(sprite.body.astype(np.float32), (3, 3)), 0, 1)[..., None] * alpha
    rgba[..., :3] = rgba[..., :3] * share + colour * (1 - share) * solid
    rgba[..., 3:] = np.maximum(solid, alpha * share)
    return replace(sprite, rgba=rgba)


def reflect(picture: Linear, sprite: Sprite, foot: float, amount: float) -> None:
    """The cut-out's blurred mirror image on wet ground below its `foot` (picture row), in place."""
    rows = np.flatnonzero(sprite.body.any(1))
    if amount <= 0 or not len(rows):
        return
    low = round(foot) - sprite.y
    upper = (
        sprite.rgba[max(0, rows[0]) : max(1, min(low, rows[-1] + 1))]
        * sprite.body[max(0, rows[0]) : max(1, min(low, rows[-1] + 1)), :, None]
    )
    mirror = cv2.blur(upper[::-1].copy(), (3, max(3, len(upper) // 4)))
    mirror = mirror * np.linspace(amount, 0.0, len(mirror), dtype=np.float32)[:, None, None]
    top = sprite.y + max(0, min(low, rows[-1] + 1))
    room = picture[top : top + len(mirror), sprite.x : sprite.x + mirror.shape[1]]
    part = mirror[: room.shape[0], : room.shape[1]]
    room *= 1.0 - part[..., 3:]
    room += part[..., :3]


def headlights(picture: Linear, view: CameraSpec, pose: Pose, length: float, strength: float) -> None:
    """The light that a vehicle throws on the road before it, in place; `strength` in linear light."""
    forward = np.array([np.cos(np.radians(pose.heading_deg)), np.sin(np.radians(pose.heading_deg))])
    aside = np.array([-forward[1], forward[0]])
    mask = np.zeros(picture.shape[:2], np.float32)
    for reach, wide, amount in ((4.0, 0.9, 0.5), (8.0, 1.7, 0.3), (13.0, 2.6, 0.2)):
        near, far = length / 2 + 0.3, length / 2 + reach
        ground = [(near, -0.7), (near, 0.7), (far, wide), (far, -wide)]
        world = np.array([[pose.x, pose.y] + forward * a + aside * b for a, b in ground])
        pixels, depth = camera.project(view, np.c_[world, np.zeros(4)])
        if (depth < 0.5).any():
            return
        layer = np.zeros_like(mask)
        cv2.fillConvexPoly(layer, np.clip(pixels, -3000, 3000).astype(np.int32), amount)
        mask = np.asarray(mask + layer, np.float32)
    size = max(1.0, view.width / 160)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), size), np.float32)
    picture += soft[..., None] * (picture * 2.0 + strength) * np.array([1.0, 0.95, 0.82], np.float32)


def bloom(picture: Linear, gain: float, amount: float = 0.12) -> Linear:
    """The glare around what is far brighter than white (`gain` is the exposure)."""
    excess = np.clip(picture * gain - 2.0, 0.0, 30.0) / gain
    if not excess.any():
        return picture
    height, width = picture.shape[:2]
    scale = width / 640
    # What is blurred so widely needs only a sixteenth of the pixels.
    coarse = cv2.resize(excess, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), 9.0 / 4 * scale)
    wide = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture + amount * (2.0 * wide + cv2.GaussianBlur(excess, (0, 0), 2.5 * scale)), np.float32)


def streaks(shown: npt.NDArray[np.float32], rain: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Falling rain over a developed picture (0..255)."""
    if rain <= 0:
        return shown
    height, width = shown.shape[:2]
    drops = (rng.random((height, width)) > 1 - 0.004 * rain).astype(np.float32) * rng.uniform(0.4, 1.0)
    size = int(np.clip(height * rng.uniform(0.03, 0.07), 7, 61)) | 1
    kernel = np.zeros((size, size), np.float32)
    slant = int(rng.integers(-size // 4, size // 4 + 1))
    cv2.line(kernel, (size // 2 - slant, 0), (size // 2 + slant, size - 1), 1.0, 1)
    rain_map = np.clip(cv2.filter2D(drops, -1, kernel / 2.2), 0, 1)[..., None]
    return np.asarray(shown * (1 - 0.35 * rain_map) + 190.0 * 0.35 * rain_map, np.float32)
