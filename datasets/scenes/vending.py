"""Stalls: carts, ground cloths, tables, vendors' tricycles and shops that spill over onto the pavement.

The selling side looks towards +x, the vendor stands at -x.
"""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh, shapes, tricycles
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint

BRIGHT = (
    (0.5, 0.03, 0.03),
    (0.02, 0.1, 0.42),
    (0.02, 0.28, 0.1),
    (0.6, 0.4, 0.03),
    (0.55, 0.18, 0.02),
    (0.6, 0.6, 0.58),
    (0.35, 0.08, 0.3),
    (0.05, 0.35, 0.4),
)
STEEL = ((0.45, 0.46, 0.47), (0.3, 0.31, 0.32))
WOOD = ((0.3, 0.18, 0.09), (0.4, 0.28, 0.15))
FRUIT = (
    (0.55, 0.2, 0.01),
    (0.5, 0.04, 0.03),
    (0.2, 0.35, 0.03),
    (0.6, 0.45, 0.04),
    (0.12, 0.02, 0.1),
    (0.06, 0.2, 0.04),
    (0.5, 0.42, 0.3),
    (0.35, 0.18, 0.06),
)


def fruits(rng: Rng) -> list[str]:
    """Two materials of fruit or vegetables."""
    return [tint(pick(rng, FRUIT), 0.4) for _ in range(2)]


def crate(rng: Rng, size: tuple[float, float, float] = (0.5, 0.38, 0.26)) -> Mesh:
    """A crate with fruit or vegetables heaped in it."""
    box = tint(pick(rng, BRIGHT if rng.random() < 0.5 else WOOD), 0.7)
    heap = shapes.pile(rng, (size[0], size[1]), size[2] * 0.75, 20, float(rng.uniform(0.035, 0.06)), fruits(rng))
    return mesh.join([shapes.tapered((size[0] * 0.9, size[1] * 0.9), size[:2], size[2], box), heap])


def _steamer(rng: Rng, at: tuple[float, float, float]) -> Mesh:
    """A pot on a stove with bamboo baskets stacked on it."""
    x, y, z = at
    radius = float(rng.uniform(0.2, 0.3))
    parts = [shapes.drum(radius, 0.22, at, tint(pick(rng, STEEL), 0.3), 14)]
    level = z + 0.22
    for _ in range(int(rng.integers(1, 6))):
        parts.append(shapes.drum(radius * 1.04, 0.11, (x, y, level), tint(pick(rng, ((0.5, 0.36, 0.18),)), 0.8), 14))
        level += 0.125
    parts.append(mesh.ellipsoid((x, y, level), (radius, radius, 0.07), tint((0.42, 0.3, 0.15)), 12))
    return mesh.join(parts)


def goods(rng: Rng, area: tuple[float, float], top: float) -> list[Mesh]:
    """Things to sell on a counter of `area` (x, y metres) at height `top`."""
    style = str(rng.choice(["fruit", "steamer", "pots", "boxes", "bottles"]))
    parts: list[Mesh] = []
    if style == "fruit":
        step = 0.42
        for y in np.arange(-area[1] / 2 + step / 2, area[1] / 2, step):
            heap = shapes.pile(rng, (area[0] * 0.9, step * 0.95), top, 26, float(rng.uniform(0.035, 0.06)), fruits(rng))
            parts.append(heap.moved((0, float(y), 0)))
    elif style == "steamer":
        parts += [_steamer(rng, (0, float(y), top)) for y in np.arange(-area[1] / 3, area[1] / 3 + 0.01, 0.65)]
    else:
        for _ in range(int(rng.integers(9, 20))):
            x, y = rng.uniform(-0.42, 0.42) * area[0], rng.uniform(-0.45, 0.45) * area[1]
            paint = tint(pick(rng, STEEL if style == "pots" else BRIGHT), 0.4)
            if style == "boxes":
                parts.append(shapes.slab(rng.uniform(0.1, 0.3, 3), (x, y, top), paint))
            else:
                wide, tall = (0.12, 0.16) if style == "pots" else (0.045, 0.28)
                parts.append(shapes.drum(wide * float(rng.uniform(0.7, 1.2)), tall, (x, y, top), paint, 9))
    return parts


