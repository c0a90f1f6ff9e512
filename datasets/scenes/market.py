"""More kinds of stalls, for training alone: tents, grills, kiosks, baskets, flowers, crates on the ground, bicycles.

The selling side looks towards +x, as in `vending.py`. No clip shows these.
"""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh, people, shapes, vending
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint
from datasets.scenes.vending import BRIGHT, FRUIT, STEEL, WOOD

_WICKER = ((0.4, 0.27, 0.13), (0.5, 0.36, 0.18), (0.25, 0.16, 0.08))
_FOAM = ((0.62, 0.62, 0.6), (0.55, 0.56, 0.58))
_PETALS = (
    (0.6, 0.05, 0.1),
    (0.6, 0.5, 0.05),
    (0.55, 0.2, 0.4),
    (0.62, 0.6, 0.58),
    (0.35, 0.1, 0.45),
    (0.6, 0.25, 0.03),
)


def lamps(rng: Rng, body: Mesh) -> Mesh:
    """Bulbs or a bar of light over the goods, on two poles; they glow by night."""
    low, high = body.vertices.min(0), body.vertices.max(0)
    y1, y2 = float(low[1]) * 0.8, float(high[1]) * 0.8
    top = max(1.5, min(float(high[2]) - 0.25, float(rng.uniform(1.6, 2.1))))
    x, light = float(low[0] + high[0]) / 2, str(rng.choice(["bulb", "bulb_cold"]))
    parts = [mesh.limb((x, y, 0), (x, y, top), (0.014, 0.014), "pole", 6) for y in (y1, y2)]
    parts.append(mesh.limb((x, y1, top), (x, y2, top), (0.012, 0.012), "pole", 6))
    if rng.random() < 0.35:
        parts.append(shapes.slab((0.04, max(0.3, y2 - y1) * 0.9, 0.035), (x, (y1 + y2) / 2, top - 0.05), light))
    spots = np.linspace(y1, y2, int(rng.integers(1, 5)) + 2)[1:-1]
    parts += [mesh.ellipsoid((x, float(y), top - 0.12), (0.055, 0.055, 0.07), light, 8) for y in spots]
    return mesh.join(parts)


