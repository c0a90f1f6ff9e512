"""Vehicle bodies lofted from side profiles: sedan, hatchback, SUV, van, bus, truck.

A body's front is at x = +length/2, so that an actor with heading 0 drives towards +x. Plates are blank on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.scenes import mesh
from datasets.scenes.mesh import Mesh

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Body:
    """The side view of a vehicle; x runs from the front (0) to the rear (`length`), metres.

    `top` is the roof line as (x, z); `cowl`..`header` is the windscreen, `back`..`tail` the rear window. `pillars` are
    the (x) centres of solid pillars between the side windows, `glass_from`/`glass_to` the ends of the side windows.
    """

    length: float
    width: float
    top: tuple[tuple[float, float], ...]
    belt: tuple[tuple[float, float], ...]
    cowl: float
    header: float
    back: float
    tail: float
    pillars: tuple[float, ...]
    doors: tuple[float, ...]
    axles: tuple[float, float]
    wheel: float = 0.33
    sill: float = 0.24
    boxiness: float = 3.6
    tumblehome: float = 0.17
    nose_taper: float = 0.16
    bow: float = 0.16
    lamp_z: float = 0.68
    grille: tuple[float, float] = (0.34, 0.56)
    glass_rise: float = 0.05
    glass_to: float | None = None


BODIES: dict[str, Body] = {
    "sedan": Body(
        length=4.75,
        width=1.84,
        top=(
            (0, 0.66),
            (0.06, 0.74),
            (0.5, 0.86),
            (1.35, 0.99),
            (2.15, 1.38),
            (2.6, 1.45),
            (3.2, 1.41),
            (4.05, 1.1),
            (4.6, 1.05),
            (4.71, 0.98),
            (4.75, 0.8),
        ),
        belt=((0, 0.6), (0.4, 0.78), (1.4, 0.9), (4.2, 0.97), (4.75, 0.75)),
        cowl=1.35,
        header=2.15,
        back=3.2,
        tail=4.02,
        pillars=(2.62,),
        doors=(1.5, 2.62, 3.55),
        axles=(0.92, 3.72),
    ),
    "hatchback": Body(
        length=4.1,
        width=1.77,
        top=(
            (0, 0.68),
            (0.06, 0.76),
            (0.45, 0.9),
            (1.05, 1.02),
            (1.8, 1.42),
            (2.3, 1.5),
            (3.2, 1.45),
            (3.55, 1.36),
            (3.95, 1.0),
            (4.08, 0.9),
            (4.1, 0.75),
        ),
        belt=((0, 0.62), (0.4, 0.8), (1.1, 0.93), (3.9, 0.98), (4.1, 0.72)),
        cowl=1.05,
        header=1.8,
        back=3.5,
        tail=3.93,
        pillars=(2.3,),
        doors=(1.2, 2.3, 3.1),
        axles=(0.78, 3.35),
        glass_to=3.35,
    ),
    "suv": Body(
        length=4.6,
        width=1.9,
        top=(
            (0, 0.8),
            (0.06, 0.92),
            (0.5, 1.03),
            (1.25, 1.12),
            (1.95, 1.6),
            (2.4, 1.69),
            (3.5, 1.67),
            (4.1, 1.58),
            (4.45, 1.15),
            (4.58, 1.02),
            (4.6, 0.8),
        ),
        belt=((0, 0.74), (0.4, 0.94), (1.3, 1.04), (4.3, 1.1), (4.6, 0.78)),
        cowl=1.25,
        header=1.95,
        back=4.08,
        tail=4.42,
        pillars=(2.5, 3.45),
        doors=(1.4, 2.5, 3.4),
        axles=(0.9, 3.62),
        wheel=0.37,
        sill=0.3,
        boxiness=4.2,
        lamp_z=0.86,
        grille=(0.48, 0.76),
    ),
    "van": Body(
        length=4.9,
        width=1.9,
        top=(
            (0, 0.82),
            (0.05, 0.96),
            (0.35, 1.08),
            (0.75, 1.2),
            (1.6, 1.78),
            (2.1, 1.92),
            (4.3, 1.92),
            (4.72, 1.85),
            (4.86, 1.2),
            (4.9, 0.8),
        ),
        belt=((0, 0.76), (0.4, 1.0), (0.8, 1.08), (4.8, 1.1), (4.9, 0.75)),
        cowl=0.75,
        header=1.6,
        back=4.7,
        tail=4.85,
        pillars=(2.05, 3.3),
        doors=(1.15, 2.1, 3.3),
        axles=(0.85, 3.85),
        wheel=0.34,
        sill=0.26,
        boxiness=5.0,
        tumblehome=0.13,
        lamp_z=0.88,
        grille=(0.44, 0.66),
    ),
    "bus": Body(
        length=11.2,
        width=2.5,
        top=(
            (0, 1.0),
            (0.05, 1.3),
            (0.2, 2.6),
            (0.35, 2.98),
            (0.7, 3.05),
            (10.9, 3.05),
            (11.12, 2.95),
            (11.18, 2.4),
            (11.2, 1.0),
        ),
        belt=((0, 0.9), (0.25, 1.3), (11.0, 1.3), (11.2, 0.9)),
        cowl=-1.0,
        header=-1.0,
        back=99.0,
        tail=99.0,
        pillars=(1.55, 2.9, 4.3, 5.7, 7.1, 8.5, 9.9),
        doors=(0.5, 1.5, 5.75, 7.05),
        axles=(2.3, 8.2),
        wheel=0.5,
        sill=0.32,
        boxiness=9.0,
        tumblehome=0.02,
        nose_taper=0.05,
        bow=0.14,
        lamp_z=0.75,
        grille=(0.4, 0.5),
        glass_rise=0.0,
        glass_to=10.8,
    ),
    "cab": Body(
        length=2.1,
        width=2.3,
        top=((0, 1.0), (0.05, 1.35), (0.22, 1.5), (0.55, 2.35), (0.8, 2.52), (1.95, 2.55), (2.07, 2.5), (2.1, 1.2)),
        belt=((0, 0.9), (0.2, 1.4), (2.0, 1.45), (2.1, 0.9)),
        cowl=0.2,
        header=0.62,
        back=99.0,
        tail=99.0,
        pillars=(),
        doors=(0.4, 1.6),
        axles=(1.05, 9.0),
        wheel=0.48,
        sill=0.45,
        boxiness=7.0,
        tumblehome=0.06,
        nose_taper=0.06,
        bow=0.1,
        lamp_z=0.82,
        grille=(0.5, 1.15),
        glass_to=1.6,
    ),
}
CARS = ("sedan", "hatchback", "suv", "van")


def _smooth(x: Values, points: tuple[tuple[float, float], ...], sigma: float = 0.055) -> Values:
    """The polyline through `points`, its corners rounded over about `sigma` metres."""
    fine = np.arange(-0.6, points[-1][0] + 0.6, 0.01)
    line = np.interp(fine, [p[0] for p in points], [p[1] for p in points])
    reach = np.arange(-0.2, 0.205, 0.01)
    kernel = np.exp(-0.5 * (reach / sigma) ** 2)
    padded = np.pad(line, len(reach) // 2, mode="edge")
    return np.interp(x, fine, np.convolve(padded, kernel / kernel.sum(), mode="valid"))


def _half_width(body: Body, x: Values) -> Values:
    front = np.clip(1.0 - x / 1.0, 0.0, 1.0) ** 2.6
    rear = np.clip(1.0 - (body.length - x) / 0.9, 0.0, 1.0) ** 2.6
    return body.width / 2 * (1.0 - body.nose_taper * front - body.nose_taper * 0.75 * rear)


def _floor(body: Body, x: Values) -> Values:
    """The lower edge of the side: the sill, with a wheel arch over each axle."""
    low = np.full_like(x, body.sill)
    for axle in body.axles:
        arch = (body.wheel + 0.055) ** 2 - (x - axle) ** 2
        low = np.maximum(low, np.where(arch > 0, body.wheel + np.sqrt(np.maximum(arch, 0.0)), 0.0))
    return low


def _half_ring(body: Body, x: Values) -> tuple[Values, Values]:
    """The left half of every cross-section, from the sill to the roof's middle: y and z, each (X, R)."""
    floor, half = _floor(body, x), _half_width(body, x)
    top = _smooth(x, body.top)
    belt = np.minimum(_smooth(x, body.belt), top - 0.02)
    belt = np.maximum(belt, floor + 0.02)
    part = np.linspace(0.0, 1.0, 16)[None]
    low_z = floor[:, None] + part * (belt - floor)[:, None]
    bulge = 1.0 - 0.055 * ((low_z - body.lamp_z) / 0.45) ** 2 * (low_z < body.lamp_z) - 0.02 * part**3
    low_y = half[:, None] * np.clip(bulge, 0.8, 1.0)
    theta = np.linspace(0.0, np.pi / 2, 34)[None, 1:]
    rise = np.maximum(top - belt, 0.02)[:, None]
    up = np.sin(theta) ** (2 / body.boxiness)
    up_z = belt[:, None] + rise * up
    out = np.cos(theta) ** (2 / body.boxiness)
    lean = 1.0 - body.tumblehome * np.clip(rise / 0.5, 0.0, 1.0) * up
    up_y = low_y[:, -1:] * out * lean
    return np.concatenate([low_y, up_y], 1), np.concatenate([low_z, up_z], 1)


