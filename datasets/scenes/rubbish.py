"""Rubbish: bags, heaps, litter and cardboard, and the bins that hold it, hold too much of it, or stand closed."""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint

_BAGS = (
    (0.012, 0.012, 0.014),
    (0.012, 0.012, 0.014),
    (0.02, 0.02, 0.025),
    (0.62, 0.62, 0.6),
    (0.5, 0.5, 0.5),
    (0.45, 0.05, 0.06),
    (0.04, 0.1, 0.38),
    (0.06, 0.24, 0.08),
    (0.55, 0.4, 0.05),
    (0.5, 0.15, 0.25),
    (0.25, 0.33, 0.36),
)
_SCRAPS = (
    (0.7, 0.7, 0.68),
    (0.62, 0.6, 0.55),
    (0.42, 0.3, 0.17),
    (0.3, 0.2, 0.1),
    (0.02, 0.02, 0.022),
    (0.5, 0.04, 0.05),
    (0.05, 0.14, 0.42),
    (0.08, 0.26, 0.07),
    (0.6, 0.45, 0.08),
    (0.12, 0.16, 0.05),
    (0.2, 0.16, 0.11),
    (0.35, 0.36, 0.36),
)
_DULL = (*_SCRAPS[:5], (0.5, 0.47, 0.42), (0.12, 0.16, 0.05), (0.2, 0.16, 0.11), (0.35, 0.36, 0.36), (0.08, 0.07, 0.06))
_CARTON = ((0.42, 0.28, 0.15), (0.36, 0.23, 0.12), (0.48, 0.34, 0.2))
_BINS = (
    (0.015, 0.13, 0.05),
    (0.02, 0.16, 0.07),
    (0.02, 0.06, 0.28),
    (0.35, 0.02, 0.02),
    (0.06, 0.065, 0.07),
    (0.02, 0.02, 0.022),
    (0.5, 0.2, 0.01),
    (0.5, 0.38, 0.02),
    (0.12, 0.13, 0.1),
)


def bag(rng: Rng, size: float = 1.0) -> Mesh:
    """One tied bag, about 0.45 m wide at size 1."""
    paint = tint(pick(rng, _BAGS), float(rng.uniform(0.18, 0.5)))
    wide, tall = float(rng.uniform(0.19, 0.32)) * size, float(rng.uniform(0.13, 0.23)) * size
    body = shapes.blob(rng, (wide, wide * float(rng.uniform(0.75, 1.1)), tall), paint, 0.13)
    top = tall * 1.75
    lean = rng.normal(0, 0.04, 2) * size
    knot = mesh.limb((0, 0, top * 0.97), (lean[0], lean[1], top + 0.05 * size), (0.03 * size, 0.05 * size), paint, 7)
    return mesh.join([body, knot]).moved((0, 0, 0), float(rng.uniform(0, 6.28)))


def carton(rng: Rng) -> Mesh:
    """A cardboard box: whole, open, or trodden flat."""
    size = rng.uniform(0.22, 0.55, 3)
    paint = tint(pick(rng, _CARTON), 0.9, 0.1)
    if rng.random() < 0.4:
        size[2] = rng.uniform(0.015, 0.05)  # trodden flat
    parts = [shapes.slab(size, (0, 0, 0), paint)]
    if size[2] > 0.1 and rng.random() < 0.6:
        for side in (-1, 1):
            flap = shapes.slab((size[0] * 0.95, 0.012, size[1] * 0.45), (0, side * size[1] / 2, size[2]), paint)
            parts.append(flap)
    return mesh.join(parts).moved((0, 0, 0), float(rng.uniform(0, 6.28)))


def _materials(rng: Rng, count: int) -> list[str]:
    """Scraps are mostly pale, brown or black; every third one is coloured."""
    kinds = [_SCRAPS if rng.random() < 0.35 else _DULL for _ in range(count)]
    return [tint(pick(rng, kind, 0.35), float(rng.uniform(0.4, 0.9))) for kind in kinds]


