"""From an actor's spec to its mesh, at a pose."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from datasets.scenes import bodies, people
from datasets.scenes.errors import SceneError
from datasets.scenes.mesh import Mesh
from datasets.scenes.spec import CLASS_OF_KIND, ActorSpec


def model(actor: ActorSpec, phase: float | None = None) -> Mesh:
    """The actor's mesh at the origin, looking towards +x; `phase` of the walk for people, None when they stand."""
    if actor.kind not in CLASS_OF_KIND:
        raise SceneError(f"actor {actor.id}: no model for kind {actor.kind!r}, there are {', '.join(CLASS_OF_KIND)}")
    return _shape(actor.kind, phase if actor.kind == "person" else None, actor.scale)


@lru_cache(maxsize=128)  # a shape is pure, and a clip asks for the same few thousands of times
def _shape(kind: str, phase: float | None, scale: float) -> Mesh:
    if kind == "person":
        mesh = people.person(phase or 0.0, 0.0 if phase is None else 0.36)
    elif kind == "bicycle":
        mesh = people.bicycle()
    elif kind == "motorcycle":
        mesh = people.motorcycle()
    else:
        mesh = bodies.vehicle(kind)
    return mesh.scaled((scale,) * 3)


RIDER = ("shirt", "trousers", "skin", "hair", "helmet", "shoe")


def labelled_parts(actor: ActorSpec) -> tuple[tuple[str, str, tuple[str, ...] | None], ...]:
    """What a detector should find of an actor: (id, label, materials or None for all).

    Somebody on two wheels is a person and a machine, each with a box of its own, as COCO labels them.
    """
    if actor.kind not in ("bicycle", "motorcycle"):
        return ((actor.id, actor.label, None),)
    machine = tuple(name for name in model(actor).materials if name not in RIDER)
    return (actor.id, actor.label, machine), (f"{actor.id}/rider", "person", RIDER)


def placed(mesh: Mesh, x: float, y: float, heading_deg: float, z: float = 0.0) -> Mesh:
    """A mesh at a pose on the street."""
    return mesh.moved((x, y, z), float(np.radians(heading_deg)))
