"""Random places for stills: the street, the camera that watches it, the hour and the weather, all from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datasets.scenes.shapes import Rng, pick, tint
from datasets.scenes.spec import CameraSpec, LightSpec, SceneSpec, StreetSpec

THEMES = ("street", "alley", "market", "site", "gantry", "close")
_ROADS = ((0.075, 0.076, 0.08), (0.05, 0.05, 0.055), (0.2, 0.19, 0.175), (0.13, 0.125, 0.12), (0.26, 0.25, 0.23))
_PAVINGS = ((0.27, 0.235, 0.215), (0.3, 0.29, 0.27), (0.28, 0.12, 0.08), (0.2, 0.2, 0.2), (0.33, 0.27, 0.16))
_FENCES = ((0.03, 0.12, 0.35), (0.04, 0.22, 0.08), (0.5, 0.5, 0.48), (0.45, 0.35, 0.05))
_SIZES = ((640, 360), (640, 360), (640, 360), (768, 432))


def random_scene(seed: int, theme: str) -> SceneSpec:
    """A street of a theme with its camera, light and weather."""
    rng = np.random.default_rng([seed, 7])
    street = _layout(rng, seed, theme)
    view = _camera(rng, theme, street)
    # A crown in front of the lens would hide everything.
    clear = tuple((x, y) for x, y in street.trees if np.hypot(x - view.position[0], y - view.position[1]) > 7.0)
    return SceneSpec(view, random_light(rng), replace(street, trees=clear))


def _layout(rng: Rng, seed: int, theme: str) -> StreetSpec:
    half = float(
        rng.choice(
            {"alley": [1.9, 2.6, 3.4], "site": [5.6, 7.2], "gantry": [5.6, 7.2, 8.8]}.get(theme, [4.6, 5.6, 7.2])
        )
    )
    walk = float(rng.choice([1.2, 1.8] if theme == "alley" else [2.6, 4.0, 6.0]))
    trees = [
        (x + float(rng.normal(0, 1)), side * (half + 1.0))
        for side in (-1, 1)
        for x in range(-20, 60, 11)
        if rng.random() < (0.15 if theme in ("alley", "gantry") else 0.5)
    ]
    lamps = tuple((float(x), half + 0.6) for x in range(4, 60, 22)) if rng.random() < 0.6 else ()
    return StreetSpec(
        seed,
        road_half_m=half,
        pavement_m=walk,
        trees=tuple(trees),
        lamps=lamps,
        crossing_x=float(rng.uniform(2, 18)) if rng.random() < 0.35 and theme != "alley" else None,
        no_stopping=(0.0, 30.0, 1.0) if rng.random() < 0.3 else None,
        greenery=bool(rng.random() < 0.5),
        road=tint(pick(rng, _ROADS, 0.15), 0.9, 0.35),
        paving=tint(pick(rng, _PAVINGS, 0.15), 0.85, 0.3, "tiles" if rng.random() < 0.8 else ""),
        hoarding=tint(pick(rng, _FENCES), 0.6, 0.05) if theme == "site" else "",
    )


def _camera(rng: Rng, theme: str, street: StreetSpec) -> CameraSpec:
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    front = street.road_half_m + street.pavement_m
    if theme == "gantry":
        position = (
            float(rng.uniform(-2, 0)),
            float(rng.uniform(-0.7, 0.7)) * street.road_half_m,
            float(rng.uniform(4.5, 8)),
        )
        target = (float(rng.uniform(9, 20)), position[1] + float(rng.normal(0, 1.2)), float(rng.uniform(0.5, 1.5)))
        return CameraSpec(position, target, float(rng.uniform(28, 60)), width, height)
    if theme == "watch":  # across the road at the pavement, as a camera that watches one kerb
        side = float(rng.choice([-1.0, 1.0]))
        position = (
            float(rng.uniform(-6, -1)),
            -side * float(rng.uniform(0, 0.9)) * front,
            float(rng.uniform(3.0, 8.5)),
        )
        target = (float(rng.uniform(5, 12)), side * (street.road_half_m + float(rng.uniform(-2.0, 1.5))), 0.5)
        return CameraSpec(position, target, float(rng.uniform(42, 68)), width, height)
    if theme == "close":  # a low camera over a corner where people leave things
        side = float(rng.choice([-1.0, 1.0]))
        position = (
            float(rng.uniform(-3, 0)),
            float(rng.uniform(-0.8, 0.9)) * side * front,
            float(rng.uniform(1.8, 5.0)),
        )
        target = (float(rng.uniform(2.0, 6.0)), side * (street.road_half_m + float(rng.uniform(-0.5, 1.5))), 0.4)
        return CameraSpec(position, target, float(rng.uniform(45, 80)), width, height)
    high = float(rng.choice([rng.uniform(2.2, 3.5), rng.uniform(3.2, 7.0), rng.uniform(7.0, 14.0)], p=[0.3, 0.5, 0.2]))
    y = float(rng.uniform(-0.85, 0.85)) * front
    reach = float(rng.uniform(5.0, 18.0)) if high < 7 else float(rng.uniform(7.0, 20.0))
    across = float(np.clip(rng.normal(0, 0.5), -0.9, 0.9)) * front
    target = (reach, across, 0.5)
    return CameraSpec((float(rng.uniform(-4, 0)), y, high), target, float(rng.uniform(45, 86)), width, height)


def other_weather(rng: Rng, light: LightSpec) -> LightSpec:
    """The same hour, otherwise exposed; where no sun shines also other haze and rain. Nothing is rendered anew."""
    haze, rain = light.haze_m, light.rain
    if light.sun == 0.0:
        haze = float(rng.uniform(120, 300)) if rng.random() < 0.3 else 0.0
        rain = float(rng.uniform(0.3, 1.0)) if light.wet and rng.random() < 0.6 else 0.0
    warmth = float(np.clip(light.warmth + rng.normal(0, 0.05), -0.2, 0.5))
    return replace(
        light, brightness=light.brightness * float(rng.uniform(0.85, 1.2)), warmth=warmth, haze_m=haze, rain=rain
    )


def random_light(rng: Rng) -> LightSpec:
    """An hour and a weather: one scene in four by night, one in six in rain, one in six in haze."""
    night = float(rng.uniform(0.5, 1.6)) if rng.random() < 0.27 else 0.0
    rain = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.16 else 0.0
    haze = float(rng.uniform(70, 300)) if rng.random() < 0.12 or rain > 0.6 else 0.0
    wet = float(rng.uniform(0.5, 1.0)) if rain else float(rng.uniform(0.3, 0.9)) if rng.random() < 0.08 else 0.0
    sun = 0.0 if rain or haze or rng.random() < 0.35 else float(rng.uniform(0.5, 1.0))
    elevation = float(rng.uniform(8, 65))
    warmth = float(rng.uniform(0, 0.5)) if elevation < 20 and not night else float(rng.uniform(-0.12, 0.12))
    bright = float(rng.uniform(0.28, 0.6)) if night else float(rng.uniform(0.6, 1.25))
    return LightSpec(elevation, float(rng.uniform(-180, 180)), sun, warmth, bright, night, wet, haze, rain)
