"""From an actor's spec to its mesh, at a pose."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from datasets.scenes import bodies, crowd, muck, people, rubbish, stalls, things, tricycles
from datasets.scenes.errors import SceneError
from datasets.scenes.mesh import Mesh
from datasets.scenes.spec import CLASS_OF_KIND, CLASSES, ActorSpec


def model(actor: ActorSpec, phase: float | None = None) -> Mesh:
    """The actor's mesh at the origin, looking towards +x; `phase` of the walk for people, None when they stand."""
    if actor.kind not in CLASS_OF_KIND:
        raise SceneError(f"actor {actor.id}: no model for kind {actor.kind!r}, there are {', '.join(CLASS_OF_KIND)}")
    walk = phase if actor.kind == "person" else None
    return _shape(actor.kind, walk, actor.scale, actor.variant, actor.state)


@lru_cache(maxsize=128)  # a shape is pure, and a clip asks for the same few thousands of times
def _shape(kind: str, phase: float | None, scale: float, variant: int, state: str) -> Mesh:
    if kind == "person":
        mesh = people.person(phase or 0.0, 0.0 if phase is None else 0.36)
    elif kind in ("bicycle", "motorcycle"):
        mesh = people.bicycle() if kind == "bicycle" else people.motorcycle()
        mesh = mesh.without(RIDER) if state == "alone" else mesh
    elif kind in ("sedan", "hatchback", "suv", "van", "bus", "truck"):
        mesh = bodies.vehicle(kind)
    else:
        mesh = _seeded(kind, state, np.random.default_rng(variant))
    return mesh.scaled((scale,) * 3)


def _seeded(kind: str, state: str, rng: np.random.Generator) -> Mesh:
    """The kinds that come in many shapes."""
    makers = {
        "dump_truck": muck.dump_truck,
        "plain_truck": muck.plain_truck,
        "tricycle": tricycles.model,
        "stall": stalls.stall,
    }
    if kind in makers:
        return makers[kind](state, rng)
    if kind == "figure":
        posture, _, shade = state.partition("+")
        return crowd.figure(rng, posture or "stand", umbrella=bool(shade))
    return things.thing(rng, state) if kind == "thing" else rubbish.model(kind, state, rng)


RIDER = ("shirt", "trousers", "skin", "hair", "helmet", "shoe")
Part = tuple[str, str, tuple[str, ...] | None]


def labelled_parts(actor: ActorSpec, phase: float | None = None) -> tuple[Part, ...]:
    """What a detector should find of an actor: (id, label, materials or None for all).

    Somebody on two wheels is a person and a machine, each with a box of its own, as COCO labels them. A material
    whose role is `class.number` belongs to a thing of that class; `spill` belongs to nothing.
    """
    names = _used(model(actor, phase))
    if actor.kind in ("bicycle", "motorcycle"):
        machine = tuple(name for name in names if name not in RIDER)
        if len(machine) == len(names):
            return ((actor.id, actor.label, None),)
        return (actor.id, actor.label, machine), (f"{actor.id}/rider", "person", RIDER)
    own = tuple(name for name in names if _role(name).partition(".")[0] not in (*CLASSES, "spill"))
    parts: list[Part] = []
    if actor.label and own:
        parts.append((actor.id, actor.label, None if len(own) == len(names) else own))
    roles = sorted({_role(name) for name in names if _role(name).partition(".")[0] in CLASSES})
    others = [(f"{actor.id}/{r}", r.partition(".")[0], tuple(n for n in names if _role(n) == r)) for r in roles]
    return (*parts, *others)


def _used(mesh: Mesh) -> tuple[str, ...]:
    return tuple(mesh.materials[k] for k in np.unique(mesh.material_ids))


def _role(material: str) -> str:
    return material.partition("=")[0] if "=" in material else ""


@lru_cache(maxsize=256)
def outlines(actor: ActorSpec, phase: float | None = None) -> tuple[tuple[str, str, Mesh], ...]:
    """The labelled parts as (id, label, the few vertices that bound it), the whole first with an empty id."""
    mesh = model(actor, phase)
    parts = labelled_parts(actor, phase)
    shapes = ((part_id, label, mesh if names is None else mesh.only(names)) for part_id, label, names in parts)
    return tuple((part_id, label, outline(shape)) for part_id, label, shape in (("", "", mesh), *shapes))


def outline(mesh: Mesh) -> Mesh:
    """The vertices that reach farthest in 600 directions: they bound the same box in any picture, to less than 1 mm."""
    golden, count = np.pi * (3 - np.sqrt(5)), 600
    z = 1 - 2 * (np.arange(count) + 0.5) / count
    around = np.sqrt(1 - z * z)
    ways = np.stack([around * np.cos(golden * np.arange(count)), around * np.sin(golden * np.arange(count)), z])
    reach = mesh.vertices.astype(np.float32) @ ways.astype(np.float32)
    used = mesh.vertices[np.unique(reach.argmax(0))] if len(mesh.vertices) else mesh.vertices
    return Mesh(used, np.zeros((0, 4), np.int32), np.zeros(0, np.int32), ())


def placed(mesh: Mesh, x: float, y: float, heading_deg: float, z: float = 0.0) -> Mesh:
    """A mesh at a pose on the street."""
    return mesh.moved((x, y, z), float(np.radians(heading_deg)))