def litter(rng: Rng, radius: float = 0.8, count: int = 26) -> Mesh:
    """Loose scraps on the ground: paper, wrappers, cups, leaves of vegetables."""
    spot = rng.normal(0, radius / 2, (count, 2)).clip(-radius, radius)
    middles = np.c_[spot, rng.uniform(0.005, 0.06, count)]
    parts = [shapes.cards(rng, middles, (0.05, 0.24), _materials(rng, 7), 0.75)]
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.normal(0, radius / 2.2, 2)
        parts.append(shapes.drum(0.04, 0.11, (x, y, 0), tint(pick(rng, _SCRAPS)), 8))
    return mesh.join(parts)


def bags(rng: Rng) -> Mesh:
    """One to five bags that somebody left."""
    parts = []
    for _ in range(int(rng.choice([1, 1, 2, 3, 4, 5]))):
        x, y = rng.normal(0, 0.32, 2)
        parts.append(bag(rng, float(rng.uniform(0.7, 1.35))).moved((x, y, 0)))
    if rng.random() < 0.4:
        parts.append(litter(rng, 0.5, 9))
    if rng.random() < 0.3:
        parts.append(carton(rng).moved((*rng.normal(0, 0.4, 2), 0)))
    return mesh.join(parts)


def heap(rng: Rng, size: float | None = None) -> Mesh:
    """A heap of mixed waste, `size` metres in radius: a mound of scraps with bags and cartons on and around it."""
    reach = float(rng.uniform(0.5, 1.9)) if size is None else size
    long = reach * float(rng.uniform(0.8, 1.5))
    height = reach * float(rng.uniform(0.25, 0.6))
    parts = [shapes.mound(rng, (long, reach), height, _materials(rng, 14), 22 + int(14 * reach))]
    count = int(220 + 260 * reach)
    angle, part = rng.uniform(0, 6.28, count), rng.uniform(0, 1.15, count) ** 0.7
    x, y = np.cos(angle) * part * long, np.sin(angle) * part * reach
    z = height * np.clip(1 - part**1.6, 0, 1) + rng.uniform(0.0, 0.1, count)
    parts.append(shapes.cards(rng, np.c_[x, y, z], (0.06, 0.34), _materials(rng, 12), 0.35))
    for _ in range(int(rng.integers(2, 5 + round(6 * reach)))):
        turn, far = rng.uniform(0, 6.28), rng.uniform(0, 1.0)
        spot = (np.cos(turn) * far * long, np.sin(turn) * far * reach, height * max(0.0, 1 - far**1.6) * 0.85)
        thing = bag(rng, float(rng.uniform(0.6, 1.3))) if rng.random() < 0.75 else carton(rng)
        parts.append(thing.moved(spot))
    return mesh.join(parts)


def cartons(rng: Rng) -> Mesh:
    """Cardboard thrown out beside the road."""
    parts = []
    level = 0.0
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.normal(0, 0.3, 2)
        parts.append(carton(rng).moved((x, y, level)))
        level += float(rng.uniform(0.0, 0.12))
    if rng.random() < 0.5:
        parts.append(litter(rng, 0.7, 12))
    return mesh.join(parts)


def rubble(rng: Rng) -> Mesh:
    """Builders' waste: stones, sacks and boards."""
    grey = [tint(pick(rng, ((0.4, 0.38, 0.35), (0.3, 0.26, 0.22), (0.36, 0.16, 0.1)))) for _ in range(6)]
    reach = float(rng.uniform(0.5, 1.4))
    parts = [shapes.mound(rng, (reach, reach * 0.8), reach * 0.4, grey, 20)]
    for _ in range(14):
        x, y = rng.normal(0, reach / 2, 2)
        radii = rng.uniform(0.05, 0.16, 3)
        parts.append(shapes.blob(rng, radii, grey[0], 0.2, 7).moved((x, y, reach * 0.2 * rng.random())))
    for _ in range(3):
        board = shapes.slab((1.1, 0.14, 0.03), (0, 0, 0.05), tint((0.32, 0.2, 0.1), 0.9))
        parts.append(board.moved((*rng.normal(0, reach / 3, 2), reach * 0.2), float(rng.uniform(0, 6.28))))
    return mesh.join(parts)


