"""Black, covered, overexposed: what the spread of brightness and the fine shapes of a picture tell."""

from __future__ import annotations

import cv2

from streams.fitness.glance import Glance, Grey, tiles

BLACK_MOST = 34
"""Brightness (0..255) that fewer than 1 in 200 pixels reach in a black picture: any lamp, and a night is no night."""
WHITE_LEAST = 200
WHITE_SHARE = 0.9
"""An overexposed picture is brighter nearly everywhere; headlights fill a tenth, snow has dark things in it."""
FLAT_TILE = 3.0
"""A tile whose pixels scatter (standard deviation) less shows no shape: plain walls do, whole streets do not."""
FLAT_SHARE = 0.95
SUDDEN_SHARE = 0.25
"""Covered is what has lost three quarters of its usual shapes; fog takes an hour for it, and is followed meanwhile."""
_LEARN_S = 300.0


def shapes(small: Grey) -> float:
    """How much shape a small picture has: mean of its horizontal and vertical differences over two pixels, 0..255."""
    across = cv2.absdiff(small[:, 2:], small[:, :-2])
    down = cv2.absdiff(small[2:], small[:-2])
    return float(across.mean() + down.mean()) / 2


def flat_share(small: Grey) -> float:
    """The share of tiles without any shape."""
    return float((tiles(small).std(axis=1) < FLAT_TILE).mean())


def is_black(seen: Glance) -> str | None:
    """What says so, or None."""
    bright = seen.percentile(0.995)
    return f"99.5 % of the picture is darker than {bright} of 255" if bright < BLACK_MOST else None


def is_overexposed(seen: Glance) -> str | None:
    """What says so, or None."""
    share = 1 - float(seen.darker[WHITE_LEAST - 1])
    return f"{share:.0%} of the picture is nearly white" if share >= WHITE_SHARE else None


class Cover:
    """Follows how much shape a camera usually shows; a cover takes nearly all of it at once."""

    def __init__(self) -> None:
        self._usual: float | None = None
        self._learnt_ns = 0

    def evidence(self, seen: Glance) -> str | None:
        """What says that the lens is covered, or None."""
        flat = flat_share(seen.small)
        if flat < FLAT_SHARE:
            return None
        now = shapes(seen.small)
        if self._usual is not None and now > self._usual * SUDDEN_SHARE:
            return None
        return f"{flat:.0%} of the picture shows no shape"

    def learn(self, seen: Glance, pts_ns: int) -> None:
        """Take in a fit picture."""
        now = shapes(seen.small)
        if self._usual is None:
            self._usual = now
        weight = min(1.0, (pts_ns - self._learnt_ns) / (_LEARN_S * 1e9)) if self._learnt_ns else 0.0
        self._usual += (now - self._usual) * max(0.0, weight)
        self._learnt_ns = pts_ns