def _stations(body: Body) -> Values:
    ends = np.array([0.0, 0.004, 0.012, 0.025, 0.045])
    middle = np.arange(0.07, body.length - 0.05, 0.03 if body.length < 6 else 0.05)
    doors = [d + e for d in body.doors for e in (-0.009, 0.009)]
    return np.unique(np.concatenate([ends, middle, body.length - ends, np.asarray(doors)]))


def _bowed(body: Body, x: Values, y: Values) -> Values:
    """The nose and the tail bend back towards the corners."""
    share = (y / (body.width / 2)) ** 2
    return x + body.bow * share * np.exp(-x / 0.55) - body.bow * 0.7 * share * np.exp(-(body.length - x) / 0.5)


def _side_glass(body: Body, x: Values, y: Values, z: Values) -> npt.NDArray[np.bool_]:
    top = _smooth(x, body.top)
    end = body.glass_to if body.glass_to is not None else body.tail - 0.12
    start = max(body.cowl, 0.25)
    inside = (z > _smooth(x, body.belt) + 0.03 + body.glass_rise) & (z < top - 0.1) & (x > start) & (x < end)
    for pillar in body.pillars:
        inside &= np.abs(x - pillar) > 0.045
    return inside & (np.abs(y) > body.width * 0.3)


def _screens(body: Body, x: Values, y: Values, z: Values) -> npt.NDArray[np.bool_]:
    edge = np.abs(y) < _half_width(body, x) * (1 - body.tumblehome) - 0.075
    on_top = z > _smooth(x, body.top) - 0.06
    front = (x > body.cowl + 0.05) & (x < body.header + 0.05)
    rear = (x > body.back + 0.05) & (x < body.tail - 0.03)
    return (front | rear) & on_top & edge