def tent(rng: Rng) -> Mesh:
    """A pitched tent with counters under it."""
    deep, wide = float(rng.uniform(1.6, 2.8)), float(rng.uniform(1.8, 3.2))
    eaves, tip = float(rng.uniform(1.9, 2.2)), float(rng.uniform(2.4, 2.9))
    cloth, hem = (tint(pick(rng, BRIGHT), 0.8) for _ in range(2))
    corners = [(sx * deep / 2, sy * wide / 2) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    parts = [mesh.limb((x, y, 0), (x, y, eaves), (0.022, 0.022), "pole", 6) for x, y in corners]
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        sheet = np.array([(ax, ay, eaves), (bx, by, eaves), (0, 0, tip), (ax, ay, eaves - 0.3), (bx, by, eaves - 0.3)])
        parts.append(mesh.single(sheet, np.array([[0, 1, 2, 2]], np.int32), cloth))
        parts.append(mesh.single(sheet, np.array([[0, 3, 4, 1]], np.int32), hem))
    if rng.random() < 0.4:
        parts.append(shapes.slab((0.02, wide, eaves - 0.3), (-deep / 2, 0, 0), hem))
    counter = vending.table if rng.random() < 0.5 else crates
    parts.append(counter(rng).moved((deep / 4, 0, 0)))
    return mesh.join(parts)


def crates(rng: Rng) -> Mesh:
    """Crates or foam boxes of produce on the ground in rows, the hinder ones raised; perhaps a sunshade."""
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    foam = rng.random() < 0.35
    parts = []
    for row in range(rows):
        lift = row * float(rng.uniform(0.0, 0.22))
        for column in range(columns):
            spot = (-row * 0.46, (column - (columns - 1) / 2) * 0.56, lift)
            parts.append((_foam_box(rng) if foam else vending.crate(rng, (0.42, 0.5, 0.24))).moved(spot))
        if lift > 0.05:
            parts.append(shapes.slab((0.4, columns * 0.54, lift), (-row * 0.46, 0, 0), tint(pick(rng, WOOD), 0.9)))
    if rng.random() < 0.45:
        two = [tint(pick(rng, BRIGHT), 0.6) for _ in range(2)]
        parts.append(shapes.umbrella(rng, float(rng.uniform(1.0, 1.5)), 2.0, two).moved((-rows * 0.4, 0, 0)))
    if rng.random() < 0.4:  # a piece of cardboard with the price
        parts.append(
            shapes.slab((0.02, 0.32, 0.22), (0.25, float(rng.uniform(-0.5, 0.5)), 0.25), tint((0.5, 0.4, 0.25)))
        )
    return mesh.join(parts)


def _foam_box(rng: Rng) -> Mesh:
    box = tint(pick(rng, _FOAM, 0.05), 0.8)
    return mesh.join(
        [
            shapes.tapered((0.38, 0.46), (0.42, 0.5), 0.24, box),
            shapes.pile(rng, (0.38, 0.46), 0.16, 14, 0.045, vending.fruits(rng)),
        ]
    )


def baskets(rng: Rng) -> Mesh:
    """Two to five baskets with a carrying pole, as farmers bring them."""
    parts = []
    count = int(rng.integers(2, 6))
    for number in range(count):
        wide, tall = float(rng.uniform(0.24, 0.36)), float(rng.uniform(0.22, 0.45))
        spot = (float(rng.normal(0, 0.12)), (number - (count - 1) / 2) * 0.75, 0.0)
        body = [
            shapes.drum(wide, tall, (0, 0, 0), tint(pick(rng, _WICKER), 0.95, 0.3), 14),
            shapes.pile(
                rng, (wide * 1.6, wide * 1.6), tall - 0.03, 18, float(rng.uniform(0.035, 0.06)), vending.fruits(rng)
            ),
        ]
        parts.append(mesh.join(body).moved(spot))
    reach = count * 0.4
    parts.append(mesh.limb((-0.45, -reach, 0.06), (-0.35, reach, 0.1), (0.025, 0.025), tint(pick(rng, WOOD)), 6))
    if rng.random() < 0.5:
        parts.append(shapes.drum(0.15, 0.25, (-0.6, 0.2, 0), tint(pick(rng, BRIGHT)), 8))  # a stool
    return mesh.join(parts)


def grill(rng: Rng) -> Mesh:
    """A long grill with coals, skewers, trays and often a hood and a lit sign."""
    long, top = float(rng.uniform(1.2, 2.4)), float(rng.uniform(0.75, 0.9))
    steel = tint(pick(rng, STEEL), 0.3)
    parts = [
        shapes.slab((0.35, long, 0.22), (0, 0, top - 0.22), steel),
        shapes.slab((0.28, long * 0.95, 0.02), (0, 0, top), tint((0.5, 0.09, 0.01), 0.9)),
    ]
    parts += [
        mesh.limb((x, y, 0), (x, y, top - 0.2), (0.02, 0.02), "pole", 6)
        for x in (-0.14, 0.14)
        for y in (-long * 0.45, long * 0.45)
    ]
    for y in np.arange(-long * 0.45, long * 0.45, 0.09):
        meat = tint(pick(rng, ((0.25, 0.1, 0.05), (0.35, 0.16, 0.06), (0.45, 0.3, 0.15))))
        parts.append(mesh.limb((-0.16, float(y), top + 0.03), (0.2, float(y), top + 0.03), (0.018, 0.018), meat, 5))
    parts += [part.moved((-0.55, 0, 0)) for part in vending.goods(rng, (0.5, long), top)]
    parts.append(shapes.slab((0.5, long, 0.04), (-0.55, 0, top - 0.04), steel))
    if rng.random() < 0.6:
        parts.append(shapes.tapered((0.3, 0.3), (0.8, long), -0.45, steel, 2.15))
        parts += [
            mesh.limb((-0.35, s * long / 2, 0), (-0.35, s * long / 2, 1.75), (0.02, 0.02), "pole", 6) for s in (-1, 1)
        ]
    if rng.random() < 0.6:
        sign = str(rng.choice(["sign_red", "sign_yellow", "sign_blue"]))
        parts.append(shapes.slab((0.06, long * 0.8, 0.3), (0.4, 0, float(rng.uniform(1.7, 2.0))), sign))
        parts += [
            mesh.limb((0.38, s * long * 0.38, 0), (0.38, s * long * 0.38, 2.0), (0.015, 0.015), "pole", 6)
            for s in (-1, 1)
        ]
    return mesh.join(parts)


def kiosk(rng: Rng) -> Mesh:
    """A trailer with an open hatch, a counter of goods and a sign."""
    deep, wide = float(rng.uniform(1.1, 1.7)), float(rng.uniform(1.7, 3.0))
    counter, roof = float(rng.uniform(0.95, 1.15)), float(rng.uniform(2.1, 2.5))
    paint = tint(pick(rng, BRIGHT), 0.4)
    parts = [
        shapes.slab((deep, wide, counter - 0.25), (0, 0, 0.25), paint),
        shapes.slab((0.04, wide, roof - counter), (-deep / 2 + 0.02, 0, counter), paint),
        shapes.slab((deep + 0.06, wide + 0.06, 0.06), (0, 0, roof), tint(pick(rng, BRIGHT + STEEL), 0.4)),
        shapes.slab(
            (0.06, wide * 0.9, 0.3),
            (deep / 2 + 0.05, 0, roof + 0.03),
            str(rng.choice(["sign_red", "sign_yellow", "sign_green"])),
        ),
        shapes.slab(
            (0.05, wide * 0.7, 0.05), (0, 0, roof - 0.08), str(rng.choice(["bulb", "bulb_cold", "trim_light"]))
        ),
    ]
    parts += [shapes.slab((deep, 0.04, roof - counter), (0, s * (wide / 2 - 0.02), counter), paint) for s in (-1, 1)]
    hatch = np.array(
        [
            (deep / 2, -wide / 2, roof),
            (deep / 2, wide / 2, roof),
            (deep / 2 + 0.7, wide / 2, roof - 0.1),
            (deep / 2 + 0.7, -wide / 2, roof - 0.1),
        ]
    )
    parts.append(mesh.single(hatch, np.array([[0, 1, 2, 3]], np.int32), tint(pick(rng, BRIGHT), 0.7)))
    wheel = [(-0.05, 0.0, "tyre"), (-0.05, 0.26, "tyre"), (0.05, 0.26, "tyre"), (0.05, 0.0, "tyre")]
    parts += [
        mesh.lathe(wheel, (0, 0, 0.26), 12).moved((0, 0, 0), np.pi / 2).moved((s * (deep / 2 - 0.05), 0, 0))
        for s in (-1, 1)
    ]
    parts += [part.moved((deep / 4, 0, 0)) for part in vending.goods(rng, (deep * 0.45, wide * 0.9), counter)]
    return mesh.join(parts)


def flowers(rng: Rng) -> Mesh:
    """Buckets and pots of flowers in tiers."""
    parts = []
    for tier in range(int(rng.integers(1, 4))):
        for y in np.arange(-1.0, 1.01, 0.42):
            lift, spot = (
                tier * 0.3,
                (-tier * 0.4 + float(rng.normal(0, 0.05)), float(y + rng.normal(0, 0.05)), tier * 0.3),
            )
            parts.append(shapes.drum(0.14, 0.28, spot, tint(pick(rng, BRIGHT), 0.6), 10))
            count = 26
            middles = np.c_[rng.normal(0, 0.13, (count, 2)), rng.uniform(0.3, 0.7, count)] + spot
            petals = [tint(pick(rng, _PETALS), 0.9) for _ in range(2)]
            parts.append(shapes.cards(rng, middles, (0.06, 0.17), ("leaf_a", "leaf_b", *petals, *petals), 0.3))
            if lift > 0.1 and y < -0.9:
                parts.append(shapes.slab((0.38, 2.4, lift), (-tier * 0.4, 0, 0), tint(pick(rng, WOOD), 0.9)))
    return mesh.join(parts)


def racks(rng: Rng) -> Mesh:
    """Rails of clothes, in front of them a low table or a sheet with more."""
    long = float(rng.uniform(1.2, 2.4))
    parts = vending.rail(rng, long, -0.5)
    if rng.random() < 0.5:
        parts += vending.rail(rng, long, -1.2)
    parts.append((vending.cloth if rng.random() < 0.5 else vending.table)(rng).moved((0.6, 0, 0)))
    return mesh.join(parts)


def two_wheels(rng: Rng) -> Mesh:
    """A bicycle or a scooter that stands, with a box of goods, a glass case or a straw pole of sugar haws on it."""
    riders = ("shirt", "trousers", "skin", "hair", "helmet", "shoe")
    machine = (people.bicycle if rng.random() < 0.5 else people.motorcycle)().without(riders)
    paint = tint(pick(rng, BRIGHT), 0.4)
    own = tuple(paint if name == "paint" else name for name in machine.materials)
    parts = [Mesh(machine.vertices, machine.faces, machine.material_ids, own)]
    at = (-0.6, 0.0, 0.75)
    if rng.random() < 0.35:
        parts += _haws(rng, at)
    else:
        size = (float(rng.uniform(0.5, 0.8)), float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.25, 0.5)))
        parts.append(shapes.slab(size, at, tint(pick(rng, BRIGHT + WOOD), 0.6)))
        parts += [part.moved(at) for part in vending.goods(rng, size[:2], size[2])]
    if rng.random() < 0.4:
        shade = shapes.umbrella(rng, 1.0, 2.0, [tint(pick(rng, BRIGHT)) for _ in range(2)])
        parts.append(shade.moved((at[0] + 0.35, 0.2, 0)))
    if rng.random() < 0.5:
        parts.append(vending.crate(rng).moved((at[0], 0.6, 0)))
    return mesh.join(parts).moved((0, 0, 0), float(rng.choice([-1.0, 1.0])) * np.pi / 2)


