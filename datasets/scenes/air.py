"""A street's picture as its weather and its lamps leave it: cut-outs over a background, in linear light, developed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.scenes import camera, look, weather
from datasets.scenes.paths import Pose
from datasets.scenes.spec import ActorSpec, SceneSpec
from datasets.scenes.sprites import Sprite
from datasets.scenes.truth import Xyxy

Linear = npt.NDArray[np.float32]
LENGTHS = {"sedan": 4.6, "hatchback": 4.1, "suv": 4.6, "van": 4.9, "bus": 11.2, "truck": 7.4, "plain_truck": 8.0}
LENGTHS |= {"dump_truck": 8.5, "motorcycle": 1.9, "tricycle": 2.6}
REFLECTED = 0.35
BEAM = 0.1


@dataclass(frozen=True, slots=True)
class Shown:
    """An actor in a picture: how to get its cut-out, and the (id, label, box) of each of its labelled parts."""

    actor: ActorSpec
    pose: Pose
    rendered: Pose
    parts: tuple[tuple[str, str, Xyxy], ...]
    distance: float


def layer(picture: Linear, sprite: Sprite) -> None:
    """Lay a cut-out over a linear picture, in place."""
    h, w = sprite.rgba.shape[:2]
    part = picture[sprite.y : sprite.y + h, sprite.x : sprite.x + w]
    part *= 1.0 - sprite.rgba[..., 3:]
    part += sprite.rgba[..., :3]


class Air:
    """Lays cut-outs over one street: haze, headlights on the road, mirror images on wet ground, glare."""

    def __init__(self, scene: SceneSpec, background: Linear, gain: float, developer: look.Developer) -> None:
        self._scene, self._gain, self._developer = scene, gain, developer
        self._veil = weather.veil(background, scene.light)
        self._background = weather.hazed(background, scene)

    @property
    def is_clear(self) -> bool:
        """A dry, clear day, on which a picture is only its background and the cut-outs."""
        light = self._scene.light
        return not (light.night or light.wet or light.haze_m or light.rain)

    def linear(self, cut: Sequence[tuple[Shown, Sprite]]) -> Linear:
        """The street with the cut-outs, the farthest first, as linear light without its glare."""
        scene, picture = self._scene, self._background.copy()
        if scene.light.night:
            for item, _ in cut:
                if item.actor.kind in LENGTHS:
                    length = LENGTHS[item.actor.kind]
                    weather.headlights(picture, scene.camera, item.pose, length, BEAM / self._gain)
        for item, sprite in cut:
            self._lay(picture, item, sprite)
        return picture

    def _lay(self, picture: Linear, item: Shown, sprite: Sprite) -> None:
        view, light = self._scene.camera, self._scene.light
        foot = camera.project(view, np.array([[item.pose.x, item.pose.y, item.pose.z]]))[0][0, 1]
        weather.reflect(picture, sprite, float(foot), REFLECTED * light.wet)
        reach = float(np.hypot(item.distance, view.position[2]))
        layer(picture, weather.hazed_sprite(sprite, reach, self._veil, light.haze_m))

    def develop(self, cut: Sequence[tuple[Shown, Sprite]], dim: Linear) -> npt.NDArray[np.float32]:
        """The developed picture (BGR float32 0..255) without noise; `dim` is the lens's vignette."""
        return self._developer.develop(weather.bloom(self.linear(cut), self._gain) * dim)