def _loft_marks(body: Body, x: Values, y: Values, z: Values) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """(material, where) for the faces of the shell, later entries winning."""
    side = np.abs(y) > body.width * 0.36
    seams = np.zeros_like(side)
    for door in body.doors:
        seams |= (np.abs(x - door) < 0.01) & side & (z > body.sill + 0.12) & (z < _smooth(x, body.top) - 0.12)
    lamp = np.abs(z - body.lamp_z) < 0.075
    return [
        ("trim", (z < body.sill + 0.1) & (z < 0.6)),
        ("seam", seams),
        ("glass", _side_glass(body, x, y, z)),
        ("glass", _screens(body, x, y, z)),
        ("headlamp", lamp & (x < 0.34) & (np.abs(y) > body.width * 0.27)),
        (
            "taillamp",
            (np.abs(z - body.lamp_z - 0.12) < 0.09) & (x > body.length - 0.3) & (np.abs(y) > body.width * 0.27),
        ),
        (
            "glass",
            (body.cowl < 0) & (z > 1.25) & (z < 2.62) & ((x < 0.3) | (x > body.length - 0.1)) & (np.abs(y) < 1.12),
        ),
        ("sign_dark", (body.cowl < 0) & (z > 2.66) & (z < 2.9) & (x < 0.4) & (np.abs(y) < 0.9)),
    ]