def _haws(rng: Rng, at: tuple[float, float, float]) -> list[Mesh]:
    """A straw pole stuck with skewers of red fruit."""
    x, y, z = at
    parts = [mesh.limb((x, y, z), (x, y, z + 1.1), (0.03, 0.1), tint((0.5, 0.36, 0.14), 0.95), 10)]
    for _ in range(46):
        turn, high = float(rng.uniform(0, 6.28)), float(rng.uniform(0.45, 1.15))
        far = float(rng.uniform(0.1, 0.22))
        spot = (x + far * np.cos(turn), y + far * np.sin(turn), z + high)
        parts.append(mesh.ellipsoid(spot, (0.03, 0.03, 0.03), tint(pick(rng, ((0.5, 0.03, 0.03),))), 6))
    return parts


def balloons(rng: Rng) -> Mesh:
    """A pushcart or a crate of toys with a bunch of balloons over it."""
    body = vending.cart(rng) if rng.random() < 0.3 else vending.crate(rng, (0.6, 0.5, 0.4))
    parts = [body]
    foot = np.array([0.0, 0.0, 0.9])
    for _ in range(int(rng.integers(8, 22))):
        spot = np.array([rng.normal(0, 0.35), rng.normal(0, 0.35), rng.uniform(1.5, 2.3)])
        parts.append(mesh.ellipsoid(spot.tolist(), (0.15, 0.15, 0.19), tint(pick(rng, BRIGHT + _PETALS), 0.25), 10))
        parts.append(mesh.limb(foot, spot, (0.004, 0.004), "trim_light", 4))
    return mesh.join(parts)


