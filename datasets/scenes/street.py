"""The street itself: ground, kerbs, markings, facades, trees, lamps, all from a seed."""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh
from datasets.scenes.mesh import Mesh
from datasets.scenes.spec import StreetSpec

KERB_M = 0.14
_WALLS = ("wall_cream", "wall_brick", "wall_grey", "wall_white", "wall_ochre", "wall_teal")
_SIGNS = ("sign_red", "sign_blue", "sign_green", "sign_yellow", "sign_dark")


def ground(street: StreetSpec) -> Mesh:
    """Everything that feet and tyres touch; in renders of actors it only catches their shadows."""
    half, reach, walk = street.road_half_m, street.reach_m, street.pavement_m
    parts = [mesh.rectangle((-reach, -half), (reach, half), 0.0, _ground(street.road, "asphalt"))]
    for side in (-1.0, 1.0):
        inner, outer = side * half, side * (half + walk)
        low, high = min(inner, outer), max(inner, outer)
        parts.append(mesh.box((-reach, low, -0.2), (reach, high, KERB_M - 0.005), _ground(street.paving, "paving")))
        edge = sorted((inner, inner + side * 0.16))
        parts.append(mesh.box((-reach, edge[0], -0.2), (reach, edge[1], KERB_M), "kerb"))
        gutter = sorted((inner - side * 0.3, inner))
        parts.append(mesh.rectangle((-reach, gutter[0]), (reach, gutter[1]), 0.002, "gutter"))
        tactile = side * (half + 1.6)
        parts.append(mesh.rectangle((-reach, tactile - 0.2), (reach, tactile + 0.2), KERB_M + 0.003, "tactile"))
    return mesh.join([*parts, *_markings(street)])


def _ground(material: str, usual: str) -> str:
    return material if material == usual else f"ground={material}"


def _markings(street: StreetSpec) -> list[Mesh]:
    reach, half = street.reach_m, street.road_half_m
    dashes = np.arange(-reach, reach, 6.0)
    parts = [mesh.rectangle((x, -0.07), (x + 3.0, 0.07), 0.004, "marking") for x in dashes]
    for side in (-1.0, 1.0):
        lane = side * (half - 2.35)
        parts += [
            mesh.rectangle((x, lane - 0.05), (x + 1.0, lane + 0.05), 0.004, "marking")
            for x in np.arange(-reach, reach, 2.6)
        ]
    if street.crossing_x is not None:
        for y in np.arange(-half + 0.5, half - 0.4, 0.95):
            parts.append(
                mesh.rectangle((street.crossing_x - 1.7, y), (street.crossing_x + 1.7, y + 0.5), 0.006, "marking")
            )
    if street.no_stopping is not None:
        start, end, side = street.no_stopping
        line = sorted((side * (half - 0.42), side * (half - 0.54)))
        parts.append(mesh.rectangle((start, line[0]), (end, line[1]), 0.006, "yellow"))
        turns = np.arange(start, end - 1.5, 3.0)
        parts += [_slanted(x, side * half, side) for x in turns]
    return parts


def _slanted(x: float, kerb_y: float, side: float) -> Mesh:
    """One stroke of the yellow zigzag beside the no-stopping line."""
    near, far = kerb_y - side * 0.6, kerb_y - side * 2.1
    corners = [[x, near, 0.006], [x + 0.12, near, 0.006], [x + 1.62, far, 0.006], [x + 1.5, far, 0.006]]
    face = np.array([[0, 1, 2, 3]] if side < 0 else [[3, 2, 1, 0]], np.int32)
    return mesh.single(np.array(corners), face, "yellow")


def solids(street: StreetSpec) -> Mesh:
    """Everything that stands: facades on both sides, trees, lamps, bins."""
    rng = np.random.default_rng(street.seed)
    parts: list[Mesh] = []
    for side in (-1.0, 1.0):
        parts += _fence(street) if street.hoarding and side > 0 else _row_of_houses(street, side, rng)
    parts += [_tree(x, y, rng) for x, y in street.trees]
    parts += [_lamp(x, y) for x, y in street.lamps]
    return mesh.join(parts)


