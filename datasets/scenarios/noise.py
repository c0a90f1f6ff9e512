"""Truth spoiled as detectors spoil it: misses, trembling boxes, wrong classes, blindness in glare, things that are not.

Every look is drawn from the scenario's seed and its own time, so that the same look is always spoiled alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from datasets.scenarios.script import CLASS_NAMES, HEIGHT, LOADS, WIDTH, Actor, Scenario, Xyxy
from detector.boxes import iou
from detector.detections import Boxes, Detections

CONFUSED = {
    "car": "truck", "truck": "car", "bus": "truck", "dump_truck": "truck", "tricycle": "motorcycle",
    "motorcycle": "tricycle", "bicycle": "motorcycle", "stall": "tricycle", "garbage": "garbage_bin",
    "garbage_bin": "overflow", "overflow": "garbage_bin", "person": "bicycle",
}  # fmt: skip
HIDDEN, HALF_HIDDEN = 0.6, 0.3


@dataclass(frozen=True, slots=True)
class Noise:
    """Shares of looks (misses, swaps of class, phantoms, wrong loads), and the deviation of each edge in box sizes."""

    misses: float = 0.3
    jitter: float = 0.05
    swaps: float = 0.05
    phantoms: float = 0.01
    wrong_loads: float = 0.15
    dip_misses: float = 0.8


def random_at(scenario: Scenario, seconds: float, purpose: int = 0) -> np.random.Generator:
    """The chance of one look."""
    return np.random.default_rng((scenario.seed, round(seconds * 1000), purpose))


def true_boxes(scenario: Scenario, seconds: float) -> list[tuple[Actor, Xyxy, float]]:
    """Who is there, back to front, and how much of each is hidden by one thing in front of it."""
    there = [(actor, box) for actor in scenario.actors if (box := actor.at(seconds)) is not None]
    there.sort(key=lambda one: one[1][3])
    hidden = [max((_hides(front, box) for _, front in there[n + 1 :]), default=0.0) for n, (_, box) in enumerate(there)]
    return [(actor, box, share) for (actor, box), share in zip(there, hidden, strict=True)]


def _hides(front: Xyxy, back: Xyxy) -> float:
    width = min(front[2], back[2]) - max(front[0], back[0])
    height = min(front[3], back[3]) - max(front[1], back[1])
    return max(width, 0.0) * max(height, 0.0) / max((back[2] - back[0]) * (back[3] - back[1]), 1e-9)


def detect(scenario: Scenario, seconds: float, noise: Noise) -> Detections:
    """What a detector finds in the picture of that time."""
    rng = random_at(scenario, seconds)
    in_dip = any(begin <= seconds <= end for begin, end in scenario.dips)
    rows = []
    for actor, box, hidden in true_boxes(scenario, seconds):
        missed = max(noise.dip_misses if in_dip else noise.misses, 0.6 if hidden > HALF_HIDDEN else 0.0)
        outside = box[2] < 8 or box[0] > WIDTH - 8
        if hidden < HIDDEN and not outside and rng.random() >= missed:
            rows.append(_found(actor.label, box, rng, noise, in_dip=in_dip))
    if rng.random() < noise.phantoms:
        x, y = rng.uniform(0, WIDTH - 60), rng.uniform(60, HEIGHT - 40)
        name = CLASS_NAMES[int(rng.integers(len(CLASS_NAMES)))]
        rows.append(((x, y, x + 50, y + 30), float(rng.uniform(0.2, 0.5)), name))
    rng.shuffle(rows)
    return Detections.untracked(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.float32),
        np.array([CLASS_NAMES.index(row[2]) for row in rows], np.int64),
    )


def _found(label: str, box: Xyxy, rng: np.random.Generator, noise: Noise, *, in_dip: bool) -> tuple[Xyxy, float, str]:
    side = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    left, top, right, bottom = (np.array(box) + rng.normal(0, noise.jitter, 4) * side).tolist()
    name = CONFUSED[label] if rng.random() < noise.swaps else label
    score = float(np.clip(rng.normal(0.6, 0.12), 0.12, 0.95)) * (0.35 if in_dip else 1.0)
    return (left, top, right, bottom), score, name


def load_scores(scenario: Scenario, seconds: float, boxes: Boxes, noise: Noise) -> Sequence[Mapping[str, float]]:
    """What a classifier says of each truck's load (N boxes); a crop without a truck shows none."""
    rng = random_at(scenario, seconds, 1)
    there = [(actor.load, box, hidden) for actor, box, hidden in true_boxes(scenario, seconds) if actor.load]
    true = np.array([box for _, box, _ in there], np.float64).reshape(-1, 4)
    overlap = iou(boxes.astype(np.float64), true) if len(true) else np.zeros((len(boxes), 1))
    rows = []
    for row in overlap:
        best = int(row.argmax())
        load, hidden = (there[best][0], there[best][2]) if row[best] > 0.3 else ("not_visible", 0.0)
        rows.append(_scores("not_visible" if hidden > HIDDEN or load is None else load, rng, noise))
    return rows


def _scores(load: str, rng: np.random.Generator, noise: Noise) -> dict[str, float]:
    said = LOADS[int(rng.integers(len(LOADS)))] if rng.random() < noise.wrong_loads else load
    shares = rng.dirichlet([6.0 if name == said else 0.6 for name in LOADS])
    return {name: float(share) for name, share in zip(LOADS, shares, strict=True)}