def _cap_marks(body: Body, y: Values, z: Values, *, front: bool) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    across = np.abs(y) / (body.width / 2)
    low, high = body.grille
    lamp = (np.abs(z - body.lamp_z) < 0.075) & (across > 0.54)
    if front:
        return [
            ("trim", z < body.sill + 0.12),
            ("grille", (z > low) & (z < high) & (across < 0.62)),
            ("headlamp", lamp),
            ("plate", (np.abs(z - low - 0.05) < 0.06) & (np.abs(y) < 0.22)),
        ]
    return [
        ("trim", z < body.sill + 0.18),
        ("taillamp", (np.abs(z - body.lamp_z - 0.1) < 0.09) & (across > 0.54)),
        ("plate", (np.abs(z - body.lamp_z + 0.08) < 0.06) & (np.abs(y) < 0.22)),
    ]


def _painted(vertices: Values, faces: mesh.Quads, marks: list[tuple[str, npt.NDArray[np.bool_]]]) -> Mesh:
    names = ["paint"]
    ids = np.zeros(len(faces), np.int32)
    for name, where in marks:
        if name not in names:
            names.append(name)
        ids[where] = names.index(name)
    return Mesh(vertices, faces, ids, tuple(names))


def _shell(body: Body) -> Mesh:
    x = _stations(body)
    half_y, half_z = _half_ring(body, x)
    y = np.concatenate([half_y, -half_y[:, -2::-1]], 1)
    z = np.concatenate([half_z, half_z[:, -2::-1]], 1)
    flat_x = np.repeat(x[:, None], y.shape[1], 1)
    faces = mesh.grid_faces(*y.shape)
    raw = np.stack([flat_x, y, z], -1).reshape(-1, 3)
    centre = raw[faces].mean(1)
    marks = _loft_marks(body, centre[:, 0], centre[:, 1], centre[:, 2])
    bent = np.stack([_bowed(body, flat_x, y), y, z], -1).reshape(-1, 3)
    return _painted(bent, faces, marks)


def _cap(body: Body, *, front: bool) -> Mesh:
    """The nose or the tail: the first or last cross-section, filled from left to right."""
    x = np.array([0.0 if front else body.length])
    half_y, half_z = _half_ring(body, x)
    across = np.linspace(1.0, -1.0, 41)
    y = half_y[0][:, None] * across[None]
    z = np.repeat(half_z[0][:, None], len(across), 1)
    raw = np.stack([np.full_like(y, x[0]), y, z], -1).reshape(-1, 3)
    faces = mesh.grid_faces(*y.shape)
    if front:
        faces = faces[:, ::-1].copy()
    centre = raw[faces].mean(1)
    bent = raw.copy()
    bent[:, 0] = _bowed(body, raw[:, 0], raw[:, 1])
    return _painted(bent, faces, _cap_marks(body, centre[:, 1], centre[:, 2], front=front))