def _fence(street: StreetSpec) -> list[Mesh]:
    """A building site's fence along the far side, and a bare block behind it."""
    y, reach = street.road_half_m + street.pavement_m, street.reach_m
    parts = [mesh.box((x, y, 0.0), (x + 2.92, y + 0.06, 2.4), street.hoarding) for x in np.arange(-reach, reach, 3.0)]
    parts += [
        mesh.box((x - 0.04, y - 0.05, 0.0), (x + 0.04, y + 0.1, 2.5), "pole") for x in np.arange(-reach, reach, 3.0)
    ]
    parts.append(mesh.box((-reach, y + 14, 0.0), (reach, y + 16, 15.0), "wall_grey"))
    return parts


def _row_of_houses(street: StreetSpec, side: float, rng: np.random.Generator) -> list[Mesh]:
    parts: list[Mesh] = []
    x = -street.reach_m
    front = street.road_half_m + street.pavement_m
    while x < street.reach_m:
        width = float(rng.uniform(8.0, 15.0))
        if street.greenery and rng.random() < 0.35:
            parts += _hedge(x, width, side * front, side, rng)
        else:
            parts.append(_house(x, width, side * front, side, rng))
        x += width
    return parts


def _hedge(x: float, width: float, y: float, side: float, rng: np.random.Generator) -> list[Mesh]:
    wall = mesh.box((x, min(y, y + side * 0.3), 0), (x + width, max(y, y + side * 0.3), 1.1), "wall_grey")
    back = mesh.box(
        (x, min(y + side * 8, y + side * 9), 0), (x + width, max(y + side * 8, y + side * 9), 9.0), "wall_white"
    )
    trees = [_tree(x + width * part, y + side * 3.2, rng) for part in (0.3, 0.75)]
    lawn = mesh.box((x, min(y, y + side * 8), -0.1), (x + width, max(y, y + side * 8), KERB_M), "grass")
    return [wall, back, lawn, *trees]


