"""People, bicycles and motorcycles from tubes and ellipsoids: recognisable, and nobody in particular."""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh
from datasets.scenes.mesh import Mesh


def person(phase: float = 0.0, stride: float = 0.36) -> Mesh:
    """Somebody 1.72 m tall who walks towards +x; `phase` in turns (0..1) of the walk, `stride` 0 stands still."""
    swing = stride * np.sin(2 * np.pi * phase)
    parts = [_head(), mesh.limb((0, 0, 1.0), (0.01, 0, 1.32), (0.15, 0.17), "shirt", 16).scaled((0.82, 1.1, 1.0))]
    for side in (-1.0, 1.0):
        reach = swing * side
        lift = max(0.0, -reach) * 0.22
        knee = (reach * 0.55 + 0.05, side * 0.09, 0.5)
        foot = (reach, side * 0.09, 0.09 + lift)
        parts += [
            mesh.limb((0, side * 0.09, 0.93), knee, (0.095, 0.07), "trousers"),
            mesh.limb(knee, foot, (0.07, 0.05), "trousers"),
            mesh.ellipsoid((foot[0] + 0.06, foot[1], foot[2] - 0.045), (0.14, 0.05, 0.05), "shoe"),
        ]
        hand = (-reach * 0.75 + 0.06, side * 0.27, 0.86)
        elbow = (-reach * 0.3 - 0.02, side * 0.26, 1.1)
        parts += [
            mesh.limb((0, side * 0.2, 1.38), elbow, (0.062, 0.05), "shirt"),
            mesh.limb(elbow, hand, (0.05, 0.036), "shirt"),
            mesh.ellipsoid(hand, (0.05, 0.035, 0.06), "skin"),
        ]
    return mesh.join(parts)


def _head() -> Mesh:
    return mesh.join(
        [
            mesh.limb((0, 0, 1.42), (0.01, 0, 1.52), (0.06, 0.055), "skin"),
            mesh.ellipsoid((0.02, 0, 1.62), (0.105, 0.08, 0.125), "skin"),
            mesh.ellipsoid((0.0, 0, 1.655), (0.11, 0.088, 0.105), "hair"),
        ]
    )


def rider(seat: tuple[float, float], grip: tuple[float, float], foot: tuple[float, float], top: str) -> list[Mesh]:
    """Somebody sitting at `seat` (x, z) with the hands at `grip` and the feet at `foot`."""
    hip, shoulder = (seat[0], seat[1] + 0.1), (seat[0] + 0.2, seat[1] + 0.58)
    head = (shoulder[0] + 0.07, shoulder[1] + 0.24)
    parts = [mesh.limb((hip[0], 0, hip[1]), (shoulder[0], 0, shoulder[1]), (0.15, 0.17), "shirt", 16)]
    parts.append(mesh.ellipsoid((head[0], 0, head[1]), (0.11, 0.09, 0.125), "skin"))
    parts.append(mesh.ellipsoid((head[0] - 0.015, 0, head[1] + 0.035), (0.125, 0.11, 0.115), top))
    for side in (-1.0, 1.0):
        knee = ((hip[0] + foot[0]) / 2 + 0.22, side * 0.14, (hip[1] + foot[1]) / 2 + 0.12)
        parts += [
            mesh.limb((hip[0], side * 0.1, hip[1]), knee, (0.1, 0.075), "trousers"),
            mesh.limb(knee, (foot[0], side * 0.12, foot[1]), (0.072, 0.05), "trousers"),
            mesh.ellipsoid((foot[0] + 0.06, side * 0.12, foot[1] - 0.04), (0.14, 0.05, 0.05), "shoe"),
            mesh.limb(
                (shoulder[0], side * 0.2, shoulder[1] - 0.04), (grip[0], side * 0.3, grip[1]), (0.06, 0.04), "shirt"
            ),
        ]
    return parts


