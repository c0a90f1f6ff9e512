"""Pictures by Blender (`bpy`): a background, and actors cut out with their shadows.

This is the only module that imports `bpy`, and only when a picture is wanted. Pictures are linear float32; what a
camera makes of them (exposure, tone, noise) is `look.py`'s business.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.scenes import actors, camera, lights, materials, street
from datasets.scenes.errors import SceneError
from datasets.scenes.mesh import Mesh
from datasets.scenes.spec import ActorSpec, CameraSpec, LightSpec, SceneSpec

Linear = npt.NDArray[np.float32]
FINE = 8  # rays per pixel of an actor from which a picture is for people to look at


def blender() -> Any:
    """The `bpy` module, or a `SceneError` that says how to get it."""
    try:
        import bpy  # noqa: PLC0415 - 900 MB that only a render needs
    except ImportError as error:
        raise SceneError(
            "rendering needs Blender as a Python module: make an environment of its own with Python 3.11 and "
            "`pip install -r datasets/scenes/requirements.txt`"
        ) from error
    return bpy


@dataclass(frozen=True, slots=True)
class Quality:
    """How long to render: samples per pixel for backgrounds and actors, and threads."""

    background: int = 48
    actor: int = 10
    threads: int = 1


class Studio:
    """One scene loaded into Blender; asks for pictures of it.

    Blender holds one scene per process, so a `Studio` empties it first: use one at a time.
    """

    def __init__(self, scene: SceneSpec, quality: Quality) -> None:
        self._bpy = blender()
        self._spec = scene
        self._quality = quality
        self._models: dict[tuple[str, float | None], Any] = {}
        self._bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = self._bpy.context.scene
        self._settings()
        _set_camera(self._bpy, scene.camera)
        lights.set_light(self._bpy, scene)
        parts = {"ground": street.ground(scene.street), "solids": street.solids(scene.street)}
        self._fixed = [self._add(name, mesh, None) for name, mesh in parts.items()]
        for parked in scene.parked:
            mesh = actors.placed(actors.model(parked.actor), parked.x, parked.y, parked.heading_deg, parked.z)
            self._fixed.append(self._add(parked.actor.id, mesh, parked.actor))

    def background(self) -> Linear:
        """The street without its moving actors: float32 (H, W, 3), linear RGB."""
        self._show(None)
        self._scene.render.film_transparent = False
        self._scene.cycles.samples = self._quality.background
        return self._render(None)[..., :3].copy()

    def actor(
        self,
        who: ActorSpec,
        pose: tuple[float, float, float, float],
        phase: float | None,
        box: tuple[int, int, int, int],
    ) -> Linear:
        """An actor at `pose` (x, y, z, heading degrees) with its shadow, inside `box` (x1, y1, x2, y2 pixels).

        Returns float32 (h, w, 4): premultiplied linear RGB and alpha; the shadow is black with some alpha, and what
        stands in front of the actor is cut out.
        """
        thing = self._model(who, phase)
        thing.location = pose[:3]
        thing.rotation_euler = (0.0, 0.0, float(np.radians(pose[3])))
        self._show(thing)
        self._scene.render.film_transparent = True
        self._scene.cycles.samples = self._samples((box[2] - box[0]) * (box[3] - box[1]))
        return self._render(box)

    def _samples(self, area: int) -> int:
        """Fewer rays a pixel for large cut-outs: the denoiser has more to go by, and they cost the most."""
        share = float(np.clip(np.sqrt(40_000 / area), 0.5, 1.0))
        return max(1, round(self._quality.actor * share))

    def _settings(self) -> None:
        render = self._scene.render
        render.engine = "CYCLES"
        cycles = self._scene.cycles
        cycles.device = "CPU"
        cycles.use_denoising = True
        cycles.denoiser = "OPENIMAGEDENOISE"
        if self._quality.actor < FINE:
            cycles.denoising_quality = "FAST"  # halves what a large cut-out costs
        cycles.denoising_prefilter = "FAST"  # a third of a small render's time otherwise goes into the guides
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 1, 2
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.use_adaptive_sampling = True
        cycles.adaptive_threshold = 0.03
        render.use_persistent_data = True
        render.threads_mode, render.threads = "FIXED", self._quality.threads
        render.resolution_x, render.resolution_y = self._spec.camera.width, self._spec.camera.height
        render.resolution_percentage = 100
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_mode, render.image_settings.color_depth = "RGBA", "32"
        render.image_settings.exr_codec = "NONE"
        self._scene.view_settings.view_transform = "Raw"

    def _model(self, who: ActorSpec, phase: float | None) -> Any:
        key = (repr(who), phase)
        if key not in self._models:
            self._models[key] = self._add(f"{who.id} {phase}", actors.model(who, phase), who)
        return self._models[key]

    def _show(self, only: Any | None) -> None:
        """With an actor: the street only catches what the actor does to it. Without: the street as it is."""
        for thing in self._fixed:
            thing.is_shadow_catcher = only is not None
        for thing in self._models.values():
            thing.hide_render = thing is not only

    def _add(self, name: str, mesh: Mesh, actor: ActorSpec | None) -> Any:
        return _add_object(self._bpy, name, mesh, actor, self._spec.light)

    def _render(self, box: tuple[int, int, int, int] | None) -> Linear:
        render = self._scene.render
        width, height = self._spec.camera.width, self._spec.camera.height
        render.use_border = render.use_crop_to_border = box is not None
        if box is not None:
            # Blender cuts the border's corners down to whole pixels: a quarter keeps them clear of rounding.
            render.border_min_x, render.border_max_x = (box[0] + 0.25) / width, (box[2] + 0.25) / width
            render.border_min_y, render.border_max_y = (
                (height - box[3] + 0.25) / height,
                (height - box[1] + 0.25) / height,
            )
        with tempfile.TemporaryDirectory() as folder:
            render.filepath = str(Path(folder) / "picture.exr")
            with _quiet():
                self._bpy.ops.render.render(write_still=True)
            return self._load(render.filepath)

    def _load(self, path: str) -> Linear:
        image = self._bpy.data.images.load(path)
        try:
            image.colorspace_settings.name = "Non-Color"
            image.alpha_mode = "CHANNEL_PACKED"  # the file is premultiplied and stays so
            pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
            image.pixels.foreach_get(pixels)
            return pixels.reshape(image.size[1], image.size[0], 4)[::-1].copy()
        finally:
            self._bpy.data.images.remove(image)


class _quiet:  # noqa: N801 - used as a keyword
    """Blender reports every sample on the process's standard output; not here."""

    def __enter__(self) -> None:
        self._kept = os.dup(1)
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.close(sink)

    def __exit__(self, *_: object) -> None:
        os.dup2(self._kept, 1)
        os.close(self._kept)