def _house(x: float, width: float, y: float, side: float, rng: np.random.Generator) -> Mesh:
    """A house with its front at `y`, looking at the road."""
    floors = int(rng.integers(2, 6))
    height = 3.9 + 3.1 * (floors - 1)
    wall = str(rng.choice(_WALLS))
    # Modelled with its front at y = 0 looking towards -y, then turned to its side of the street.
    parts = [
        mesh.box((0, 0, 0), (width, 9.0, height), wall),
        mesh.box((-0.1, -0.12, height - 0.35), (width + 0.1, 0.2, height + 0.2), "trim_light"),
    ]
    parts += _shops(width, rng)
    count = max(2, int(width // 2.6))
    pitch = width / count
    for floor in range(1, floors):
        base = 3.9 + 3.1 * (floor - 1) + 0.8
        for column in range(count):
            parts += _window(column * pitch + pitch / 2, base, rng)
    house = mesh.join(parts)
    if side > 0:
        return house.moved((x, y, 0.0))
    return house.moved((0.0, 0.0, 0.0), np.pi).moved((x + width, y, 0.0))


def _window(x: float, base: float, rng: np.random.Generator) -> list[Mesh]:
    parts = [
        mesh.box((x - 0.68, -0.05, base - 0.08), (x + 0.68, 0.02, base + 1.68), "trim_light"),
        mesh.box((x - 0.6, -0.07, base), (x + 0.6, 0.02, base + 1.6), _pane(x, base)),
        mesh.box((x - 0.03, -0.09, base), (x + 0.03, 0.0, base + 1.6), "trim_light"),
    ]
    if rng.random() < 0.22:
        parts.append(mesh.box((x - 0.4, -0.42, base - 0.75), (x + 0.4, -0.05, base - 0.2), "trim_light"))
    if rng.random() < 0.3:
        parts.append(
            mesh.box((x - 0.58, -0.075, base + float(rng.uniform(0.5, 1.2))), (x + 0.58, -0.02, base + 1.6), "blind")
        )
    return parts


def _pane(x: float, base: float) -> str:
    """Every third window is lit by night; by its place, so that nothing else of the street depends on it."""
    return "pane_lit" if int(x * 7.3 + base * 3.1) % 3 == 0 else "pane"


def _shops(width: float, rng: np.random.Generator) -> list[Mesh]:
    parts: list[Mesh] = []
    count = max(1, int(width // 4.5))
    pitch = width / count
    for number in range(count):
        left, right = number * pitch + 0.35, (number + 1) * pitch - 0.35
        parts.append(mesh.box((left, -0.16, 2.75), (right, 0.0, 3.5), str(rng.choice(_SIGNS))))
        if rng.random() < 0.25:
            parts.append(mesh.box((left, -0.06, 0.1), (right, 0.0, 2.7), "shutter"))
            continue
        parts.append(mesh.box((left, -0.05, 0.5), (right, 0.0, 2.6), _pane(left + width, right)))
        parts.append(mesh.box((left, -0.08, 0.0), (right, 0.0, 0.5), "trim_dark"))
        door = left + (right - left) * float(rng.uniform(0.2, 0.7))
        parts.append(mesh.box((door, -0.1, 0.0), (door + 0.07, 0.0, 2.6), "trim_dark"))
        parts.append(mesh.box((door + 0.95, -0.1, 0.0), (door + 1.02, 0.0, 2.6), "trim_dark"))
        if rng.random() < 0.35:
            parts.append(_awning(left, right, str(rng.choice(_SIGNS))))
    return parts


def _awning(left: float, right: float, material: str) -> Mesh:
    corners = [[left, -0.1, 2.75], [right, -0.1, 2.75], [right, -1.3, 2.3], [left, -1.3, 2.3]]
    return mesh.single(np.array(corners), np.array([[0, 3, 2, 1]], np.int32), material)


def _tree(x: float, y: float, rng: np.random.Generator) -> Mesh:
    height = float(rng.uniform(5.0, 7.5))
    trunk = mesh.limb(
        (0, 0, -0.1), (rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), height * 0.6), (0.16, 0.09), "bark", 10
    )
    parts = [trunk]
    for _ in range(9):
        centre = np.array([rng.normal(0, 0.8), rng.normal(0, 0.8), height * rng.uniform(0.6, 1.0)])
        parts.append(mesh.limb((0, 0, height * 0.45), centre, (0.06, 0.02), "bark", 6))
        parts.append(_leaves(centre, float(rng.uniform(0.7, 1.15)), 190, rng))
    return mesh.join(parts).moved((x, y, 0.0))


def _leaves(centre: mesh.Points, radius: float, count: int, rng: np.random.Generator) -> Mesh:
    """A clump of leaf cards around `centre`."""
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    middle = centre + direction * radius * rng.uniform(0.45, 1.0, (count, 1)) ** 0.5 * [1.0, 1.0, 0.8]
    u = rng.normal(size=(count, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(u, direction)
    size = rng.uniform(0.08, 0.17, (count, 1))
    corners = np.stack(
        [
            middle - u * size - v * size,
            middle + u * size - v * size,
            middle + u * size + v * size,
            middle - u * size + v * size,
        ],
        1,
    )
    faces = np.arange(count * 4, dtype=np.int32).reshape(-1, 4)
    ids = rng.integers(0, 3, count).astype(np.int32)
    return Mesh(corners.reshape(-1, 3), faces, ids, ("leaf_a", "leaf_b", "leaf_c"))


def _lamp(x: float, y: float) -> Mesh:
    side = -1.0 if y > 0 else 1.0
    parts = [
        mesh.limb((0, 0, 0), (0, 0, 7.0), (0.09, 0.06), "pole", 10),
        mesh.limb((0, 0, 6.9), (0, side * 1.6, 7.2), (0.04, 0.035), "pole", 8),
        mesh.ellipsoid((0, side * 1.8, 7.2), (0.14, 0.34, 0.07), "pole"),
    ]
    return mesh.join(parts).moved((x, y, 0.0))
