"""The picture of a scenario: each actor a rectangle with a pattern of its own, so that places can be told by pixels."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from datasets.scenarios.noise import true_boxes
from datasets.scenarios.script import HEIGHT, WIDTH, Scenario
from streams.frame import Image

STREET = 1000
NOISES = 4


def draw(scenario: Scenario, seconds: float) -> Image:
    """The street at that time, (HEIGHT, WIDTH, 3); what is nearer hides what is farther."""
    picture = _street(scenario.seed).copy()
    for actor, box, _hidden in true_boxes(scenario, seconds):
        left, top, right, bottom = (round(value) for value in box)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)
        if x0 < x1 and y0 < y1:
            paint = _paint(actor.look, right - left, bottom - top)
            picture[y0:y1, x0:x1] = paint[y0 - top : y1 - top, x0 - left : x1 - left]
    if any(begin <= seconds <= end for begin, end in scenario.dips):
        picture = cv2.addWeighted(picture, 0.6, _glare(), 0.6, 0).astype(np.uint8)
    return np.asarray(cv2.add(picture, _grain(round(seconds * 1000) % NOISES)), np.uint8)


@cache
def _pattern(seed: int, contrast: int) -> Image:
    coarse = np.random.default_rng(seed).normal(128, contrast, (7, 9, 3)).clip(0, 255)
    return np.asarray(coarse, np.uint8)


def _paint(look: int, width: int, height: int) -> Image:
    size = max(width, 1), max(height, 1)
    return np.asarray(cv2.resize(_pattern(look, 60), size, interpolation=cv2.INTER_LINEAR), np.uint8)


@cache
def _street(seed: int) -> Image:
    big = cv2.resize(_pattern(STREET + seed % 8, 10), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(big, np.uint8)


@cache
def _glare() -> Image:
    row = np.linspace(60, 220, WIDTH)[None, :, None]
    return np.asarray(np.broadcast_to(row, (HEIGHT, WIDTH, 3)), np.uint8)


@cache
def _grain(index: int) -> Image:
    return np.asarray(np.random.default_rng(index).integers(0, 5, (HEIGHT, WIDTH, 3)), np.uint8)
