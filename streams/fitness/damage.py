"""Smeared and grey pictures: what a decoder makes of a stream from which something is missing."""

from __future__ import annotations

import cv2
import numpy as np

from streams.fitness.glance import TILES_WH, Glance, Grey

GREY_SHARE = 0.08
"""So much of the picture is one flat middle grey, and was not before."""
TORN = 0.12
TORN_OVER_USUAL = 2.0
TORN_UNKNOWN = 0.2
"""The worst tile's excess of torn block borders; whole pictures of a strongly compressed camera reach 0.16."""
LEAST_WIDTH = 320
"""In smaller pictures a tile has too few borders to tell."""
_LEARN_S = 60.0
_BLOCK = 8
_STEP_LEVELS = 20


def torn(lines: Grey) -> float:
    """How torn the worst tile is, 0 to 1: the share of block borders with a lone strong step, less what is by chance.

    Missing pieces leave blocks that do not fit their neighbours, where something moved; the rest of the picture stays
    whole, so the mean of a picture says nothing. A step is lone when those beside it are less than a third of it: at
    the borders of 8-pixel blocks that is torn, elsewhere (four times that is taken off) it is the scene's own edges.
    """
    across, down = TILES_WH
    wide, high = lines.shape[1] // across // _BLOCK, len(lines) // down
    if lines.shape[1] < LEAST_WIDTH or not high:
        return 0.0
    steps = cv2.absdiff(lines[:, 1:], lines[:, :-1])
    third = cv2.convertScaleAbs(steps, alpha=1 / 3)
    lone = np.zeros(lines.shape, np.uint8)
    beside = cv2.max(steps[:, :-2], steps[:, 2:])
    lone[:, 1:-2] = (steps[:, 1:-1] > _STEP_LEVELS) & (beside < third[:, 1:-1])
    cut = lone[: high * down, : wide * across * _BLOCK].reshape(down, high, across, wide, _BLOCK)
    by_place = cut.sum(axis=(1, 3), dtype=np.float32) / (high * wide)
    borders = by_place[..., _BLOCK - 1]
    chance = (by_place.sum(axis=-1) - borders) / (_BLOCK - 1)
    return float((borders - 4 * chance).max())


class Damage:
    """Knows what is usual for the camera: how grey, and how torn, its whole pictures are."""

    def __init__(self) -> None:
        self._grey = 0.0
        self._torn: float | None = None
        self._now = 0.0
        self._learnt_ns: int | None = None

    def evidence(self, seen: Glance) -> str | None:
        """What says that the picture is damaged, or None."""
        self._now = torn(seen.lines)
        if seen.neutral - self._grey >= GREY_SHARE:
            return f"{seen.neutral:.0%} of the picture is a decoder's grey"
        most = TORN_UNKNOWN if self._torn is None else max(TORN, self._torn * TORN_OVER_USUAL)
        return f"blocks are torn apart ({self._now:.2f}, at most {most:.2f})" if self._now >= most else None

    def learn(self, seen: Glance, pts_ns: int) -> None:
        """Take in a fit picture, the one that `evidence` saw last."""
        since_ns = 0 if self._learnt_ns is None else pts_ns - self._learnt_ns
        weight = min(1.0, max(0.0, since_ns / (_LEARN_S * 1e9)))
        self._grey += (seen.neutral - self._grey) * weight
        self._torn = self._now if self._torn is None else self._torn + (self._now - self._torn) * weight
        self._learnt_ns = pts_ns
