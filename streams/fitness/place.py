"""Whether a camera still looks where it looked: small pictures laid over one another by their edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streams.fitness.glance import SMALL_WH, Grey

SURE = 0.2
"""Height of the correlation's peak from which a displacement is believed; other streets reach 0.15 by chance."""
HERE = 0.1
HERE_SHARE = 0.01
"""A lower peak is believed when it says that nothing moved, which chance seldom says."""
_FEATURES = 400
_LEAST_INLIERS = 12


@dataclass(frozen=True, slots=True)
class Displacement:
    """How a picture lies over its reference: shares of its width, to the right and down; `sure` from 0 to 1."""

    right: float
    down: float
    scale: float
    sure: float

    @property
    def share(self) -> float:
        """The farthest that a zone has moved, as a share of the width."""
        return float(np.hypot(self.right, self.down)) + abs(self.scale - 1) / 2


class Place:
    """One reference picture, prepared."""

    def __init__(self, reference: Grey) -> None:
        self._edges = edges(reference)
        self._window = cv2.createHanningWindow(SMALL_WH, cv2.CV_32F)
        self._orb = cv2.ORB.create(nfeatures=_FEATURES, fastThreshold=8)
        self._points = self._orb.detectAndCompute(_even(reference), np.empty(0, np.uint8))

    def displacement(self, small: Grey) -> Displacement | None:
        """How `small` lies over the reference; None when that cannot be told."""
        (right, down), peak = cv2.phaseCorrelate(self._edges, edges(small), self._window)
        found = Displacement(right / SMALL_WH[0], down / SMALL_WH[0], 1.0, float(peak))
        if peak >= SURE or (peak >= HERE and found.share <= HERE_SHARE):
            return found
        return self._by_points(small)

    def _by_points(self, small: Grey) -> Displacement | None:
        """The same from corners that both show; it also sees a changed zoom."""
        points, found = self._orb.detectAndCompute(_even(small), np.empty(0, np.uint8))
        own_points, own = self._points
        if min(len(points), len(own_points)) < _LEAST_INLIERS:
            return None
        matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(own, found)
        if len(matches) < _LEAST_INLIERS:
            return None
        before = np.array([own_points[match.queryIdx].pt for match in matches], np.float32)
        after = np.array([points[match.trainIdx].pt for match in matches], np.float32)
        found_map: tuple[Any, Any] = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=2.0)
        transform, inliers = found_map
        if transform is None or int(inliers.sum()) < max(_LEAST_INLIERS, len(matches) // 6):
            return None
        return _in_shares(np.asarray(transform), float(inliers.mean()))


def _in_shares(transform: npt.NDArray[Any], sure: float) -> Displacement:
    """Of an affine map on small pictures, at their middle."""
    width, height = SMALL_WH
    middle = np.array([width / 2, height / 2, 1.0])
    right, down = (transform @ middle - middle[:2]) / width
    return Displacement(float(right), float(down), float(np.hypot(transform[0, 0], transform[1, 0])), sure)


def edges(small: Grey) -> npt.NDArray[np.float32]:
    """Edges without the light that made them: how strong, compressed, so that a lamp weighs no more than a kerb."""
    grey = small.astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength = np.log1p(cv2.magnitude(across, down) / 8)
    return (strength - float(strength.mean())).astype(np.float32)


def _even(small: Grey) -> npt.NDArray[np.uint8]:
    return cv2.createCLAHE(2.0, (4, 4)).apply(np.asarray(small)).astype(np.uint8, copy=False)
