"""Trucks for muck and other goods: cabs, boxes, covers and loads; the front looks towards +x.

Materials have roles: `load` (what is carried), `cover` (what lies over it), `inside` (the box's walls and floor).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from datasets.scenes import bodies, mesh, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Grid, Rng, pick, role, tint

LOADS = ("empty", "covered", "partly", "uncovered", "spilling")
_SOIL = (
    (0.16, 0.1, 0.055),
    (0.22, 0.15, 0.09),
    (0.1, 0.075, 0.05),
    (0.28, 0.24, 0.19),
    (0.3, 0.18, 0.1),
    (0.2, 0.19, 0.18),
)
_TARP = (
    (0.03, 0.14, 0.05),
    (0.04, 0.2, 0.1),
    (0.02, 0.03, 0.03),
    (0.03, 0.08, 0.25),
    (0.12, 0.13, 0.1),
    (0.2, 0.2, 0.2),
)


@dataclass(frozen=True, slots=True)
class Box:
    """The load box: inner length, width and wall height, the floor's height, and x of its middle (metres)."""

    length: float
    width: float
    wall: float
    floor: float
    middle: float

    @property
    def rim(self) -> float:
        """The height of the walls' upper edge."""
        return self.floor + self.wall


def _cab(rng: Rng, scale: tuple[float, float, float]) -> list[Mesh]:
    parts = [mesh.join(bodies.parts_of(bodies.BODIES["cab"])).scaled(scale)]
    top = 2.5 * scale[2]
    if rng.random() < 0.5:
        parts.append(mesh.box((0.25, -1.0, top - 0.28), (0.45, 1.0, top - 0.12), "trim").scaled((1, scale[1], 1)))
    if rng.random() < 0.5:  # the lit sign that muck trucks carry
        parts.append(
            mesh.box(
                (0.7, -0.5, top),
                (0.95, 0.5, top + 0.22),
                tint(pick(rng, ((0.5, 0.3, 0.02), (0.03, 0.25, 0.08), (0.5, 0.03, 0.03)))),
            )
        )
    if rng.random() < 0.4:
        parts.append(
            mesh.box((0.6, -1.05, top - 0.02), (2.0 * scale[0], 1.05, top + 0.4), "paint").scaled((1, scale[1], 1))
        )
    band = tint(pick(rng, ((0.55, 0.55, 0.53), (0.5, 0.35, 0.03), (0.02, 0.02, 0.02))))
    parts.append(mesh.box((0.1, -0.9, 1.42 * scale[2]), (0.2, 0.9, 1.52 * scale[2]), band))
    return parts


def _walls(rng: Rng, box: Box, paint: str) -> list[Mesh]:
    """The box's outside with ribs, and its inside as a role of its own."""
    x0, x1, half = -box.length / 2, box.length / 2, box.width / 2
    thick = 0.06
    inner = tint(pick(rng, ((0.12, 0.07, 0.04), (0.1, 0.09, 0.08), (0.2, 0.12, 0.07)), 0.3), 0.9, 0.4)
    parts = []
    for side in (-1, 1):
        y = sorted((side * half, side * (half + thick)))
        parts.append(mesh.box((x0, y[0], box.floor - 0.1), (x1, y[1], box.rim), paint))
        skin = side * (half - 0.005)
        parts.append(role("inside", _panel((x0, skin, box.floor), (x1, skin, box.rim), inner)))
        for x in np.arange(x0 + 0.3, x1, float(rng.choice([0.55, 0.8, 1.2]))):
            rib = sorted((side * (half + thick), side * (half + thick + 0.07)))
            parts.append(mesh.box((x - 0.05, rib[0], box.floor - 0.1), (x + 0.05, rib[1], box.rim), paint))
        edge = sorted((side * (half - 0.02), side * (half + thick + 0.08)))
        parts.append(mesh.box((x0, edge[0], box.rim - 0.12), (x1, edge[1], box.rim), paint))
    for x, out in ((x0, -1), (x1, 1)):
        ends = sorted((x, x + out * thick))
        parts.append(
            mesh.box((ends[0], -half - thick, box.floor - 0.1), (ends[1], half + thick, box.rim + 0.02), paint)
        )
        skin = x - out * 0.005
        parts.append(role("inside", _panel((skin, -half, box.floor), (skin, half, box.rim), inner)))
    parts.append(role("inside", mesh.rectangle((x0, -half), (x1, half), box.floor, inner)))
    if rng.random() < 0.5:  # a slogan board along the side
        board = tint(pick(rng, ((0.55, 0.55, 0.53), (0.02, 0.06, 0.3), (0.5, 0.38, 0.02))))
        for side in (-1, 1):
            y = sorted((side * (half + 0.14), side * (half + 0.15)))
            parts.append(
                mesh.box(
                    (x0 * 0.6, y[0], box.floor + box.wall * 0.35), (x1 * 0.6, y[1], box.floor + box.wall * 0.75), board
                )
            )
    return parts