def trail(rng: Rng) -> Mesh:
    """Soil that a truck lost along five metres of road."""
    soil = [tint(pick(rng, ((0.16, 0.1, 0.055), (0.22, 0.15, 0.09), (0.1, 0.075, 0.05))), 0.95) for _ in range(3)]
    spots = np.c_[rng.uniform(-2.5, 2.5, 160), rng.normal(0, 0.4, 160), rng.uniform(0.01, 0.05, 160)]
    parts = [shapes.cards(rng, spots, (0.08, 0.35), soil, 0.9)]
    for x, y, _ in spots[:22]:
        radii = (float(rng.uniform(0.1, 0.35)), float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.03, 0.1)))
        parts.append(shapes.blob(rng, radii, soil[0], 0.25, 8).moved((x, y, 0)))
    return mesh.join(parts)


def _filling(rng: Rng, size: tuple[float, float], top: float, height: float) -> Mesh:
    """What looks out of a bin's mouth."""
    parts = [shapes.mound(rng, (size[0] / 2, size[1] / 2), height, _materials(rng, 9), 12).moved((0, 0, top))]
    middles = np.c_[
        rng.uniform(-size[0] / 2, size[0] / 2, 26),
        rng.uniform(-size[1] / 2, size[1] / 2, 26),
        top + rng.uniform(0, height, 26),
    ]
    parts.append(shapes.cards(rng, middles, (0.06, 0.22), _materials(rng, 8), 0.3))
    for _ in range(int(rng.integers(1, 4))):
        spot = (rng.uniform(-0.3, 0.3) * size[0], rng.uniform(-0.3, 0.3) * size[1], top - 0.05)
        parts.append(bag(rng, float(rng.uniform(0.7, 1.2))).moved(spot))
    return mesh.join(parts)


def wheelie(rng: Rng, fill: str, colour: tuple[float, float, float] | None = None) -> Mesh:
    """A bin on two wheels; `fill` is closed, open, full (the lid ajar) or overflow. Its front looks towards +x."""
    paint = tint(colour or pick(rng, _BINS), float(rng.uniform(0.3, 0.6)))
    wide, deep, tall = float(rng.uniform(0.5, 0.66)), float(rng.uniform(0.55, 0.72)), float(rng.uniform(0.9, 1.08))
    parts = [
        shapes.tapered((deep * 0.74, wide * 0.78), (deep, wide), tall - 0.12, paint, 0.06),
        shapes.slab((deep + 0.05, wide + 0.06, 0.07), (0, 0, tall - 0.1), paint),
        shapes.slab((deep - 0.06, wide - 0.06, 0.01), (0, 0, tall - 0.04), tint((0.006, 0.006, 0.006))),
        mesh.limb((-deep / 2 - 0.07, -wide * 0.4, tall), (-deep / 2 - 0.07, wide * 0.4, tall), (0.02, 0.02), paint, 6),
    ]
    parts += [
        mesh.lathe([(-0.03, 0, "tyre"), (-0.03, 0.1, "tyre"), (0.03, 0.1, "tyre"), (0.03, 0, "tyre")], (x, y, 0.1), 10)
        for x, y in ((-deep * 0.36, -wide * 0.42), (-deep * 0.36, wide * 0.42))
    ]
    parts.append(_sticker(rng, deep, wide, tall))
    parts.append(_lid(rng, fill, (deep, wide, tall), paint))
    if fill in ("full", "overflow"):
        height = float(rng.uniform(0.3, 0.6)) if fill == "overflow" else 0.08
        parts.append(_filling(rng, (deep * 0.95, wide * 0.95), tall - 0.06, height))
    return mesh.join(parts)


