"""A camera's packets without decoding any: how far apart pictures and key frames are, and the newest of both."""

from __future__ import annotations

from collections import deque
from statistics import median

from streams.timeline import SECOND_NS

_KEYS_TO_TRUST = 3
_SLOWEST_STEP_NS = 2 * SECOND_NS


class Pulse:
    """One camera's newest packets in nanoseconds of its timeline, and when they came (monotonic).

    Written by the camera's thread, read by any; what belongs together is set at once.
    """

    def __init__(self) -> None:
        self.latest_ns: int | None = None
        self.newest_key_ns: int | None = None
        self.key_spacing_ns: int | None = None
        self.step_ns = SECOND_NS // 25
        self._arrived = (0, 0)
        self._previous_dts_ns: int | None = None
        self._spacings: deque[int] = deque(maxlen=_KEYS_TO_TRUST)
        self._unbroken = False

    def take(self, pts_ns: int, dts_ns: int, arrival_ns: int, *, is_keyframe: bool) -> None:
        """The next packet in decoding order."""
        previous_ns, self._previous_dts_ns = self._previous_dts_ns, dts_ns
        if previous_ns is not None and 0 < dts_ns - previous_ns <= _SLOWEST_STEP_NS:
            self.step_ns = dts_ns - previous_ns
        if is_keyframe:
            self._key(pts_ns)
        if self.latest_ns is None or pts_ns > self.latest_ns:
            self._arrived = (pts_ns, arrival_ns)
            self.latest_ns = pts_ns

    def interrupt(self) -> None:
        """The stream broke off: the distance to the next key frame is no length of a GOP."""
        self._previous_dts_ns, self._unbroken = None, False

    def arrival_of(self, pts_ns: int) -> int:
        """When the picture of that moment came or will come, monotonic ns, by the newest packet's arrival."""
        latest_ns, arrival_ns = self._arrived
        return arrival_ns + pts_ns - latest_ns

    @property
    def next_arrival_ns(self) -> int:
        """When the next packet is expected, monotonic ns."""
        return self._arrived[1] + self.step_ns

    def _key(self, pts_ns: int) -> None:
        if self.newest_key_ns is not None and self._unbroken and pts_ns > self.newest_key_ns:
            self._spacings.append(pts_ns - self.newest_key_ns)
            self.key_spacing_ns = round(median(self._spacings))
        self.newest_key_ns, self._unbroken = pts_ns, True
