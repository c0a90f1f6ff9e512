"""People in more than one posture and dress: walking, standing, reaching, sitting; nobody in particular."""

from __future__ import annotations

import numpy as np

from datasets.scenes import mesh, shapes
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng, pick, tint

_CLOTHES = (
    (0.5, 0.5, 0.48),
    (0.02, 0.02, 0.025),
    (0.05, 0.07, 0.16),
    (0.3, 0.03, 0.04),
    (0.08, 0.16, 0.3),
    (0.35, 0.28, 0.16),
    (0.1, 0.18, 0.1),
    (0.5, 0.35, 0.08),
    (0.35, 0.12, 0.22),
    (0.16, 0.16, 0.17),
)
_HATS = ((0.5, 0.45, 0.3), (0.5, 0.04, 0.04), (0.03, 0.03, 0.04), (0.6, 0.6, 0.6), (0.5, 0.25, 0.02))


def figure(rng: Rng, posture: str = "stand", *, umbrella: bool = False) -> Mesh:
    """Somebody about 1.7 m tall looking towards +x; posture is walk, stand, reach or sit."""
    shirt = tint(pick(rng, _CLOTHES), 0.9)
    legs = tint(pick(rng, _CLOTHES[:6]), 0.9)
    low = 0.42 if posture == "sit" else 0.0
    upper = [_torso(rng, shirt), *_arms(rng, posture, shirt), _head(rng)]
    parts = [part.moved((0, 0, -low)) for part in upper]
    parts += _legs(rng, posture, legs)
    if posture == "sit":
        parts.append(shapes.drum(0.16, 0.38, (-0.02, 0, 0), tint(pick(rng, _HATS)), 8))
    elif rng.random() < 0.25:
        parts.append(shapes.blob(rng, (0.1, 0.16, 0.2), tint(pick(rng, _CLOTHES)), 0.05, 8).moved((-0.2, 0, 1.05)))
    if umbrella:
        cloth = tint(pick(rng, _HATS + _CLOTHES), 0.5)
        parts.append(shapes.umbrella(rng, 0.5, 0.85, (cloth,), "trim").moved((0.18, 0.15, 1.0)))
    return mesh.join(parts).scaled((1.0, float(rng.uniform(0.9, 1.15)), float(rng.uniform(0.92, 1.06))))


def _torso(rng: Rng, shirt: str) -> Mesh:
    body = mesh.limb((0, 0, 1.0), (0.01, 0, 1.32), (0.15, 0.17), shirt, 12).scaled((0.82, 1.1, 1.0))
    if rng.random() < 0.3:  # a coat or an apron
        return mesh.join([body, mesh.limb((0, 0, 0.78), (0, 0, 1.0), (0.19, 0.16), shirt, 12)])
    return body


def _arms(rng: Rng, posture: str, shirt: str) -> list[Mesh]:
    parts = []
    bent = {"reach": 0.45, "sit": 0.25}.get(posture, 0.06)
    for side in (-1.0, 1.0):
        forward = bent + float(rng.normal(0, 0.08)) if posture != "walk" else side * 0.2
        raised = 0.86 + (0.3 if posture == "reach" else 0.12 if posture == "sit" else 0.0)
        elbow = (forward * 0.4 - 0.03, side * 0.27, 1.1)
        hand = (forward, side * 0.22, raised)
        parts += [
            mesh.limb((0, side * 0.2, 1.38), elbow, (0.062, 0.05), shirt, 8),
            mesh.limb(elbow, hand, (0.05, 0.036), shirt, 8),
            mesh.ellipsoid(hand, (0.05, 0.035, 0.06), "skin", 8),
        ]
    return parts


def _head(rng: Rng) -> Mesh:
    parts = [
        mesh.limb((0, 0, 1.42), (0.01, 0, 1.52), (0.06, 0.055), "skin", 8),
        mesh.ellipsoid((0.02, 0, 1.62), (0.105, 0.08, 0.125), "skin", 10),
        mesh.ellipsoid((-0.01, 0, 1.655), (0.11, 0.09, 0.105), "hair", 10),
    ]
    if rng.random() < 0.3:
        hat = tint(pick(rng, _HATS), 0.8)
        parts.append(shapes.drum(float(rng.uniform(0.12, 0.24)), 0.03, (0.01, 0, 1.69), hat, 12))
        parts.append(mesh.ellipsoid((0, 0, 1.72), (0.11, 0.1, 0.08), hat, 10))
    elif rng.random() < 0.35:
        parts.append(mesh.limb((-0.05, 0, 1.45), (-0.04, 0, 1.65), (0.08, 0.1), "hair", 8))
    return mesh.join(parts)


def _legs(rng: Rng, posture: str, legs: str) -> list[Mesh]:
    parts = []
    swing = float(rng.uniform(0.2, 0.36)) if posture == "walk" else 0.03
    for side in (-1.0, 1.0):
        hip = (0, side * 0.09, 0.93)
        knee, foot = (swing * side * 0.55 + 0.04, side * 0.09, 0.5), (swing * side, side * 0.09, 0.09)
        if posture == "sit":
            hip, knee, foot = (0, side * 0.09, 0.5), (0.4, side * 0.13, 0.48), (0.38, side * 0.13, 0.08)
        parts += [
            mesh.limb(hip, knee, (0.095, 0.07), legs, 8),
            mesh.limb(knee, foot, (0.07, 0.05), legs, 8),
            mesh.ellipsoid((foot[0] + 0.06, foot[1], foot[2] - 0.045), (0.14, 0.05, 0.05), "shoe", 8),
        ]
    return parts


def around(rng: Rng, reach: tuple[float, float], customers: int) -> list[Mesh]:
    """A vendor at -x of a stall and customers at +x, each a person of its own (roles `person.0`...)."""
    posture = "sit" if rng.random() < 0.35 else str(rng.choice(["reach", "stand"]))
    seller = figure(rng, posture).moved((-reach[0] - 0.4, float(rng.uniform(-0.5, 0.5)) * reach[1], 0))
    people = [shapes.role("person.0", seller)]
    for number in range(customers):
        spot = (reach[0] + float(rng.uniform(0.35, 0.9)), float(rng.uniform(-1, 1)) * reach[1], 0)
        turn = np.pi + float(rng.normal(0, 0.4))
        buyer = figure(rng, str(rng.choice(["reach", "stand", "walk"]))).moved((0, 0, 0), turn)
        people.append(shapes.role(f"person.{number + 1}", buyer.moved(spot)))
    return people
