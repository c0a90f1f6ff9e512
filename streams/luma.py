"""Whether a place looks as it did before: two small grey pictures compared, whatever the light does."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.int16]
Luma = npt.NDArray[np.uint8]

# The picture is thinned to about this many columns, then averaged over blocks.
_THIN_COLUMNS = 480
_BLOCK = 3
# A block has changed when it differs by so much from what the light did to the whole picture (of 255).
_LEAST_STEP = 12.0
_NOISE_FACTOR = 6.0
# So many changed blocks are something that moved: a person 40 pixels high in 1080p covers about 6.
_FEWEST_BLOCKS = 6


def small_grey(luma: Luma) -> Grey:
    """A picture's luma, uint8 (H, W), as int16 (h, w) of about 160 columns."""
    step = max(1, round(luma.shape[1] / _THIN_COLUMNS))
    thin = luma[::step, ::step]
    rows, columns = thin.shape[0] // _BLOCK, thin.shape[1] // _BLOCK
    if rows == 0 or columns == 0:
        return thin.astype(np.int16)
    blocks = thin[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return cast("Grey", (blocks.sum(axis=(1, 3), dtype=np.int32) // _BLOCK**2).astype(np.int16))


def differs(before: Grey, now: Grey) -> bool:
    """Whether something is elsewhere; pictures of different sizes always differ."""
    if before.shape != now.shape:
        return True
    change = now - before
    # The median is what the light did, the median distance from it what noise does.
    change = np.abs(change - np.int16(np.median(change)))
    limit = max(_LEAST_STEP, _NOISE_FACTOR * float(np.median(change)))
    return int(np.count_nonzero(change > limit)) >= _FEWEST_BLOCKS
