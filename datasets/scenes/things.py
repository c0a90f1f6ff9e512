"""What stands about in streets and is nothing to report: it keeps a detector from calling everything rubbish."""

from __future__ import annotations

import numpy as np

from datasets.scenes import lookalikes, mesh, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint


def _cones(rng: Rng) -> Mesh:
    parts = []
    for k in range(int(rng.integers(1, 5))):
        red, white = tint((0.5, 0.1, 0.02), 0.5), tint((0.6, 0.6, 0.6), 0.5)
        at = (float(rng.normal(0, 0.1)), k * 1.3, 0.0)
        profile = [(0.2, 0.03), (0.15, 0.25), (0.1, 0.45), (0.05, 0.68)]
        for number, ((r, z), (_, top)) in enumerate(zip(profile, [*profile[1:], (0.0, 0.72)], strict=True)):
            parts.append(shapes.drum(r, top - z, (at[0], at[1], z), (red, white)[number % 2], 10))
        parts.append(shapes.slab((0.4, 0.4, 0.04), at, red))
    return mesh.join(parts)


def _planter(rng: Rng) -> Mesh:
    size = (float(rng.uniform(0.4, 0.8)), float(rng.uniform(0.5, 2.0)), float(rng.uniform(0.35, 0.6)))
    stone = tint(pick(rng, ((0.4, 0.38, 0.35), (0.3, 0.12, 0.07), (0.15, 0.15, 0.15))), 0.9)
    spots = rng.uniform(-0.5, 0.5, (160, 2)) * size[:2]
    middles = np.c_[spots, size[2] + rng.uniform(0, 0.4, 160)]
    leaves = shapes.cards(rng, middles, (0.08, 0.2), ("leaf_a", "leaf_b", "leaf_c"), 0.2)
    return mesh.join([shapes.slab(size, (0, 0, 0), stone), leaves])


def _cabinet(rng: Rng) -> Mesh:
    size = (float(rng.uniform(0.4, 0.7)), float(rng.uniform(0.6, 1.5)), float(rng.uniform(1.0, 1.7)))
    paint = tint(pick(rng, ((0.3, 0.33, 0.3), (0.5, 0.5, 0.48), (0.12, 0.2, 0.14))), 0.5)
    return mesh.join(
        [shapes.slab(size, (0, 0, 0.1), paint), shapes.slab((size[0] + 0.1, size[1] + 0.1, 0.1), (0, 0, 0), "kerb")]
    )


def _barrier(rng: Rng) -> Mesh:
    parts = []
    for k in range(int(rng.integers(1, 5))):
        paint = tint(((0.5, 0.06, 0.02), (0.55, 0.4, 0.02), (0.6, 0.6, 0.6))[k % 2 if rng.random() < 0.5 else 1], 0.5)
        parts.append(shapes.tapered((0.42, 1.2), (0.2, 1.2), 0.85, paint).moved((0, k * 1.25, 0)))
        parts.append(shapes.slab((0.2, 1.2, 0.02), (0, k * 1.25, 0.85), paint))
    return mesh.join(parts)


def _bench(rng: Rng) -> Mesh:
    wood = tint(pick(rng, ((0.3, 0.18, 0.09), (0.2, 0.12, 0.06))), 0.7)
    parts = [shapes.slab((0.1, 1.6, 0.03), (x, 0, 0.43), wood) for x in (-0.15, 0.0, 0.15)]
    parts += [shapes.slab((0.03, 1.6, 0.1), (-0.24, 0, z), wood) for z in (0.6, 0.75)]
    parts += [shapes.slab((0.45, 0.06, 0.43), (0, s * 0.65, 0), "pole") for s in (-1, 1)]
    return mesh.join(parts)


def _bollards(rng: Rng) -> Mesh:
    paint = tint(pick(rng, ((0.4, 0.4, 0.4), (0.5, 0.35, 0.03), (0.05, 0.05, 0.05))), 0.5)
    return mesh.join([shapes.drum(0.07, 0.7, (0, k * 1.4, 0), paint, 10) for k in range(int(rng.integers(2, 6)))])


def _shade(rng: Rng) -> Mesh:
    two = [
        tint(pick(rng, ((0.5, 0.04, 0.04), (0.03, 0.1, 0.35), (0.5, 0.5, 0.45), (0.03, 0.2, 0.08)))) for _ in range(2)
    ]
    return shapes.umbrella(rng, float(rng.uniform(1.0, 1.5)), 2.1, two)


def _board(rng: Rng) -> Mesh:
    paint = tint(pick(rng, ((0.55, 0.55, 0.5), (0.45, 0.03, 0.03), (0.02, 0.08, 0.3))), 0.5)
    return mesh.join(
        [shapes.slab((0.05, 0.7, 1.1), (0, 0, 0.1), paint), shapes.slab((0.4, 0.7, 0.06), (0, 0, 0.05), "trim")]
    )


MAKERS = (_cones, _planter, _cabinet, _barrier, _bench, _bollards, _shade, _board)


def thing(rng: Rng, state: str = "") -> Mesh:
    """Something harmless; `alike` is one of those that look like a stall, a bin or rubbish from afar."""
    makers = lookalikes.MAKERS if state == "alike" else MAKERS
    return makers[int(rng.integers(len(makers)))](rng)
