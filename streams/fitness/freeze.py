"""Frozen pictures: the same pixels again and again, noise and all, while packets keep coming."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from streams.fitness.glance import Grey, tiles
from streams.timeline import SECOND_NS

NOISY_S = 20.0
"""How long a camera whose pictures were seen to differ in their noise may show the same one."""
UNKNOWN_S = 120.0
"""The same while nothing is known of its noise: it has shown one picture only."""
QUIET_S = 900.0
"""The same, at most, where an encoder has removed all noise, so that a still street is the same picture for minutes."""
SAME_SHARE = 0.98
"""So many tiles are the same, pixel for pixel; the rest may be a clock that the camera writes over the picture."""
LIVE_SHARE = 0.5
"""When an unchanged stretch ends and so many tiles stay the same, something came into a still and noiseless street."""
_LEVELS = 1
# A frozen camera goes round the pictures of one GOP, whose quality differs.
_KEPT = 4


class Freeze:
    """Follows how long a camera has shown the same pixels, and learns how long it may."""

    def __init__(self) -> None:
        self._recent: deque[Grey] = deque(maxlen=_KEPT)
        self._began_ns: int | None = None
        self._patience_s = UNKNOWN_S

    @property
    def patience_s(self) -> float:
        """How long the same picture is taken for a still street."""
        return self._patience_s

    @property
    def began_ns(self) -> int | None:
        """Since when the picture is the same; None while it changes."""
        return self._began_ns

    def evidence(self, samples: Grey, pts_ns: int, *, active: bool | None = None) -> str | None:
        """What says that the picture is frozen, or None. `active`: the packets show motion, if somebody looked."""
        shares = [_same(samples, earlier) for earlier in self._recent if earlier.shape == samples.shape]
        closest = max(shares, default=0.0)
        if closest >= SAME_SHARE and not (active and closest < 1.0):
            # Counted from the second of two equal pictures, as nothing is known of the time before the first.
            self._began_ns = pts_ns if self._began_ns is None else self._began_ns
        else:
            self._end(closest, pts_ns, compared=bool(shares))
        if closest < 1.0:
            self._recent.append(samples)
        if self._began_ns is None or pts_ns - self._began_ns < self._patience_s * SECOND_NS:
            return None
        return f"the same picture for {(pts_ns - self._began_ns) / SECOND_NS:.0f} s"

    def _end(self, closest: float, pts_ns: int, *, compared: bool) -> None:
        began_ns, self._began_ns = self._began_ns, None
        if closest >= LIVE_SHARE:
            lasted_s = (pts_ns - began_ns) / SECOND_NS if began_ns is not None else 0.0
            self._patience_s = min(QUIET_S, max(self._patience_s, UNKNOWN_S, 2 * lasted_s))
        elif compared and self._patience_s == UNKNOWN_S:
            self._patience_s = NOISY_S


def _same(samples: Grey, earlier: Grey) -> float:
    """The share of tiles in which all pixels are the same."""
    differs = cv2.absdiff(samples, earlier) > _LEVELS
    return float(1 - np.any(tiles(differs), axis=1).mean())
