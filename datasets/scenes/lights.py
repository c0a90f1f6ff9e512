"""Where Blender's light comes from: sun and sky by day, street lamps and lit windows by night."""

from __future__ import annotations

from typing import Any

import numpy as np

from datasets.scenes.spec import LightSpec, SceneSpec

LAMP_EVERY_M = 22.0


def set_light(bpy: Any, scene: SceneSpec) -> None:
    """The light of a scene, by day or by night."""
    if scene.light.night:
        _night_sky(bpy, scene.light)
        _lamps(bpy, scene)
    else:
        _set_sky(bpy, scene.light)


def lamp_places(scene: SceneSpec) -> list[tuple[float, float]]:
    """The lamps that give light, (x, y): the street's own and, where it has none, a row out of sight above it."""
    if scene.street.lamps:
        return [(x, y + (-1.8 if y > 0 else 1.8)) for x, y in scene.street.lamps]
    first = float(np.random.default_rng(scene.street.seed).uniform(-14, 4))
    side = scene.street.road_half_m - 1.0
    return [(first + k * LAMP_EVERY_M, side if k % 2 else -side) for k in range(4)]


def _night_sky(bpy: Any, light: LightSpec) -> None:
    world = bpy.data.worlds.new("night")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.35, 0.4, 0.6, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.06 * light.night
    bpy.context.scene.world = world


def _lamps(bpy: Any, scene: SceneSpec) -> None:
    rng = np.random.default_rng([scene.street.seed, 3])
    warm = (1.0, 0.62, 0.28) if rng.random() < 0.5 else (0.95, 0.97, 1.0)
    for x, y in lamp_places(scene):
        data = bpy.data.lights.new("lamp", "SPOT")
        data.energy, data.color = float(rng.uniform(900, 2200)) * scene.light.night, warm
        data.spot_size, data.spot_blend, data.shadow_soft_size = float(np.radians(155)), 0.6, 0.25
        thing = bpy.data.objects.new("lamp", data)
        thing.location = (x, y, 7.1)
        bpy.context.scene.collection.objects.link(thing)


def _set_sky(bpy: Any, light: LightSpec) -> None:
    """A Nishita sky, and over it a veil of even grey for clouds."""
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    sky = nodes.new("ShaderNodeTexSky")
    sky.sky_type = "NISHITA"
    sky.sun_disc = light.sun > 0.05
    sky.sun_elevation = float(np.radians(light.elevation_deg))
    sky.sun_rotation = float(np.radians(light.azimuth_deg))
    sky.sun_size = float(np.radians(0.545 + 14.0 * (1 - light.sun)))
    sky.sun_intensity = max(0.02, light.sun) ** 1.5
    sky.dust_density = 1.0 + 3.0 * (1 - light.sun)
    mix = nodes.new("ShaderNodeMixRGB")
    mix.inputs["Fac"].default_value = 0.75 * (1 - light.sun)
    mix.inputs["Color2"].default_value = (3.2, 3.3, 3.5, 1.0)
    links.new(sky.outputs["Color"], mix.inputs["Color1"])
    links.new(mix.outputs["Color"], nodes["Background"].inputs["Color"])
    nodes["Background"].inputs["Strength"].default_value = 0.2
    bpy.context.scene.world = world
