"""Cargo tricycles, as street vendors, couriers and waste collectors ride them; the front looks towards +x."""

from __future__ import annotations

from datasets.scenes import mesh, people, rubbish, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint

BED_X, BED_Z = -0.65, 0.52
_PAINT = (
    (0.02, 0.1, 0.35),
    (0.35, 0.02, 0.02),
    (0.02, 0.2, 0.08),
    (0.5, 0.2, 0.01),
    (0.3, 0.3, 0.31),
    (0.1, 0.1, 0.11),
)


def machine(rng: Rng, ride: str = "ride") -> Mesh:
    """The tricycle; `ride` adds its rider (role `person.0`), `stand` leaves it alone."""
    paint = tint(pick(rng, _PAINT), 0.4)
    front, rear, r = 0.95, -0.75, 0.27
    parts = [mesh.torus((front, 0, r), r - 0.05, 0.055, "tyre"), *people.spokes(front, r, 6)]
    parts += [mesh.torus((rear, s * 0.5, r), r - 0.05, 0.06, "tyre") for s in (-1, 1)]
    parts += [
        mesh.lathe(
            [(-0.03, 0.0, "hub"), (-0.03, 0.14, "hub"), (0.03, 0.14, "hub"), (0.03, 0.0, "hub")], (rear, s * 0.5, r), 10
        )
        for s in (-1, 1)
    ]
    parts += [
        mesh.limb((front, 0, r), (0.72, 0, 0.98), (0.035, 0.03), paint, 8),
        mesh.limb((0.7, -0.33, 1.02), (0.7, 0.33, 1.02), (0.018, 0.018), "trim", 7),
        mesh.limb((0.78, 0, 0.55), (0.1, 0, 0.36), (0.04, 0.04), paint, 8),
        shapes.slab((0.55, 0.4, 0.05), (0.35, 0, 0.3), "trim"),
        shapes.slab((0.4, 0.46, 0.42), (0.02, 0, 0.34), paint),
        mesh.ellipsoid((0.02, 0, 0.8), (0.24, 0.26, 0.07), "trim", 10),
        shapes.slab((0.1, 0.3, 0.35), (0.84, 0, 0.6), paint),
        mesh.ellipsoid((0.9, 0, 0.86), (0.05, 0.08, 0.07), "headlamp", 8),
    ]
    parts += _bed(rng, paint)
    if rng.random() < 0.3:
        parts += _shed(rng)
    if ride == "ride":
        rider = mesh.join(
            people.rider((0.02, 0.85), (0.68, 1.05), (0.4, 0.36), "hair" if rng.random() < 0.6 else "helmet")
        )
        parts.append(shapes.role("person.0", rider))
    return mesh.join(parts)


def _bed(rng: Rng, paint: str) -> list[Mesh]:
    side = float(rng.uniform(0.12, 0.4))
    long, wide = 1.45, 1.0
    floor = shapes.slab((long, wide, 0.06), (BED_X, 0, BED_Z), paint)
    walls = [shapes.slab((long, 0.035, side), (BED_X, s * wide / 2, BED_Z), paint) for s in (-1, 1)]
    walls += [shapes.slab((0.035, wide, side), (BED_X + s * long / 2, 0, BED_Z), paint) for s in (-1, 1)]
    lamps = [shapes.slab((0.03, 0.12, 0.08), (BED_X - long / 2 - 0.02, s * 0.4, BED_Z), "taillamp") for s in (-1, 1)]
    frame = shapes.slab((1.5, 0.6, 0.12), (BED_X, 0, 0.36), "under")
    return [floor, *walls, *lamps, frame]


def _shed(rng: Rng) -> list[Mesh]:
    """A rain roof over the rider."""
    cloth = tint(pick(rng, (*_PAINT, (0.5, 0.5, 0.48))), 0.6)
    posts = [
        mesh.limb((x, s * 0.4, 0.5), (x, s * 0.4, 1.75), (0.015, 0.015), "pole", 6)
        for x in (0.75, -0.1)
        for s in (-1, 1)
    ]
    return [*posts, shapes.slab((1.2, 0.95, 0.04), (0.35, 0, 1.75), cloth)]


def _cargo(rng: Rng) -> list[Mesh]:
    style = str(rng.choice(["none", "cartons", "bags", "cabinet", "goods", "drums"]))
    base = BED_Z + 0.06
    if style == "cabinet":  # a courier's closed box
        size = (1.35, 0.95, float(rng.uniform(0.7, 1.05)))
        return [
            shapes.slab(size, (BED_X, 0, base), tint(pick(rng, (*_PAINT, (0.55, 0.55, 0.53), (0.5, 0.4, 0.03))), 0.4))
        ]
    parts = []
    for _ in range(0 if style == "none" else int(rng.integers(4, 12))):
        spot = (
            BED_X + float(rng.uniform(-0.5, 0.5)),
            float(rng.uniform(-0.32, 0.32)),
            base + float(rng.uniform(0, 0.35)),
        )
        if style == "cartons":
            parts.append(rubbish.carton(rng).moved(spot))
        elif style == "bags":
            parts.append(rubbish.bag(rng, 1.2).moved(spot))
        elif style == "drums":
            parts.append(
                shapes.drum(
                    0.15, 0.42, (*spot[:2], base), tint(pick(rng, ((0.1, 0.25, 0.5), (0.5, 0.5, 0.5))), 0.3), 10
                )
            )
        else:
            parts.append(shapes.slab(rng.uniform(0.15, 0.45, 3), spot, tint(pick(rng, (*_PAINT, (0.5, 0.4, 0.25))))))
    return parts


def model(state: str, rng: Rng) -> Mesh:
    """A tricycle with some cargo; `state` is ride (default) or stand."""
    return mesh.join([machine(rng, state or "ride"), *_cargo(rng)])
