"""Shapes that many actors share: soft blobs, scattered cards, mounds, drapes, umbrellas, tapered boxes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datasets.scenes import mesh
from datasets.scenes.mesh import Mesh, Points

Rng = np.random.Generator
Grid = npt.NDArray[np.float64]
Colour = Sequence[float]
Sizes = Sequence[float] | npt.NDArray[np.float64]


def tint(colour: Colour, roughness: float = 0.7, grain: float = 0.0, pattern: str = "") -> str:
    """The name of a material that is only a colour (linear RGB 0..1): `materials.look_of` reads it back."""
    rgb = ",".join(f"{min(max(float(c), 0.0), 1.0):.3f}" for c in colour)
    return f"tint:{rgb}:{roughness:.2f}:{grain:.2f}:{pattern}"


def role(name: str, body: Mesh) -> Mesh:
    """The mesh with all its materials under a role, such as `person.0` or `load`."""
    return Mesh(
        body.vertices, body.faces, body.material_ids, tuple(f"{name}={m.rpartition('=')[2]}" for m in body.materials)
    )


def pick(rng: Rng, colours: Sequence[Colour], spread: float = 0.2) -> tuple[float, float, float]:
    """One of the colours, made a little lighter or darker and a little off in hue."""
    base = np.asarray(colours[int(rng.integers(len(colours)))], np.float64)
    r, g, b = np.clip(base * rng.uniform(1 - spread, 1 + spread) * (1 + rng.normal(0, 0.05, 3)), 0.004, 0.8)
    return float(r), float(g), float(b)


def bumps(rng: Rng, rows: int, columns: int, knots: int) -> Grid:
    """Smooth noise of about unit size, (rows, columns): random values on a coarse grid, interpolated."""
    coarse = rng.normal(0, 1, (max(2, knots), max(2, knots))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float64)


def blob(rng: Rng, radii: Sizes, material: str, lumps: float = 0.12, sides: int = 14) -> Mesh:
    """A soft lump that lies on z = 0: a filled bag, a stone, a bundle."""
    rows, columns = sides // 2 + 2, sides + 1
    polar = np.linspace(0.0, np.pi, rows)[:, None]
    angle = np.linspace(0.0, 2 * np.pi, columns)[None]
    wave = 1.0 + lumps * bumps(rng, rows, columns, 5)
    wave[:, -1] = wave[:, 0]
    wave[0], wave[-1] = wave[0].mean(), wave[-1].mean()
    x = np.sin(polar) * np.cos(angle) * wave * radii[0]
    y = np.sin(polar) * np.sin(angle) * wave * radii[1]
    z = np.maximum(np.cos(polar) * wave * radii[2] + radii[2] * 0.8, 0.0) + 0 * angle
    return mesh.single(np.stack([x, y, z], -1).reshape(-1, 3), mesh.grid_faces(rows, columns), material)


def cards(rng: Rng, middles: Points, sizes: tuple[float, float], materials: Sequence[str], flat: float = 0.5) -> Mesh:
    """Scraps at `middles` (N, 3): crooked quads `sizes` m across, each of one of the materials; `flat` 1 lies down."""
    count = len(middles)
    normal = rng.normal(size=(count, 3)) * (1 - flat) + np.array([0, 0, 1.0]) * flat
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    u = np.cross(normal, rng.normal(size=(count, 3)))
    u /= np.linalg.norm(u, axis=1, keepdims=True) + 1e-9
    v = np.cross(normal, u)
    half = rng.uniform(sizes[0], sizes[1], (count, 1)) / 2
    long = half * rng.uniform(0.5, 1.6, (count, 1))
    bend = normal * half * rng.uniform(-0.5, 0.5, (count, 1))
    corners = np.stack([-u * half - v * long, u * half - v * long, u * half + v * long + bend, -u * half + v * long], 1)
    vertices = (corners + middles[:, None]).reshape(-1, 3)
    vertices[:, 2] = np.maximum(vertices[:, 2], 0.004)
    faces = np.arange(count * 4, dtype=np.int32).reshape(-1, 4)
    return Mesh(vertices, faces, rng.integers(0, len(materials), count).astype(np.int32), tuple(materials))


def field(x: Grid, y: Grid, z: Grid, materials: Sequence[str], rng: Rng | None = None) -> Mesh:
    """A surface over a grid of points, all (rows, columns); with `rng` each face takes one of the materials."""
    faces = mesh.grid_faces(*z.shape)
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    ids = np.zeros(len(faces), np.int32) if rng is None else rng.integers(0, len(materials), len(faces))
    return Mesh(vertices, faces, ids.astype(np.int32), tuple(materials))


def mound(rng: Rng, radii: tuple[float, float], height: float, materials: Sequence[str], cells: int = 22) -> Mesh:
    """A heap on z = 0 with a ragged outline; many materials give it the look of mixed waste."""
    u, v = np.meshgrid(np.linspace(-1, 1, cells), np.linspace(-1, 1, cells), indexing="ij")
    reach = np.hypot(u, v) / (1 + 0.16 * bumps(rng, cells, cells, 5))
    z = height * np.clip(1 - reach**1.6, 0, 1) * (1 + 0.25 * bumps(rng, cells, cells, 7))
    z += np.where(z > 0.01, rng.uniform(0, 0.12, z.shape) * height, 0.0)
    keep = np.clip(1.1 / np.maximum(reach, 1.1), 0, 1)  # the square's corners come in to the outline
    x, y = ((g * keep + rng.normal(0, 0.35 / cells, g.shape)) * r for g, r in ((u, radii[0]), (v, radii[1])))
    whole = field(x, y, np.maximum(z, 0.0), materials, rng)
    raised = whole.vertices[whole.faces][..., 2].max(1) > 0.03 * height
    return Mesh(whole.vertices, whole.faces[raised], whole.material_ids[raised], whole.materials)


def drape(
    rng: Rng, length: float, width: float, heights: Grid, hang: float, material: str, folds: float = 0.03
) -> Mesh:
    """A sheet over a box `length` x `width`: `heights` (rows, columns) inside, hanging down by `hang` outside."""
    rows, columns = heights.shape
    x = np.linspace(-length / 2 - hang, length / 2 + hang, rows + 4)
    y = np.linspace(-width / 2 - hang, width / 2 + hang, columns + 4)
    gx, gy = np.meshgrid(x, y, indexing="ij")
    z = cv2.resize(heights.astype(np.float32), (columns + 4, rows + 4), interpolation=cv2.INTER_LINEAR).astype(float)
    over = np.maximum(np.abs(gx) - length / 2, 0) + np.maximum(np.abs(gy) - width / 2, 0)
    z = z - np.minimum(over, hang) * rng.uniform(0.6, 1.1, z.shape) + folds * bumps(rng, len(z), z.shape[1], 9)
    gx = np.clip(gx, -length / 2 - 0.05, length / 2 + 0.05)
    gy = np.clip(gy, -width / 2 - 0.05, width / 2 + 0.05)
    return field(gx, gy, z, (material,))


def tapered(low: Sequence[float], high: Sequence[float], height: float, material: str, base: float = 0.0) -> Mesh:
    """An open frustum with a floor: from a rectangle `low` (x, y sizes) at `base` to `high`, `height` above."""
    rings = [
        [(sx * s[0] / 2, sy * s[1] / 2, z) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        for s, z in ((low, base), (high, base + height))
    ]
    vertices = np.array(rings[0] + rings[1], np.float64)
    faces = [[0, 3, 2, 1], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
    return mesh.single(vertices, np.array(faces, np.int32), material)


def slab(size: Sizes, at: Sequence[float], material: str) -> Mesh:
    """An upright box of `size` (x, y, z) whose bottom's middle is `at`."""
    x, y, z = at
    return mesh.box((x - size[0] / 2, y - size[1] / 2, z), (x + size[0] / 2, y + size[1] / 2, z + size[2]), material)