def ground_rows(rng: Rng) -> Mesh:
    """Produce in heaps or bundles straight on sacks on the ground, perhaps a scale and a stool."""
    sack = tint(pick(rng, ((0.5, 0.5, 0.46), (0.35, 0.3, 0.2), (0.1, 0.2, 0.4), (0.45, 0.1, 0.08))), 0.95, 0.2)
    long = float(rng.uniform(0.9, 2.4))
    parts = [shapes.slab((0.8, long, 0.015), (0, 0, 0.0), sack)]
    for y in np.arange(-long / 2 + 0.2, long / 2 - 0.1, float(rng.uniform(0.28, 0.45))):
        if rng.random() < 0.5:
            parts.append(
                shapes.pile(rng, (0.5, 0.34), 0.01, 16, float(rng.uniform(0.03, 0.06)), vending.fruits(rng)).moved(
                    (0, float(y), 0)
                )
            )
        else:
            leaf = [tint(pick(rng, FRUIT[2:6]), 0.8) for _ in range(3)]
            middles = np.c_[rng.uniform(-0.25, 0.25, 20), rng.normal(float(y), 0.08, 20), rng.uniform(0.04, 0.18, 20)]
            parts.append(shapes.cards(rng, middles, (0.1, 0.3), leaf, 0.5))
    if rng.random() < 0.5:
        parts.append(shapes.slab((0.3, 0.28, 0.12), (-0.6, float(rng.uniform(-0.4, 0.4)), 0), tint(pick(rng, STEEL))))
    if rng.random() < 0.4:
        parts.append(shapes.drum(0.16, 0.3, (-0.7, 0.1, 0), tint(pick(rng, BRIGHT)), 8))
    return mesh.join(parts)


MAKERS = {
    "tent": tent,
    "crates": crates,
    "baskets": baskets,
    "grill": grill,
    "kiosk": kiosk,
    "flowers": flowers,
    "racks": racks,
    "wheels": two_wheels,
    "balloons": balloons,
    "rows": ground_rows,
}
