"""Meshes as plain arrays: what the modellers make, the projector measures and the renderer draws.

Units are metres; x along the street, y across it, z up. A material is a name; `materials.py` says what it looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Quads = npt.NDArray[np.int32]
Point = Sequence[float] | Points


@dataclass(frozen=True, slots=True)
class Mesh:
    """Quads with one material each.

    `vertices` (V, 3) float64 metres, `faces` (F, 4) int32 (a triangle repeats its last corner), `material_ids` (F,)
    int32 into `materials`.
    """

    vertices: Points
    faces: Quads
    material_ids: npt.NDArray[np.int32]
    materials: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.vertices.ndim != 2 or self.vertices.shape[1] != 3:
            raise ValueError(f"vertices must be (V, 3), got {self.vertices.shape}")
        if self.faces.ndim != 2 or self.faces.shape[1] != 4:
            raise ValueError(f"faces must be (F, 4), got {self.faces.shape}")
        if self.material_ids.shape != (len(self.faces),):
            raise ValueError(f"material_ids must be ({len(self.faces)},), got {self.material_ids.shape}")

    def moved(self, offset: Sequence[float], turn_rad: float = 0.0) -> Mesh:
        """The same mesh, turned about z and then shifted by `offset` (3 metres)."""
        cos, sin = np.cos(turn_rad), np.sin(turn_rad)
        turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return Mesh(
            np.einsum("nj,kj->nk", self.vertices, turn) + np.asarray(offset),
            self.faces,
            self.material_ids,
            self.materials,
        )

    def only(self, names: Sequence[str]) -> Mesh:
        """The faces of some materials, with all vertices that they use and no others."""
        wanted = [number for number, name in enumerate(self.materials) if name in names]
        faces = self.faces[np.isin(self.material_ids, wanted)]
        used, fresh = np.unique(faces, return_inverse=True)
        ids = self.material_ids[np.isin(self.material_ids, wanted)]
        return Mesh(self.vertices[used], fresh.reshape(faces.shape).astype(np.int32), ids, self.materials)

    def without(self, names: Sequence[str]) -> Mesh:
        """The mesh less the faces of some materials."""
        return self.only([name for name in self.materials if name not in names])

    def scaled(self, factors: Sequence[float]) -> Mesh:
        """The same mesh stretched along x, y and z."""
        return Mesh(self.vertices * np.asarray(factors), self.faces, self.material_ids, self.materials)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of many; materials of the same name become one."""
    names = tuple(sorted({name for mesh in meshes for name in mesh.materials}))
    vertices, faces, ids, start = [], [], [], 0
    for mesh in meshes:
        lookup = np.array([names.index(name) for name in mesh.materials], np.int32)
        vertices.append(mesh.vertices)
        faces.append(mesh.faces + start)
        ids.append(lookup[mesh.material_ids])
        start += len(mesh.vertices)
    return Mesh(np.concatenate(vertices), np.concatenate(faces).astype(np.int32), np.concatenate(ids), names)


def grid_faces(rows: int, columns: int) -> Quads:
    """Faces of a grid of `rows` x `columns` vertices numbered row by row: ((rows-1)*(columns-1), 4)."""
    first = np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None, :]
    first = first.reshape(-1)
    return np.stack([first, first + 1, first + columns + 1, first + columns], axis=1).astype(np.int32)


def single(vertices: Points, faces: Quads, material: str) -> Mesh:
    """A mesh of one material."""
    return Mesh(vertices, faces, np.zeros(len(faces), np.int32), (material,))


def box(low: Point, high: Point, material: str) -> Mesh:
    """An upright box between two corners."""
    corners = np.array([[x, y, z] for z in (low[2], high[2]) for y in (low[1], high[1]) for x in (low[0], high[0])])
    faces = np.array(
        [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]],
        np.int32,
    )
    return single(corners.astype(np.float64), faces, material)


def rectangle(low: Point, high: Point, z: float, material: str) -> Mesh:
    """A flat rectangle at height `z`, seen from above."""
    corners = np.array([[low[0], low[1], z], [high[0], low[1], z], [high[0], high[1], z], [low[0], high[1], z]])
    return single(corners.astype(np.float64), np.array([[0, 1, 2, 3]], np.int32), material)


def limb(start: Point, end: Point, radii: tuple[float, float], material: str, sides: int = 12) -> Mesh:
    """A tapered tube with round ends from `start` to `end`."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    length = float(np.linalg.norm(b - a)) or 1e-6
    axis = (b - a) / length
    side = np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[1]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    caps = np.linspace(0.0, np.pi / 2, 4)
    along = np.concatenate([-radii[0] * np.cos(caps), length + radii[1] * np.sin(caps)])
    radius = np.concatenate([radii[0] * np.sin(caps), radii[1] * np.cos(caps)])
    angle = np.linspace(0.0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other
    vertices = a + along[:, None, None] * axis + radius[:, None, None] * ring[None]
    return single(vertices.reshape(-1, 3), grid_faces(len(along), sides + 1), material)


def ellipsoid(centre: Sequence[float], radii: Sequence[float], material: str, sides: int = 16) -> Mesh:
    """An ellipsoid with its axes along x, y and z."""
    polar = np.linspace(0.0, np.pi, sides // 2 + 1)
    angle = np.linspace(0.0, 2 * np.pi, sides + 1)
    unit = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(angle)[None],
            np.sin(polar)[:, None] * np.sin(angle)[None],
            np.broadcast_to(np.cos(polar)[:, None], (len(polar), len(angle))),
        ],
        axis=-1,
    )
    vertices = np.asarray(centre) + unit.reshape(-1, 3) * np.asarray(radii)
    return single(vertices, grid_faces(len(polar), len(angle)), material)


def lathe(profile: Sequence[tuple[float, float, str]], centre: Sequence[float], sides: int = 28) -> Mesh:
    """A body turned about the y axis: `profile` is (y, radius, material of the band that follows), metres."""
    angle = np.linspace(0.0, 2 * np.pi, sides + 1)
    parts = []
    for (y0, r0, material), (y1, r1, _) in pairwise(profile):
        rings = [
            np.stack([r * np.cos(angle), np.full_like(angle, y), r * np.sin(angle)], 1) for y, r in ((y0, r0), (y1, r1))
        ]
        parts.append(single(np.concatenate(rings) + np.asarray(centre), grid_faces(2, sides + 1), material))
    return join(parts)


def torus(centre: Sequence[float], radius: float, thickness: float, material: str, sides: int = 24) -> Mesh:
    """A ring about the y axis, such as a bicycle tyre."""
    angle = np.linspace(0.0, 2 * np.pi, sides + 1)
    tube = np.linspace(0.0, 2 * np.pi, 9)
    reach = radius + thickness * np.cos(tube)
    vertices = np.stack(
        [
            np.cos(angle)[:, None] * reach[None],
            np.broadcast_to(thickness * np.sin(tube), (len(angle), len(tube))),
            np.sin(angle)[:, None] * reach[None],
        ],
        axis=-1,
    )
    return single(vertices.reshape(-1, 3) + np.asarray(centre), grid_faces(len(angle), len(tube)), material)