def drum(radius: float, height: float, at: Sequence[float], material: str, sides: int = 14) -> Mesh:
    """An upright cylinder, closed on top."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.stack([np.cos(angle) * radius, np.sin(angle) * radius], 1)
    rows = [np.c_[ring, np.zeros(len(angle))], np.c_[ring, np.full(len(angle), height)]]
    rows.append(np.c_[ring * 0.001, np.full(len(angle), height)])
    vertices = np.concatenate(rows) + np.asarray(at, np.float64)
    return mesh.single(vertices, mesh.grid_faces(3, sides + 1), material)


def umbrella(
    rng: Rng, radius: float, height: float, materials: Sequence[str], pole: str = "pole", panels: int = 8
) -> Mesh:
    """A sunshade with its pole, its rim at `height`; the panels take the materials in turn."""
    angle = np.linspace(0, 2 * np.pi, panels + 1)
    tip, sag = height + radius * float(rng.uniform(0.22, 0.4)), radius * 0.12
    parts = [mesh.limb((0, 0, 0), (0, 0, tip), (0.025, 0.02), pole, 7)]
    for k in range(panels):
        a, b = angle[k], angle[k + 1]
        rim = [(radius * np.cos(t), radius * np.sin(t), height) for t in (a, b)]
        hem = [(radius * 1.01 * np.cos(t), radius * 1.01 * np.sin(t), height - sag) for t in (a, b)]
        vertices = np.array([(0, 0, tip), rim[0], rim[1], hem[0], hem[1]], np.float64)
        faces = np.array([[0, 1, 2, 2], [1, 3, 4, 2]], np.int32)
        parts.append(mesh.single(vertices, faces, materials[k % len(materials)]))
    return mesh.join(parts)


def pile(rng: Rng, area: tuple[float, float], base: float, count: int, radius: float, materials: Sequence[str]) -> Mesh:
    """`count` fruits or the like on a rectangle `area`, heaped towards its middle."""
    parts = []
    for _ in range(count):
        u, v = rng.uniform(-1, 1, 2)
        z = base + radius * (0.6 + 2.2 * (1 - max(abs(u), abs(v))))
        size = radius * rng.uniform(0.8, 1.2)
        centre = (u * (area[0] / 2 - radius), v * (area[1] / 2 - radius), z)
        parts.append(mesh.ellipsoid(centre, (size,) * 3, str(materials[int(rng.integers(len(materials)))]), 6))
    return mesh.join(parts)