def wheel(x: float, y: float, radius: float, width: float = 0.22) -> Mesh:
    """A tyre with a rim, its axle along y through (x, y)."""
    side = np.sign(y) if y else 1.0
    w, rim = width / 2, radius * 0.66
    profile = [
        (-w, 0.02, "tyre"),
        (-w, rim, "tyre"),
        (-w, radius * 0.94, "tyre"),
        (-w * 0.7, radius, "tyre"),
        (w * 0.7, radius, "tyre"),
        (w, radius * 0.94, "tyre"),
        (w, rim, "rim"),
        (w * 0.75, rim * 0.94, "hub"),
        (w * 0.55, rim * 0.9, "hub"),
        (w * 0.55, 0.0, "hub"),
    ]
    turned = mesh.lathe([(side * p, r, m) for p, r, m in profile], (x, y, radius))
    spokes = []
    for angle in np.arange(5) * 2 * np.pi / 5:
        tip = (x + rim * 0.92 * np.cos(angle), y + side * w * 0.8, radius + rim * 0.92 * np.sin(angle))
        spokes.append(mesh.limb((x, y + side * w * 0.8, radius), tip, (radius * 0.12, radius * 0.09), "rim", 6))
    return mesh.join([turned, *spokes])


def _details(body: Body) -> list[Mesh]:
    half = body.width / 2
    under = mesh.box((0.2, -half + 0.2, body.sill - 0.03), (body.length - 0.2, half - 0.2, body.sill + 0.32), "under")
    parts = [under]
    for axle in body.axles:
        if axle < body.length:
            parts += [wheel(axle, s * (half - 0.115), body.wheel) for s in (-1, 1)]
    mirror_x = max(body.cowl, 0.0) + 0.35
    belt = float(_smooth(np.array([mirror_x]), body.belt)[0])
    for s in (-1, 1):
        parts.append(mesh.ellipsoid((mirror_x, s * (half + 0.09), belt + 0.1), (0.09, 0.12, 0.075), "paint"))
        for door in body.doors[1:3]:
            handle = mesh.box((-0.08, -0.02, -0.012), (0.08, 0.02, 0.012), "trim")
            parts.append(handle.moved((door - 0.2, s * (half - 0.015), belt - 0.08)))
    return parts


def nose_first(parts: list[Mesh], length: float) -> Mesh:
    """The parts as one mesh, centred, with the front towards +x (a half turn keeps left and right)."""
    return mesh.join(parts).moved((-length / 2, 0.0, 0.0)).moved((0.0, 0.0, 0.0), np.pi)


def parts_of(body: Body) -> list[Mesh]:
    """A body's shell, its two ends and its details, with the front at x = 0."""
    return [_shell(body), _cap(body, front=True), _cap(body, front=False), *_details(body)]


def vehicle(kind: str) -> Mesh:
    """The mesh of one of `BODIES`, or a box truck (`truck`), standing on z = 0 with its middle at the origin."""
    if kind == "truck":
        return _truck()
    body = BODIES[kind]
    return nose_first(parts_of(body), body.length)


def _truck() -> Mesh:
    cab = BODIES["cab"]
    parts = parts_of(cab)
    parts.append(mesh.box((2.2, -1.2, 0.95), (7.4, 1.2, 3.1), "cargo"))
    parts += [mesh.box((2.2, s * 1.2 - 0.03, 0.93), (7.42, s * 1.2 + 0.03, 1.03), "trim") for s in (-1, 1)]
    parts += [mesh.box((2.2, s * 1.2 - 0.03, 3.05), (7.42, s * 1.2 + 0.03, 3.13), "rim") for s in (-1, 1)]
    parts.append(mesh.box((1.6, -0.5, 0.55), (7.2, 0.5, 0.95), "under"))
    parts += [wheel(5.9, s * 0.98, 0.48, 0.34) for s in (-1, 1)]
    parts += [mesh.box((7.38, s * 0.85 - 0.12, 0.7), (7.45, s * 0.85 + 0.12, 0.86), "taillamp") for s in (-1, 1)]
    parts.append(mesh.box((7.39, -0.22, 0.7), (7.44, 0.22, 0.84), "plate"))
    parts.append(mesh.box((7.41, -0.015, 1.05), (7.43, 0.015, 3.0), "seam"))
    return nose_first(parts, 7.4)
