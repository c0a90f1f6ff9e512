"""Motion of boxes on irregular time: constant velocity, with noise that grows with seconds and not with frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

POSITION_NOISE = 0.08
"""Standard deviation of a detector's box, in box sizes: also legs that stride move a box."""
ACCELERATION_NOISE = 0.1
"""How fast a velocity wanders, in box sizes per second, per root of a second."""
INITIAL_VELOCITY = 3.0
"""Standard deviation of an unknown velocity, in box sizes per second."""
SIZE_VELOCITY = 0.1
"""Sizes change so much more slowly than places: a stride taken for growth would double a box within a second."""
MEMORY_SECONDS = 3.0
"""An unseen thing is carried on by its velocity for about this long; then it is waited for where it would be."""
LONGEST_STEP_S = 60.0

_SHARES = np.array([1.0, 1.0, SIZE_VELOCITY, SIZE_VELOCITY])


class Motions:
    """Centre, size and their velocities of many boxes, each dimension of each box a filter of its own.

    The noise is in units of the box's size, so that the same numbers serve a near lorry and a far car. Row i belongs
    to whatever its owner keeps at i: `add` appends rows, `keep` drops some.
    """

    def __init__(self) -> None:
        self.pts_ns = np.zeros(0, np.int64)
        # mean, velocity, variance of place, variance of velocity, and their covariance: (5, N, 4).
        self._state = np.zeros((5, 0, 4))

    def __len__(self) -> int:
        return len(self.pts_ns)

    def add(self, pts_ns: int, xyxy: Vectors) -> None:
        """Begin rows for boxes (K, 4) seen at `pts_ns`."""
        mean = _centre_size(xyxy)
        unit = _unit(mean)
        fresh = np.zeros((5, len(mean), 4))
        fresh[0] = mean
        fresh[2] = (POSITION_NOISE * unit) ** 2
        fresh[3] = (INITIAL_VELOCITY * unit * _SHARES) ** 2
        self._state = np.concatenate([self._state, fresh], axis=1)
        self.pts_ns = np.concatenate([self.pts_ns, np.full(len(mean), pts_ns, np.int64)])

    def keep(self, rows: Rows) -> None:
        """Keep these rows, in this order."""
        self._state, self.pts_ns = self._state[:, rows], self.pts_ns[rows]

    def predict(self, pts_ns: int) -> Vectors:
        """The boxes (N, 4) expected at that time."""
        seconds = self._seconds(pts_ns)
        return _corners(self._state[0] + self._state[1] * _carried(seconds))

    def spread(self, pts_ns: int) -> Vectors:
        """Standard deviation (N,) of the expected centres at that time, in box sizes."""
        seconds = self._seconds(pts_ns)
        mean, _velocity, var_x, var_v, cov = self._state[:, :, :2]
        size = self._state[0, :, 2:]
        wandered = (ACCELERATION_NOISE * size) ** 2 * seconds**3 / 3
        variance = var_x + 2 * seconds * cov + seconds**2 * var_v + wandered
        result: Vectors = np.sqrt((variance / size**2).max(axis=1)) if len(mean) else np.zeros(0)
        return result

    def headings(self) -> tuple[Vectors, Vectors]:
        """Velocities of the centres (N, 2) in box sizes a second, and how well they are known (N,) in 0..1."""
        size = self._state[0, :, 2:]
        heading = self._state[1, :, :2] / size
        speed = np.sqrt((heading * heading).sum(axis=1))
        doubt = np.sqrt((self._state[3, :, :2] / size**2).max(axis=1, initial=0.0))
        return heading, speed / np.maximum(speed + doubt, 1e-9)

    def update(self, rows: Rows, pts_ns: int, xyxy: Vectors) -> None:
        """Correct rows (K,) by boxes (K, 4) seen at `pts_ns`, which must not be before their last ones."""
        self._advance(rows, pts_ns)
        mean, velocity, var_x, var_v, cov = self._state[:, rows]
        measured = _centre_size(xyxy)
        noise = (POSITION_NOISE * _unit(measured)) ** 2
        gain_x = var_x / (var_x + noise)
        gain_v = cov / (var_x + noise)
        error = measured - mean
        mean = mean + gain_x * error
        mean[:, 2:] = np.maximum(mean[:, 2:], 1.0)
        self._state[:, rows] = (
            mean,
            velocity + gain_v * error,
            (1 - gain_x) * var_x,
            var_v - gain_v * cov,
            (1 - gain_x) * cov,
        )

    def _seconds(self, pts_ns: int) -> Vectors:
        return _forgetful((pts_ns - self.pts_ns)[:, None])

    def _advance(self, rows: Rows, pts_ns: int) -> None:
        seconds = _forgetful((pts_ns - self.pts_ns[rows])[:, None])
        self.pts_ns[rows] = pts_ns
        mean, velocity, var_x, var_v, cov = self._state[:, rows]
        unit = _unit(mean)
        wander = (ACCELERATION_NOISE * unit) ** 2
        var_x = var_x + 2 * seconds * cov + seconds**2 * var_v + wander * seconds**3 / 3
        cov = cov + seconds * var_v + wander * seconds**2 / 2
        var_v = np.minimum(var_v + wander * seconds, (INITIAL_VELOCITY * unit) ** 2 * 4)
        mean = mean + velocity * _carried(seconds)
        mean[:, 2:] = np.maximum(mean[:, 2:], 1.0)
        self._state[:, rows] = mean, velocity * np.exp(-seconds / MEMORY_SECONDS / 2), var_x, var_v, cov


def _forgetful(step_ns: Rows) -> Vectors:
    """Seconds; over a longer gap nothing more is forgotten, and the variances stay numbers that can be added."""
    result: Vectors = np.minimum(step_ns / 1e9, LONGEST_STEP_S)
    return result


def _carried(seconds: Vectors) -> Vectors:
    result: Vectors = MEMORY_SECONDS * (1 - np.exp(-seconds / MEMORY_SECONDS))
    return result


def _centre_size(xyxy: Vectors) -> Vectors:
    size = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 1.0)
    return np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, size], axis=1)


def _corners(centre_size: Vectors) -> Vectors:
    half = np.maximum(centre_size[:, 2:], 1.0) / 2
    return np.concatenate([centre_size[:, :2] - half, centre_size[:, :2] + half], axis=1)


def _unit(centre_size: Vectors) -> Vectors:
    """The length that noise is measured in, for each dimension: the box's own width and height."""
    result: Vectors = centre_size[:, [2, 3, 2, 3]]
    return result