def _set_camera(bpy: Any, spec: CameraSpec) -> None:
    from mathutils import Matrix  # noqa: PLC0415 - comes with bpy

    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.angle = "HORIZONTAL", float(np.radians(spec.hfov_deg))
    thing = bpy.data.objects.new("camera", data)
    pose = np.eye(4)
    pose[:3, :3] = camera.axes(spec).T
    pose[:3, 3] = spec.position
    thing.matrix_world = Matrix(pose.tolist())
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = thing


def _add_object(bpy: Any, name: str, mesh: Mesh, actor: ActorSpec | None, light: LightSpec) -> Any:
    data = bpy.data.meshes.new(name)
    faces = [list(dict.fromkeys(face)) for face in mesh.faces.tolist()]
    data.from_pydata(mesh.vertices.tolist(), [], faces)
    for material in mesh.materials:
        data.materials.append(_material(bpy, material, actor, light))
    data.polygons.foreach_set("material_index", mesh.material_ids)
    data.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    data.set_sharp_from_angle(angle=float(np.radians(35)))
    data.update()
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _material(bpy: Any, name: str, actor: ActorSpec | None, light: LightSpec) -> Any:
    look = materials.look_of(name, actor, light)
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    values = {
        "Base Color": (*look.colour, 1.0),
        "Metallic": look.metallic,
        "Roughness": look.roughness,
        "Coat Weight": look.coat,
        "Coat Roughness": 0.04,
        "Emission Color": (*look.colour, 1.0),
        "Emission Strength": look.glow,
    }
    for key, value in values.items():
        shader.inputs[key].default_value = value
    if look.grain or look.pattern:
        _texture(material.node_tree, shader, look)
    return material


def _texture(tree: Any, shader: Any, look: materials.Look) -> None:
    """Colour grain of two sizes, multiplied with tiles, bricks or slats where the look asks for them."""
    nodes, links = tree.nodes, tree.links
    place = nodes.new("ShaderNodeTexCoord").outputs["Object"]
    colour = _grain(tree, place, look)
    if look.pattern in ("tiles", "bricks"):
        brick = nodes.new("ShaderNodeTexBrick")
        size = 1.0 if look.pattern == "tiles" else 2.2
        brick.inputs["Scale"].default_value = size
        brick.inputs["Color1"].default_value = (1, 1, 1, 1)
        brick.inputs["Color2"].default_value = (0.78, 0.76, 0.74, 1)
        brick.inputs["Mortar"].default_value = (0.5, 0.5, 0.5, 1)
        brick.inputs["Mortar Size"].default_value = 0.012
        source = place if look.pattern == "tiles" else _upright(tree, place)
        links.new(source, brick.inputs["Vector"])
        colour = _multiply(tree, colour, brick.outputs["Color"])
    if look.pattern == "slats":
        wave = nodes.new("ShaderNodeTexWave")
        wave.bands_direction = "Z"
        wave.inputs["Scale"].default_value = 3.0
        links.new(place, wave.inputs["Vector"])
        colour = _multiply(tree, colour, wave.outputs["Color"], 0.4)
    links.new(colour, shader.inputs["Base Color"])


def _grain(tree: Any, place: Any, look: materials.Look) -> Any:
    ramp = tree.nodes.new("ShaderNodeMixRGB")
    ramp.inputs["Color1"].default_value = (*(c * (1 - look.grain) for c in look.colour), 1)
    ramp.inputs["Color2"].default_value = (*(c * (1 + look.grain) for c in look.colour), 1)
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 1.0 / look.grain_m
    noise.inputs["Detail"].default_value = 4.0
    noise.inputs["Roughness"].default_value = 0.7
    tree.links.new(place, noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
    return ramp.outputs["Color"]


def _upright(tree: Any, place: Any) -> Any:
    """Object coordinates with z where a flat texture expects y, for walls."""
    split, merge = tree.nodes.new("ShaderNodeSeparateXYZ"), tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(place, split.inputs[0])
    tree.links.new(split.outputs["X"], merge.inputs["X"])
    tree.links.new(split.outputs["Z"], merge.inputs["Y"])
    return merge.outputs[0]


def _multiply(tree: Any, first: Any, second: Any, amount: float = 1.0) -> Any:
    mix = tree.nodes.new("ShaderNodeMixRGB")
    mix.blend_type = "MULTIPLY"
    mix.inputs["Fac"].default_value = amount
    tree.links.new(first, mix.inputs["Color1"])
    tree.links.new(second, mix.inputs["Color2"])
    return mix.outputs["Color"]