def _panel(low: tuple[float, float, float], high: tuple[float, float, float], material: str) -> Mesh:
    """An upright rectangle between two corners of the same x or the same y."""
    corners = [low, (high[0], high[1], low[2]), high, (low[0], low[1], high[2])]
    return mesh.single(np.array(corners, np.float64), np.array([[0, 1, 2, 3]], np.int32), material)


def _heap(rng: Rng, box: Box, height: float, rows: int = 34, columns: int = 16) -> tuple[Grid, Grid, Grid]:
    """The load's surface: x, y, z over the box; `height` is its top above the rim, negative below it."""
    u, v = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    crown = (1 - np.abs(u) ** 3.0) * (1 - np.abs(v) ** 2.2)
    humps = 1 + 0.22 * np.cos(u * float(rng.uniform(3, 8)) + float(rng.uniform(0, 6)))
    base = box.rim - float(rng.uniform(0.1, 0.3))
    z = base + (height + (box.rim - base)) * crown * humps + 0.05 * shapes.bumps(rng, rows, columns, 8)
    z += rng.normal(0, 0.02, z.shape)
    return u * box.length / 2, v * box.width / 2, np.maximum(z, box.floor + 0.1)


def _load(rng: Rng, box: Box, height: float) -> Mesh:
    x, y, z = _heap(rng, box, height)
    soils = [tint(pick(rng, (pick(rng, _SOIL),), 0.25), 0.95) for _ in range(3)]
    parts = [shapes.field(x, y, z, soils, rng)]
    for _ in range(int(rng.integers(0, 26))):
        i, j = int(rng.integers(2, z.shape[0] - 2)), int(rng.integers(2, z.shape[1] - 2))
        radii = rng.uniform(0.05, 0.17, 3) * [1.0, 1.0, 0.6]
        stone = shapes.blob(rng, radii, tint(pick(rng, (*_SOIL, (0.4, 0.38, 0.35))), 0.95), 0.2, 10)
        parts.append(stone.moved((float(x[i, j]), float(y[i, j]), float(z[i, j]) - 0.05)))
    return role("load", mesh.join(parts))


def _tarp(rng: Rng, box: Box, height: float, span: tuple[float, float] = (-0.5, 0.5)) -> Mesh:
    """A sheet over part of the box (`span` in shares of its length), flat or over the heap, with ropes."""
    paint = tint(pick(rng, _TARP), float(rng.uniform(0.4, 0.9)), 0.1)
    length = box.length * (span[1] - span[0])
    x, _, z = _heap(rng, box, height, 26, 14)
    inside = (x[:, 0] >= span[0] * box.length - 0.15) & (x[:, 0] <= span[1] * box.length + 0.15)
    heights = np.maximum(z[inside], box.rim + 0.02)
    sheet = shapes.drape(rng, length, box.width + 0.16, heights, float(rng.uniform(0.08, 0.5)), paint, 0.035)
    parts = [sheet]
    for at in np.linspace(-length / 2 + 0.3, length / 2 - 0.3, int(rng.integers(0, 6))):
        row = int(np.clip((at / length + 0.5) * (len(heights) - 1), 0, len(heights) - 1))
        parts += _rope(float(at), box.width, heights[row] + 0.05)
    return role("cover", mesh.join(parts).moved((sum(span) / 2 * box.length, 0, 0)))