def _sticker(rng: Rng, deep: float, wide: float, tall: float) -> Mesh:
    pale = tint((0.6, 0.6, 0.58) if rng.random() < 0.7 else (0.5, 0.4, 0.05))
    size = float(rng.uniform(0.14, 0.3))
    at = deep * 0.74 / 2 + (deep - deep * 0.74) / 2 * 0.62 + 0.012
    plate = mesh.box((at - 0.012, -size / 2, tall * 0.5), (at, size / 2, tall * 0.5 + size * 1.1), pale)
    mark = mesh.box(
        (at - 0.006, -size / 4, tall * 0.5 + size * 0.3), (at + 0.004, size / 4, tall * 0.5 + size * 0.8), "sign_green"
    )
    return mesh.join([plate, mark])


def _lid(rng: Rng, fill: str, size: tuple[float, float, float], paint: str) -> Mesh:
    deep, wide, tall = size
    closed = mesh.join(
        [
            shapes.slab((deep + 0.09, wide + 0.08, 0.045), (0, 0, 0), paint),
            shapes.slab((deep * 0.7, wide * 0.75, 0.04), (0, 0, 0.045), paint),
        ]
    )
    if fill == "closed":
        return closed.moved((0, 0, tall - 0.03))
    turn = {"full": float(rng.uniform(12, 45)), "open": float(rng.uniform(95, 250))}.get(
        fill, float(rng.uniform(70, 255))
    )
    return _hinged(closed.moved((deep / 2, 0, 0)), turn).moved((-deep / 2 - 0.03, 0, tall - 0.03))


def _hinged(body: Mesh, turn_deg: float) -> Mesh:
    """Turned up about the y axis by some degrees."""
    a = np.radians(turn_deg)
    lift = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    return Mesh(np.einsum("nj,kj->nk", body.vertices, lift), body.faces, body.material_ids, body.materials)


def dumpster(rng: Rng, fill: str) -> Mesh:
    """A four-wheeled container of 660 to 1100 litres, or a steel skip."""
    paint = tint(pick(rng, _BINS), 0.5, 0.15)
    long, wide, tall = float(rng.uniform(1.1, 2.2)), float(rng.uniform(0.75, 1.1)), float(rng.uniform(0.9, 1.2))
    parts = [
        shapes.tapered((wide * 0.82, long * 0.88), (wide, long), tall - 0.15, paint, 0.15),
        shapes.slab((wide + 0.06, long + 0.06, 0.08), (0, 0, tall - 0.1), paint),
        shapes.slab((wide - 0.05, long - 0.05, 0.01), (0, 0, tall - 0.03), tint((0.008, 0.008, 0.008))),
    ]
    parts += [
        shapes.drum(0.09, 0.15, (x * wide * 0.35, y * long * 0.35, 0), "tyre", 8) for x in (-1, 1) for y in (-1, 1)
    ]
    if fill == "closed":
        for side in (-1, 1):
            parts.append(shapes.slab((wide + 0.04, long / 2, 0.06), (0, side * long / 4, tall - 0.02), paint))
    if fill in ("full", "overflow"):
        height = float(rng.uniform(0.35, 0.8)) if fill == "overflow" else 0.12
        parts.append(_filling(rng, (wide * 0.95, long * 0.95), tall - 0.04, height))
        for _ in range(int(rng.integers(2, 6)) if fill == "overflow" else 0):
            spot = (rng.uniform(-0.3, 0.3) * wide, rng.uniform(-0.4, 0.4) * long, tall + height * 0.3)
            parts.append(bag(rng, 1.1).moved(spot))
    return mesh.join(parts)


