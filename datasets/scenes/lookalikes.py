"""Harmless things that look like a stall, a bin or rubbish from afar; they have no label."""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint

_PAINT = (
    (0.5, 0.04, 0.04),
    (0.03, 0.1, 0.35),
    (0.5, 0.5, 0.45),
    (0.03, 0.2, 0.08),
    (0.55, 0.35, 0.04),
    (0.1, 0.1, 0.11),
)
_WOOD = ((0.3, 0.18, 0.09), (0.2, 0.12, 0.06), (0.45, 0.32, 0.18))


def _shelter(rng: Rng) -> Mesh:
    """A bus stop: roof, back wall, bench, a lit poster."""
    long, paint = float(rng.uniform(2.5, 4.5)), tint(pick(rng, _PAINT), 0.4)
    parts = [
        shapes.slab((1.4, long, 0.1), (0, 0, 2.4), paint),
        shapes.slab((0.04, long * 0.9, 1.6), (-0.6, 0, 0.5), str(rng.choice(["pane", "pane_lit"]))),
        shapes.slab((0.35, long * 0.6, 0.06), (-0.3, 0, 0.45), tint(pick(rng, _WOOD))),
        shapes.slab((0.3, 0.9, 1.5), (-0.2, long / 2 - 0.5, 0.5), str(rng.choice(["sign_red", "sign_blue", "blind"]))),
    ]
    parts += [
        mesh.limb((-0.6, s * long * 0.42, 0), (-0.6, s * long * 0.42, 2.4), (0.04, 0.04), "pole", 6) for s in (-1, 1)
    ]
    return mesh.join(parts)


def _cafe(rng: Rng) -> Mesh:
    """An empty table with chairs, perhaps under a sunshade."""
    wood = tint(pick(rng, _WOOD + _PAINT), 0.6)
    parts = [
        shapes.drum(0.4, 0.03, (0, 0, 0.72), wood, 14),
        mesh.limb((0, 0, 0), (0, 0, 0.72), (0.03, 0.03), "pole", 6),
    ]
    for turn in np.arange(int(rng.integers(2, 5))) * 1.7 + float(rng.uniform(0, 3)):
        chair = [
            shapes.slab((0.4, 0.4, 0.04), (0.75, 0, 0.43), wood),
            shapes.slab((0.04, 0.4, 0.45), (0.95, 0, 0.45), wood),
        ]
        chair += [
            mesh.limb((0.75 + x, y, 0), (0.75 + x, y, 0.43), (0.015, 0.015), "pole", 5)
            for x in (-0.17, 0.17)
            for y in (-0.17, 0.17)
        ]
        parts.append(mesh.join(chair).moved((0, 0, 0), float(turn)))
    if rng.random() < 0.6:
        parts.append(
            shapes.umbrella(rng, float(rng.uniform(1.0, 1.5)), 2.1, [tint(pick(rng, _PAINT)) for _ in range(2)])
        )
    return mesh.join(parts)


def _parasol_shut(rng: Rng) -> Mesh:
    cloth = tint(pick(rng, _PAINT), 0.8)
    return mesh.join(
        [
            mesh.limb((0, 0, 0), (0, 0, 2.5), (0.025, 0.02), "pole", 7),
            mesh.limb((0, 0, 1.1), (0, 0, 2.4), (0.14, 0.04), cloth, 8),
            shapes.drum(0.3, 0.1, (0, 0, 0), "kerb", 10),
        ]
    )


def _vending_machine(rng: Rng) -> Mesh:
    """A machine that sells drinks, or a locker for parcels."""
    wide, paint = float(rng.uniform(0.8, 2.4)), tint(pick(rng, _PAINT), 0.4)
    parts = [shapes.slab((0.7, wide, 1.85), (0, 0, 0.05), paint)]
    parts.append(shapes.slab((0.02, wide * 0.75, 1.0), (0.35, 0, 0.7), str(rng.choice(["pane", "pane_lit", "blind"]))))
    return mesh.join(parts)


