"""Decoding times for pictures that come with showing times alone."""

from __future__ import annotations

_MOST_REORDERED = 4


class DecodingOrder:
    """Gives each picture, in decoding order, a decoding time that rises and is not after its showing time.

    Pictures are reordered by `depth` at most, which is learnt: so many came before one that is shown before them. The
    decoding time is the smallest of the last `depth` + 1 showing times, as FFmpeg reckons it.
    """

    def __init__(self) -> None:
        self._recent: list[int] = []
        self._depth = 0

    def decode_at(self, shown_at: int) -> int:
        """The decoding time of the next picture, in the unit of `shown_at`."""
        later = sum(1 for other in self._recent if other > shown_at)
        self._depth = min(max(self._depth, later), _MOST_REORDERED)
        self._recent = [*self._recent, shown_at][-(_MOST_REORDERED + 1) :]
        return min(self._recent[-(self._depth + 1) :])
