"""Motion of one box on irregular time: constant velocity, with noise that grows with seconds and not with frames."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

POSITION_NOISE = 0.03
"""Standard deviation of a detector's box, in box sizes."""
ACCELERATION_NOISE = 0.1
"""How fast a velocity wanders, in box sizes per second, per root of a second."""
INITIAL_VELOCITY = 3.0
"""Standard deviation of an unknown velocity, in box sizes per second."""
MEMORY_SECONDS = 3.0
"""An unseen thing is carried on by its velocity for about this long; then it is waited for where it would be."""


class BoxMotion:
    """Centre, size and their velocities, each dimension a filter of its own.

    The noise is in units of the box's size, so that the same numbers serve a near lorry and a far car.
    """

    def __init__(self, pts_ns: int, xyxy: Vector) -> None:
        self.pts_ns = pts_ns
        self._mean = _centre_size(xyxy)
        self._velocity = np.zeros(4)
        unit = _unit(self._mean)
        self._var_x = (POSITION_NOISE * unit) ** 2
        self._var_v = (INITIAL_VELOCITY * unit * np.array([1, 1, 0.3, 0.3])) ** 2
        self._cov = np.zeros(4)

    @property
    def speed(self) -> float:
        """Of the centre, in box sizes per second."""
        return float(np.hypot(self._velocity[0], self._velocity[1]) / math.sqrt(max(self._mean[2] * self._mean[3], 1)))

    def predict(self, pts_ns: int) -> Vector:
        """The box (4,) expected at that time."""
        mean = self._mean + self._velocity * _carried((pts_ns - self.pts_ns) / 1e9)
        return _corners(mean)

    def spread(self, pts_ns: int) -> float:
        """Standard deviation of the expected centre at that time, in box sizes."""
        seconds = (pts_ns - self.pts_ns) / 1e9
        variance = self._var_x + 2 * seconds * self._cov + seconds**2 * self._var_v
        return float(np.sqrt((variance / _unit(self._mean) ** 2)[:2].max()))

    def update(self, pts_ns: int, xyxy: Vector) -> None:
        """Correct by a box seen at `pts_ns`, which must not be before the last one."""
        self._advance(pts_ns)
        measured = _centre_size(xyxy)
        noise = (POSITION_NOISE * _unit(measured)) ** 2
        gain_x = self._var_x / (self._var_x + noise)
        gain_v = self._cov / (self._var_x + noise)
        error = measured - self._mean
        self._mean = self._mean + gain_x * error
        self._mean[2:] = np.maximum(self._mean[2:], 1.0)
        self._velocity = self._velocity + gain_v * error
        self._var_v = self._var_v - gain_v * self._cov
        self._cov = (1 - gain_x) * self._cov
        self._var_x = (1 - gain_x) * self._var_x

    def _advance(self, pts_ns: int) -> None:
        seconds = (pts_ns - self.pts_ns) / 1e9
        self.pts_ns = pts_ns
        wander = (ACCELERATION_NOISE * _unit(self._mean)) ** 2
        self._mean = self._mean + self._velocity * _carried(seconds)
        self._mean[2:] = np.maximum(self._mean[2:], 1.0)
        self._velocity = self._velocity * math.exp(-seconds / MEMORY_SECONDS / 2)
        self._var_x = self._var_x + 2 * seconds * self._cov + seconds**2 * self._var_v + wander * seconds**3 / 3
        self._cov = self._cov + seconds * self._var_v + wander * seconds**2 / 2
        limit = (INITIAL_VELOCITY * _unit(self._mean)) ** 2
        self._var_v = np.minimum(self._var_v + wander * seconds, limit * 4)


def _carried(seconds: float) -> float:
    return MEMORY_SECONDS * (1 - math.exp(-seconds / MEMORY_SECONDS))


def _centre_size(xyxy: Vector) -> Vector:
    size = np.maximum(xyxy[2:] - xyxy[:2], 1.0)
    return np.concatenate([(xyxy[:2] + xyxy[2:]) / 2, size])


def _corners(centre_size: Vector) -> Vector:
    half = np.maximum(centre_size[2:], 1.0) / 2
    return np.concatenate([centre_size[:2] - half, centre_size[:2] + half])


def _unit(centre_size: Vector) -> Vector:
    """The length that noise is measured in, for each dimension: the box's own width and height."""
    size = centre_size[2:]
    return np.concatenate([size, size])