def _rope(x: float, width: float, heights: Grid) -> list[Mesh]:
    """A rope across the sheet at `x`."""
    few, paint = heights[:: max(1, len(heights) // 5)], tint((0.4, 0.38, 0.3))
    points = [(x, y, z) for y, z in zip(np.linspace(-width / 2, width / 2, len(few)), few, strict=True)]
    return [mesh.limb(a, b, (0.015, 0.015), paint, 4) for a, b in pairwise(points)]


def _steel(rng: Rng, box: Box, paint: str, open_share: float = 0.0) -> Mesh:
    """The mechanical cover: a sliding lid or two leaves, of steel with ribs; `open_share` 0 closed."""
    half, length = box.width / 2 + 0.1, box.length
    parts: list[Mesh] = []
    if rng.random() < 0.5:  # a lid that slides towards the cab
        start, end = -length / 2 + length * open_share, length / 2 + 0.05
        parts.append(mesh.box((start, -half, box.rim + 0.03), (end, half, box.rim + 0.1), paint))
        parts += [
            mesh.box((x, -half, box.rim + 0.1), (x + 0.08, half, box.rim + 0.17), paint)
            for x in np.arange(start + 0.1, end, 0.6)
        ]
        if open_share:
            parts += [
                mesh.box((end - 0.5, -half, box.rim + 0.1 + k * 0.08), (end, half, box.rim + 0.16 + k * 0.08), paint)
                for k in range(4)
            ]
    else:  # two leaves hinged at the sides
        for side in (-1, 1):
            swing = 115.0 if open_share and (side < 0 or open_share > 0.6) else float(rng.uniform(0, 5))
            parts.append(_leaf(box, paint, side, swing))
    return role("cover", mesh.join(parts))


def _leaf(box: Box, paint: str, side: int, swing_deg: float) -> Mesh:
    half, a = box.width / 2 + 0.1, np.radians(swing_deg + 4.0)
    wide = half
    along = np.array([-box.length / 2, box.length / 2])
    hinge, tip = (side * half, box.rim + 0.04), (side * (half - wide * np.cos(a)), box.rim + 0.04 + wide * np.sin(a))
    corners = np.array([(along[0], *hinge), (along[1], *hinge), (along[1], *tip), (along[0], *tip)])
    parts = [mesh.single(corners, np.array([[0, 1, 2, 3]], np.int32), paint)]
    parts += [
        mesh.limb((x, hinge[0], hinge[1] + 0.02), (x, tip[0], tip[1] + 0.02), (0.03, 0.03), paint, 5)
        for x in np.arange(along[0] + 0.2, along[1], 0.7)
    ]
    return mesh.join(parts)


def _contents(rng: Rng, box: Box, state: str, paint: str) -> list[Mesh]:
    """What lies in and over the box in a load state."""
    if state == "empty":
        return []
    if state == "covered":
        return (
            [_steel(rng, box, paint)]
            if rng.random() < 0.45
            else [_tarp(rng, box, float(rng.choice([0.0, 0.02, 0.25, 0.5])))]
        )
    high = float(rng.uniform(0.2, 0.6))
    if state == "partly":
        parts = [_load(rng, box, high * float(rng.choice([-0.2, 0.6, 1.0])))]
        if rng.random() < 0.35:
            return [*parts, _steel(rng, box, paint, float(rng.uniform(0.3, 0.6)))]
        share = float(rng.uniform(0.3, 0.7))
        span = (-0.5, -0.5 + share) if rng.random() < 0.5 else (0.5 - share, 0.5)
        return [*parts, _tarp(rng, box, high + 0.06, span)]
    if state == "uncovered":
        parts = [_load(rng, box, float(rng.uniform(0.0, 0.75)))]
        if rng.random() < 0.2:  # open leaves on both sides hide nothing
            parts.append(_steel(rng, box, paint, 0.9))
        return parts
    return [_load(rng, box, float(rng.uniform(0.6, 0.95))), role("spill", _spill(rng, box))]


def _spill(rng: Rng, box: Box) -> Mesh:
    """Soil over the rim, on the tail and in the air and on the road behind."""
    soil = [tint(pick(rng, _SOIL), 0.95) for _ in range(3)]
    side = rng.choice([-1, 1], 40) * (box.width / 2 + rng.uniform(0, 0.16, 40))
    edge = np.c_[rng.uniform(-0.5, 0.5, 40) * box.length, side, box.rim + rng.uniform(-0.5, 0.1, 40)]
    behind = np.c_[-box.length / 2 - rng.uniform(0.1, 1.8, 50), rng.normal(0, 0.7, 50), rng.uniform(0.02, 1.3, 50) ** 2]
    parts = [shapes.cards(rng, np.concatenate([edge, behind]), (0.05, 0.18), soil, 0.2)]
    for x, y, z in np.concatenate([edge[:12], behind[:16]]):
        parts.append(shapes.blob(rng, rng.uniform(0.03, 0.12, 3), soil[0], 0.2, 6).moved((x, y, max(0.0, z - 0.05))))
    return mesh.join(parts)


def _wheels(rng: Rng, length: float, axles: int, radius: float) -> list[Mesh]:
    places = {2: (0.78,), 3: (0.68, 0.84), 4: (0.3, 0.7, 0.86)}[axles]
    return [bodies.wheel(share * length, s * 0.98, radius, 0.38) for share in places for s in (-1, 1)]


def _underframe(rng: Rng, length: float, width: float) -> list[Mesh]:
    parts = [mesh.box((1.5, -0.5, 0.6), (length - 0.1, 0.5, 1.05), "under")]
    parts += [
        mesh.box((length - 0.05, s * 0.85 - 0.14, 0.75), (length + 0.02, s * 0.85 + 0.14, 0.93), "taillamp")
        for s in (-1, 1)
    ]
    parts.append(mesh.box((length - 0.04, -0.25, 0.7), (length + 0.02, 0.25, 0.86), "plate"))
    parts.append(mesh.box((length - 0.12, -width / 2, 0.5), (length, width / 2, 0.62), tint((0.5, 0.1, 0.02))))
    if rng.random() < 0.6:
        for s in (-1, 1):
            y = sorted((s * width / 2, s * (width / 2 - 0.05)))
            parts.append(
                mesh.box(
                    (2.6, y[0], 0.55),
                    (length * 0.62, y[1], 0.85),
                    tint((0.45, 0.42, 0.1) if rng.random() < 0.4 else (0.2, 0.2, 0.2)),
                )
            )
    return parts


def dump_truck(state: str, rng: Rng) -> Mesh:
    """A muck truck in a load state of `LOADS`; its cab takes the actor's colour, its box the second colour."""
    big = rng.random() < 0.75
    scale = (1.0, 1.05, float(rng.uniform(1.08, 1.22))) if big else (0.85, 0.9, 0.92)
    wall = float(rng.uniform(0.9, 1.7)) if big else float(rng.uniform(0.55, 0.9))
    length = float(rng.uniform(4.6, 7.0)) if big else float(rng.uniform(3.2, 4.0))
    box = Box(length, 2.35 if big else 1.95, wall, 1.25 if big else 0.95, 0.0)
    start = 2.1 * scale[0] + 0.25
    total = start + length + 0.15
    paint = "box" if rng.random() < 0.85 else "paint"
    body = [*_walls(rng, box, paint), *_contents(rng, box, state or "uncovered", paint)]
    if rng.random() < 0.35:  # the guard over the cab
        x = box.length / 2
        body.append(mesh.box((x, -1.1, box.rim), (x + 0.9, 1.1, box.rim + 0.06), paint))
    # Bodies are drawn with their front at x = 0 and their rear at +x, the box the other way round.
    placed = [part.moved((0, 0, 0), np.pi).moved((start + length / 2, 0, 0)) for part in body]
    axles = int(rng.choice([3, 4])) if big else 2
    parts = [
        *_cab(rng, scale),
        *placed,
        *_underframe(rng, total, 2.4 if big else 2.0),
        *_wheels(rng, total, axles, 0.52 if big else 0.44),
    ]
    return bodies.nose_first(parts, total)


def plain_truck(state: str, rng: Rng) -> Mesh:
    """Another truck, so that not every truck is a muck truck: flatbed, stake body, tank, mixer or van body."""
    style = state or str(rng.choice(["flat", "stake", "tank", "mixer", "van"]))
    scale = (0.95, 1.0, float(rng.uniform(0.9, 1.12)))
    length, start = float(rng.uniform(3.6, 7.0)), 2.3
    total = start + length + 0.1
    parts = [*_cab(rng, scale), *_underframe(rng, total, 2.3), *_wheels(rng, total, 3 if length > 5 else 2, 0.48)]
    middle = start + length / 2
    parts.append(shapes.slab((length, 2.35, 0.12), (middle, 0, 1.0), "box"))
    parts += [part.moved((middle, 0, 0)) for part in _superstructure(rng, style, length)]
    return bodies.nose_first(parts, total)


def _superstructure(rng: Rng, style: str, length: float) -> list[Mesh]:
    if style == "van":
        return [shapes.slab((length, 2.35, float(rng.uniform(1.7, 2.4))), (0, 0, 1.1), "box")]
    if style in ("tank", "mixer"):
        profile = [
            (-length / 2, 0.3, "box"),
            (-length / 4, 1.0, "box"),
            (length / 4, 1.15, "box"),
            (length / 2, 0.5, "box"),
            (length / 2, 0.0, "box"),
        ]
        if style == "tank":
            profile = [
                (-length / 2, 0.0, "box"),
                (-length / 2, 0.95, "box"),
                (length / 2, 0.95, "box"),
                (length / 2, 0.0, "box"),
            ]
        turned = mesh.lathe(profile, (0, 0, 0), 18).moved((0, 0, 0), np.pi / 2)
        return [turned.moved((0, 0, 2.15))]
    parts = []
    if style == "stake":
        for side in (-1, 1):
            parts += [shapes.slab((length, 0.04, 0.12), (0, side * 1.17, 1.15 + 0.22 * k), "box") for k in range(4)]
            parts += [
                shapes.slab((0.06, 0.06, 0.95), (float(x), side * 1.19, 1.1), "box")
                for x in np.arange(-length / 2, length / 2, 0.7)
            ]
    for _ in range(int(rng.integers(3, 14))):  # goods in crates and sacks
        size = rng.uniform(0.4, 1.1, 3)
        spot = (float(rng.uniform(-0.4, 0.4)) * length, float(rng.uniform(-0.6, 0.6)), 1.12)
        parts.append(
            shapes.slab(
                size, spot, tint(pick(rng, ((0.4, 0.28, 0.15), (0.5, 0.5, 0.48), (0.1, 0.2, 0.4), (0.3, 0.05, 0.04))))
            )
        )
    return parts
