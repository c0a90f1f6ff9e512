"""What the stories of a scenario draw from: one random source, and paints that no two things share."""

from __future__ import annotations

import numpy as np

from datasets.scenarios.script import Actor, Key, Xyxy


class Chance:
    """The choices of one scenario."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._looks = 10 * (seed % 40)

    def between(self, low: float, high: float) -> float:
        """A number between two."""
        return float(self._rng.uniform(low, high))

    def pick(self, count: int) -> int:
        """An index below `count`."""
        return int(self._rng.integers(count))

    def actor(self, label: str, way: tuple[Key, ...], load: str | None = None) -> Actor:
        """A thing with a paint of its own."""
        self._looks += 1
        return Actor(label, self._looks, way, load)

    def sized(self, box: Xyxy, share: float = 0.1) -> Xyxy:
        """The box, somewhat larger or smaller, standing on the same ground."""
        factor = self.between(1 - share, 1 + share)
        half = (box[2] - box[0]) / 2 * factor
        middle = (box[0] + box[2]) / 2
        return middle - half, box[3] - (box[3] - box[1]) * factor, middle + half, box[3]