def roof(rng: Rng, area: tuple[float, float], height: float) -> list[Mesh]:
    """A striped or plain canopy on four posts, or a sunshade."""
    if rng.random() < 0.5:
        two = [tint(pick(rng, BRIGHT), 0.6) for _ in range(2)]
        reach = float(rng.uniform(1.0, 1.6))
        shade = shapes.umbrella(rng, reach, height, two if rng.random() < 0.6 else two[:1])
        return [shade.moved((float(rng.uniform(-0.3, 0.1)), float(rng.uniform(-0.3, 0.3)), 0))]
    x, y = area[0] / 2, area[1] / 2
    parts = [
        mesh.limb((sx * x, sy * y, 0), (sx * x, sy * y, height), (0.02, 0.02), "pole", 6)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    colours = [tint(pick(rng, BRIGHT), 0.7), tint((0.62, 0.62, 0.6), 0.7)]
    if rng.random() < 0.5:
        colours = colours[:1]
    count = 8
    for k in range(count):
        low, high = -y - 0.12 + k * (2 * y + 0.24) / count, -y - 0.12 + (k + 1) * (2 * y + 0.24) / count
        sheet = np.array(
            [
                [-x - 0.15, low, height],
                [x + 0.4, low, height - 0.18],
                [x + 0.4, high, height - 0.18],
                [-x - 0.15, high, height],
            ]
        )
        hem = np.array(
            [
                [x + 0.4, low, height - 0.18],
                [x + 0.4, low, height - 0.4],
                [x + 0.4, high, height - 0.4],
                [x + 0.4, high, height - 0.18],
            ]
        )
        face = np.array([[0, 1, 2, 3]], np.int32)
        parts += [mesh.single(corners, face, colours[k % len(colours)]) for corners in (sheet, hem)]
    return parts


def cart(rng: Rng) -> Mesh:
    """A pushcart with a counter, goods, often a glass case, a sign and a roof."""
    area = (float(rng.uniform(0.6, 0.9)), float(rng.uniform(1.1, 2.0)))
    top = float(rng.uniform(0.75, 0.95))
    paint = tint(pick(rng, BRIGHT + STEEL), 0.4)
    parts = [
        shapes.slab((area[0], area[1], top - 0.3), (0, 0, 0.28), paint),
        shapes.slab((area[0] + 0.06, area[1] + 0.06, 0.04), (0, 0, top), tint(pick(rng, STEEL), 0.3)),
        shapes.slab((0.02, area[1] * 0.8, 0.28), (area[0] / 2 + 0.01, 0, 0.42), tint(pick(rng, BRIGHT), 0.5)),
    ]
    wheel = [(-0.03, 0.0, "tyre"), (-0.03, 0.22, "tyre"), (0.03, 0.22, "tyre"), (0.03, 0.0, "tyre")]
    turned = [mesh.lathe(wheel, (0, 0, 0.22), 14).moved((0, 0, 0), np.pi / 2) for _ in range(4)]
    spots = [(sx * (area[0] / 2 - 0.1), sy * area[1] * 0.33, 0) for sx in (-1, 1) for sy in (-1, 1)]
    parts += [body.moved(spot) for body, spot in zip(turned, spots, strict=True)]
    parts += [part.moved((0, 0, 0)) for part in goods(rng, area, top + 0.04)]
    if rng.random() < 0.4:
        parts.append(shapes.slab((0.3, area[1] * 0.7, 0.35), (area[0] / 4, 0, top + 0.04), "pane"))
    if rng.random() < 0.4:
        parts.append(shapes.slab((0.04, area[1], 0.35), (area[0] / 2 + 0.3, 0, 1.9), tint(pick(rng, BRIGHT))))
    if rng.random() < 0.85:
        parts += roof(rng, area, float(rng.uniform(1.95, 2.3)))
    return mesh.join(parts)


def cloth(rng: Rng) -> Mesh:
    """Goods laid out on a cloth on the ground."""
    area = (float(rng.uniform(0.9, 1.5)), float(rng.uniform(1.3, 2.6)))
    sheet = tint(pick(rng, (*BRIGHT, (0.3, 0.3, 0.28), (0.1, 0.12, 0.2))), 0.9)
    flat = np.zeros((6, 8))
    parts = [shapes.drape(rng, area[0], area[1], flat + 0.03, 0.02, sheet, 0.012).moved((0, 0, 0.01))]
    style = str(rng.choice(["vegetables", "toys", "shoes", "clothes"]))
    spots = [
        (float(x + rng.normal(0, 0.03)), float(y + rng.normal(0, 0.03)), 0.03)
        for x in np.arange(-area[0] / 2 + 0.15, area[0] / 2 - 0.1, 0.27)
        for y in np.arange(-area[1] / 2 + 0.15, area[1] / 2 - 0.1, 0.3)
    ]
    parts += [_laid(rng, style).moved(spot) for spot in spots]
    if rng.random() < 0.35:
        parts.append(shapes.umbrella(rng, 1.1, 1.9, [tint(pick(rng, BRIGHT)) for _ in range(2)]).moved((-0.5, 0, 0)))
    if rng.random() < 0.5:
        parts.append(crate(rng).moved((-area[0] / 2 - 0.3, float(rng.uniform(-0.5, 0.5)), 0)))
    return mesh.join(parts)


def _laid(rng: Rng, style: str) -> Mesh:
    if style == "vegetables":
        return shapes.pile(rng, (0.24, 0.26), 0.0, 9, float(rng.uniform(0.03, 0.055)), fruits(rng))
    paint = tint(pick(rng, (*BRIGHT, (0.03, 0.03, 0.03), (0.5, 0.4, 0.3))), 0.6)
    if style == "shoes":
        return mesh.join([mesh.ellipsoid((0, s * 0.06, 0.05), (0.13, 0.045, 0.05), paint, 8) for s in (-1, 1)])
    if style == "clothes":
        return shapes.slab((0.22, 0.25, float(rng.uniform(0.02, 0.1))), (0, 0, 0), paint)
    return shapes.slab(rng.uniform(0.06, 0.2, 3), (0, 0, 0), paint)


def table(rng: Rng) -> Mesh:
    """Folding tables with goods, crates below, perhaps a rail of clothes behind."""
    area = (float(rng.uniform(0.6, 0.9)), float(rng.uniform(1.2, 2.8)))
    parts = [shapes.slab((area[0], area[1], 0.04), (0, 0, 0.7), tint(pick(rng, WOOD + BRIGHT), 0.6))]
    parts += [
        mesh.limb(
            (sx * area[0] * 0.42, sy * area[1] * 0.45, 0),
            (sx * area[0] * 0.42, sy * area[1] * 0.45, 0.7),
            (0.02, 0.02),
            "pole",
            6,
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    if rng.random() < 0.5:
        skirt = tint(pick(rng, BRIGHT), 0.9)
        parts.append(shapes.slab((0.02, area[1], 0.55), (area[0] / 2, 0, 0.16), skirt))
    parts += goods(rng, area, 0.74)
    if rng.random() < 0.4:
        parts += rail(rng, area[1], -area[0] / 2 - 0.7)
    if rng.random() < 0.7:
        parts += roof(rng, (area[0] + 0.5, area[1]), float(rng.uniform(2.0, 2.4)))
    return mesh.join(parts)


def rail(rng: Rng, length: float, x: float) -> list[Mesh]:
    """Clothes on a rail."""
    parts = [mesh.limb((x, -length / 2, 1.5), (x, length / 2, 1.5), (0.018, 0.018), "pole", 6)]
    parts += [mesh.limb((x, s * length / 2, 0), (x, s * length / 2, 1.5), (0.018, 0.018), "pole", 6) for s in (-1, 1)]
    for y in np.arange(-length / 2 + 0.08, length / 2, 0.13):
        tall = float(rng.uniform(0.5, 1.0))
        parts.append(shapes.slab((0.4, 0.05, tall), (x, float(y), 1.47 - tall), tint(pick(rng, BRIGHT + WOOD), 0.9)))
    return parts


def spill(rng: Rng) -> Mesh:
    """A shop's goods on the pavement: tiers of crates or rails, with a board."""
    length = float(rng.uniform(1.8, 4.0))
    parts: list[Mesh] = []
    if rng.random() < 0.65:
        for tier in range(int(rng.integers(1, 4))):
            x, z = 0.5 - tier * 0.45, tier * 0.26
            parts.append(shapes.slab((0.45, length, z + 0.05), (x, 0, 0), tint(pick(rng, WOOD), 0.8)))
            parts += [
                crate(rng, (0.42, 0.4, 0.2)).moved((x, float(y), z + 0.05))
                for y in np.arange(-length / 2 + 0.22, length / 2 - 0.1, 0.45)
            ]
    else:
        parts += rail(rng, length, 0.3) + rail(rng, length, -0.5)
    if rng.random() < 0.5:
        parts.append(shapes.slab((0.06, 0.6, 0.9), (0.9, length / 2 - 0.3, 0), tint(pick(rng, BRIGHT))))
    if rng.random() < 0.35:
        parts += roof(rng, (1.4, length), 2.3)
    return mesh.join(parts)


def trike(rng: Rng) -> Mesh:
    """A vendor's tricycle, standing: goods, steamers or a glass case on its bed, often under a sunshade."""
    parts = [tricycles.machine(rng, "stand")]
    low, area = tricycles.BED_Z + 0.06, (1.35, 0.92)
    on_bed = [part.moved((0, 0, 0), np.pi / 2) for part in goods(rng, (area[1], area[0]), low + 0.3)]
    if rng.random() < 0.4:
        on_bed.append(shapes.slab((area[0] * 0.8, area[1] * 0.9, 0.6), (0, 0, low + 0.3), "pane"))
        on_bed.append(shapes.slab((area[0] * 0.85, area[1], 0.05), (0, 0, low + 0.9), tint(pick(rng, BRIGHT))))
    on_bed.append(shapes.slab((area[0], area[1], 0.3), (0, 0, low), tint(pick(rng, STEEL + WOOD), 0.5)))
    parts += [part.moved((tricycles.BED_X, 0, 0)) for part in on_bed]
    if rng.random() < 0.65:
        shade = shapes.umbrella(rng, float(rng.uniform(1.0, 1.5)), 2.1, [tint(pick(rng, BRIGHT)) for _ in range(2)])
        parts.append(shade.moved((tricycles.BED_X, 0.35, 0)))
    # It sells over its side, so the side looks towards +x.
    return mesh.join(parts).moved((0, 0, 0), np.pi / 2)