def _booth(rng: Rng) -> Mesh:
    """A guard's booth: closed on all sides, windows above."""
    paint = tint(pick(rng, ((0.55, 0.55, 0.53), (0.1, 0.2, 0.4), (0.4, 0.4, 0.4))), 0.5)
    size = float(rng.uniform(1.1, 1.7))
    return mesh.join(
        [
            shapes.slab((size, size, 1.0), (0, 0, 0), paint),
            shapes.slab((size * 0.98, size * 0.98, 1.0), (0, 0, 1.0), "pane"),
            shapes.slab((size + 0.3, size + 0.3, 0.12), (0, 0, 2.0), paint),
        ]
    )


def _hand_truck(rng: Rng) -> Mesh:
    """Closed parcels stacked upright on a hand truck, on their way."""
    parts, level = [shapes.slab((0.5, 0.5, 0.04), (0, 0, 0.12), "trim")], 0.16
    for _ in range(int(rng.integers(2, 5))):
        tall = float(rng.uniform(0.22, 0.4))
        size = (float(rng.uniform(0.35, 0.5)), float(rng.uniform(0.4, 0.6)), tall)
        parts.append(shapes.slab(size, (0, 0, level), tint(pick(rng, ((0.42, 0.28, 0.15), (0.5, 0.5, 0.48))), 0.9)))
        level += tall
    parts += [mesh.limb((-0.27, s * 0.22, 0.1), (-0.35, s * 0.22, 1.3), (0.018, 0.018), "pole", 6) for s in (-1, 1)]
    wheel = [(-0.03, 0.0, "tyre"), (-0.03, 0.1, "tyre"), (0.03, 0.1, "tyre"), (0.03, 0.0, "tyre")]
    parts += [mesh.lathe(wheel, (-0.27, s * 0.25, 0.1), 10) for s in (-1, 1)]
    return mesh.join(parts)


def _quilts(rng: Rng) -> Mesh:
    """Quilts that dry on a line."""
    long = float(rng.uniform(1.5, 3.0))
    parts = [mesh.limb((0, s * long / 2, 0), (0, s * long / 2, 1.9), (0.02, 0.02), "pole", 6) for s in (-1, 1)]
    parts.append(mesh.limb((0, -long / 2, 1.85), (0, long / 2, 1.85), (0.008, 0.008), "trim", 5))
    spots = np.arange(-long / 2 + 0.5, long / 2 - 0.3, 1.0)
    parts += [shapes.slab((0.06, 0.85, 1.1), (0, float(y), 0.74), tint(pick(rng, _PAINT), 0.95)) for y in spots]
    return mesh.join(parts)


def _mailbox(rng: Rng) -> Mesh:
    paint = tint(pick(rng, ((0.03, 0.2, 0.08), (0.5, 0.5, 0.05), (0.3, 0.3, 0.32))), 0.4)
    tall = float(rng.uniform(1.0, 1.3))
    return mesh.join(
        [
            shapes.slab((0.4, 0.5, tall), (0, 0, 0.05), paint),
            shapes.slab((0.02, 0.3, 0.05), (0.2, 0, tall * 0.8), "trim"),
        ]
    )


def _manhole_works(rng: Rng) -> Mesh:
    """A work site: a low fence around, a lamp, a box of tools."""
    tape = tint((0.55, 0.3, 0.02), 0.6)
    parts = [shapes.slab((0.03, 1.6, 0.12), (s * 0.8, 0, z), tape) for s in (-1, 1) for z in (0.4, 0.8)]
    parts += [shapes.slab((1.6, 0.03, 0.12), (0, s * 0.8, z), tape) for s in (-1, 1) for z in (0.4, 0.8)]
    parts += [mesh.limb((x, y, 0), (x, y, 0.95), (0.02, 0.02), "pole", 6) for x in (-0.8, 0.8) for y in (-0.8, 0.8)]
    parts.append(shapes.slab((0.5, 0.3, 0.25), (0, 0, 0), tint(pick(rng, _PAINT))))
    return mesh.join(parts)


MAKERS = (_shelter, _cafe, _parasol_shut, _vending_machine, _booth, _hand_truck, _quilts, _mailbox, _manhole_works)