def spokes(x: float, radius: float, count: int) -> list[Mesh]:
    """A wheel's spokes about (x, 0, radius)."""
    turns = np.arange(count) * 2 * np.pi / count
    return [
        mesh.limb(
            (x, 0, radius),
            (x + radius * 0.95 * np.cos(a), 0, radius + radius * 0.95 * np.sin(a)),
            (0.006, 0.006),
            "rim",
            5,
        )
        for a in turns
    ]


def bicycle() -> Mesh:
    """A bicycle with its rider, riding towards +x."""
    r, rear, front = 0.34, -0.52, 0.54
    joints = {"crank": (0.0, 0.29), "seat": (-0.2, 0.9), "head": (0.4, 0.86), "low": (0.43, 0.72)}
    tubes = [("crank", "seat"), ("seat", "head"), ("crank", "low")]
    parts = [mesh.torus((x, 0, r), r - 0.02, 0.022, "tyre") for x in (rear, front)]
    parts += spokes(rear, r, 10) + spokes(front, r, 10)
    for a, b in tubes:
        parts.append(
            mesh.limb((joints[a][0], 0, joints[a][1]), (joints[b][0], 0, joints[b][1]), (0.02, 0.02), "paint", 8)
        )
    for low, high in (((rear, r), joints["crank"]), ((rear, r), (-0.18, 0.82)), ((front, r), joints["head"])):
        parts.append(mesh.limb((low[0], 0, low[1]), (high[0], 0, high[1]), (0.018, 0.018), "paint", 8))
    parts.append(mesh.limb((0.4, -0.28, 1.0), (0.4, 0.28, 1.0), (0.017, 0.017), "trim", 8))
    parts.append(mesh.limb((0.4, 0, 0.86), (0.4, 0, 1.0), (0.018, 0.018), "trim", 8))
    parts.append(mesh.ellipsoid((-0.23, 0, 0.95), (0.14, 0.08, 0.04), "trim"))
    parts += rider((-0.2, 0.95), (0.4, 1.02), (0.02, 0.24), "hair")
    return mesh.join(parts)


def motorcycle() -> Mesh:
    """A scooter-like motorcycle with its helmeted rider, riding towards +x."""
    r, rear, front = 0.28, -0.62, 0.66
    parts = [mesh.torus((x, 0, r), r - 0.06, 0.062, "tyre") for x in (rear, front)]
    parts += [
        mesh.lathe([(-0.05, 0.0, "hub"), (-0.05, 0.17, "hub"), (0.05, 0.17, "hub"), (0.05, 0.0, "hub")], (x, 0, r))
        for x in (rear, front)
    ]
    parts += [
        mesh.ellipsoid((-0.4, 0, 0.56), (0.5, 0.17, 0.2), "paint"),
        mesh.ellipsoid((-0.3, 0, 0.78), (0.42, 0.15, 0.08), "trim"),
        mesh.ellipsoid((0.42, 0, 0.7), (0.14, 0.2, 0.34), "paint"),
        mesh.ellipsoid((0.66, 0, 0.52), (0.24, 0.08, 0.09), "paint"),
        mesh.box((-0.25, -0.16, 0.3), (0.4, 0.16, 0.38), "trim"),
        mesh.limb((front, 0.06, r), (0.44, 0.06, 0.95), (0.03, 0.03), "rim", 8),
        mesh.limb((front, -0.06, r), (0.44, -0.06, 0.95), (0.03, 0.03), "rim", 8),
        mesh.limb((0.4, -0.34, 1.03), (0.4, 0.34, 1.03), (0.02, 0.02), "trim", 8),
        mesh.ellipsoid((0.55, 0, 0.86), (0.06, 0.1, 0.08), "headlamp"),
        mesh.ellipsoid((-0.88, 0, 0.62), (0.05, 0.1, 0.05), "taillamp"),
        mesh.box((-0.93, -0.1, 0.42), (-0.91, 0.1, 0.54), "plate"),
        mesh.limb((-0.75, -0.16, 0.3), (-0.15, -0.16, 0.26), (0.05, 0.035), "rim", 8),
    ]
    parts += rider((-0.25, 0.82), (0.38, 1.05), (0.1, 0.42), "helmet")
    return mesh.join(parts)
