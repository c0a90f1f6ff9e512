"""From linear light to what a street camera would send: exposure, tone, colour, softness, noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Linear = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
_STEPS = 4096
GRAIN_ROOM = 97


def exposure_of(background: Linear, brightness: float = 1.0) -> float:
    """The gain that a camera's automatic exposure would choose for this picture."""
    middle = float(np.exp(np.mean(np.log(background.mean(2) + 1e-3))))
    return 0.16 * brightness / max(middle, 1e-4)


def _curve() -> npt.NDArray[np.float32]:
    """The tone curve (Narkowicz's fit of ACES, 2015) over linear 0..4, as a table of 8-bit values."""
    x = np.linspace(0.0, 4.0, _STEPS)
    y = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    return np.asarray(np.clip(y, 0, 1) ** (1 / 2.2) * 255, np.float32)


class Developer:
    """Turns linear pictures into 8-bit ones, the same way for every frame of a clip."""

    def __init__(self, gain: float, warmth: float = 0.0, softness: float = 0.45) -> None:
        self._gain = np.array([1 + 0.35 * warmth, 1.0, 1 - 0.35 * warmth], np.float32) * gain * 0.8
        self._curve = _curve()
        self._softness = softness

    def develop(self, linear: Linear) -> npt.NDArray[np.float32]:
        """Linear RGB (H, W, 3) to display BGR, float32 0..255 (so that noise can be added before rounding)."""
        index = np.clip(linear * self._gain * (_STEPS / 4.0), 0, _STEPS - 1).astype(np.int32)
        shown: npt.NDArray[np.float32] = self._curve[index][..., ::-1]
        return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(shown), (0, 0), self._softness), np.float32)


def noisy(shown: npt.NDArray[np.float32], amount: float, rng: np.random.Generator) -> Image:
    """Sensor noise of `amount` grey levels, a little more in the colours' own channels, then 8 bits."""
    if amount <= 0:
        return np.clip(np.round(shown), 0, 255).astype(np.uint8)
    grain = _grain(rng, shown.shape[0], shown.shape[1])[..., None] * np.float32(amount)
    return np.clip(np.round(shown + grain), 0, 255).astype(np.uint8)


def _grain(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float32]:
    """Noise of unit size, (height, width): a piece of a wider field at a random spot, mirrored by chance.

    A field of its own for every picture would cost as much as all else of a still street.
    """
    wide = _field(height + GRAIN_ROOM, width + GRAIN_ROOM)
    y, x, turn = (int(v) for v in rng.integers(0, (GRAIN_ROOM, GRAIN_ROOM, 4)))
    piece = wide[y : y + height, x : x + width]
    return piece[:: -1 if turn & 1 else 1, :: -1 if turn & 2 else 1]


@lru_cache(maxsize=2)
def _field(height: int, width: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(7).standard_normal((height, width), np.float32)


def vignette(width: int, height: int, strength: float = 0.18) -> Linear:
    """The lens's darker corners as a factor, (H, W, 1)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    return np.asarray((1.0 - strength * radius)[..., None], np.float32)