def public_bin(rng: Rng, fill: str) -> Mesh:
    """The two-mouthed bin of Chinese pavements; its mouths look towards +x."""
    frame = tint(pick(rng, ((0.25, 0.25, 0.26), (0.05, 0.05, 0.055), (0.2, 0.1, 0.05), (0.4, 0.4, 0.4))), 0.4)
    tall = float(rng.uniform(0.85, 1.1))
    half = 0.46
    parts = [
        shapes.slab((0.4, 2 * half + 0.06, 0.06), (0, 0, tall), frame),
        shapes.slab((0.34, 0.05, tall), (0, -half, 0), frame),
        shapes.slab((0.34, 0.05, tall), (0, half, 0), frame),
    ]
    for side, colour in ((-1, pick(rng, _BINS)), (1, pick(rng, ((0.4, 0.4, 0.4), (0.3, 0.02, 0.02))))):
        paint = tint(colour, 0.45)
        parts.append(shapes.slab((0.3, half - 0.08, tall * 0.68), (0, side * half / 2, 0.1), paint))
        parts.append(shapes.slab((0.02, 0.16, 0.16), (0.155, side * half / 2, 0.35), tint((0.55, 0.55, 0.53))))
        parts.append(shapes.slab((0.28, half - 0.1, 0.02), (0, side * half / 2, tall * 0.8), tint((0.01, 0.01, 0.01))))
    if fill in ("full", "overflow"):
        count = 40 if fill == "overflow" else 8
        middles = np.c_[rng.uniform(0.0, 0.3, count), rng.uniform(-half, half, count), rng.uniform(0.7, 0.95, count)]
        parts.append(shapes.cards(rng, middles * [1, 1, tall], (0.06, 0.2), _materials(rng, 8), 0.3))
    if fill == "overflow":
        parts += [bag(rng, 0.9).moved((0, float(y), tall + 0.05)) for y in rng.uniform(-half * 0.7, half * 0.7, 3)]
        parts += [bag(rng, 0.8).moved((0.16, float(y), tall * 0.68)) for y in (-half / 2, half / 2)]
    return mesh.join(parts)


def bin_of(rng: Rng, fill: str) -> Mesh:
    """Any bin: wheelie bins mostly, public bins, containers."""
    share = rng.random()
    if share < 0.62:
        return wheelie(rng, fill)
    return public_bin(rng, fill) if share < 0.82 else dumpster(rng, fill)


def bin_row(rng: Rng) -> Mesh:
    """Two to five bins side by side, each its own true box, some of them overflowing, perhaps with bags in front."""
    parts, at = [], 0.0
    one = pick(rng, _BINS) if rng.random() < 0.5 else None
    bad = float(rng.choice([0.1, 0.5, 0.9]))
    for number in range(int(rng.integers(2, 6))):
        fill = "overflow" if rng.random() < bad else str(rng.choice(["closed", "closed", "open", "full"]))
        name = "overflow" if fill == "overflow" else "garbage_bin"
        body = wheelie(rng, fill, one).moved((float(rng.normal(0, 0.05)), at, 0), float(rng.normal(0, 0.1)))
        parts.append(shapes.role(f"{name}.{number}", body))
        at += float(rng.uniform(0.68, 0.9))
    if rng.random() < 0.45:
        front = bags(rng) if rng.random() < 0.6 else heap(rng, 0.6)
        parts.append(shapes.role("garbage.9", front.moved((0.85, float(rng.uniform(0, at)), 0))))
    return mesh.join(parts).moved((0, -at / 2, 0))


def model(kind: str, state: str, rng: Rng) -> Mesh:
    """The mesh of a kind of rubbish or bin."""
    if kind == "bin":
        return bin_of(rng, state or "closed")
    if kind == "bin_row":
        return bin_row(rng)
    if kind == "heap":
        return heap(rng, float(state) if state else None)
    makers = {"bags": bags, "litter": litter, "cartons": cartons, "rubble": rubble, "trail": trail}
    return makers[kind](rng)
