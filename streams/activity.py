"""Whether something moves in a camera's picture, told from the sizes of its compressed packets; nothing is decoded.

Pictures that are predicted from others need more bytes when more has changed. How many bytes mean "nothing" differs
from camera to camera, from day to night and with the encoder's rate control, so each camera's own quiet level is
learnt: where the lower half of its recent byte rates is densest, for motion only ever adds to them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from streams.timeline import SECOND_NS

# Byte rates are compared over this much of the timeline, so that the different sizes of P and B pictures even out.
_WINDOW_NS = SECOND_NS // 5
# A longer step between two pictures is an interruption and says nothing.
_LONGEST_STEP_NS = 3 * SECOND_NS
_MEMORY_NS = 180 * SECOND_NS
_LEARN_EVERY_NS = 2 * SECOND_NS
_FEWEST_WINDOWS = 12
_QUIET_NS = 2 * SECOND_NS
# The quiet level is where the lower half of the rates is densest: the shortest stretch that holds a quarter of it. Of a
# normal distribution cut at its middle, such a stretch is so many standard deviations long.
_DENSEST_SHARE = 0.25
_DENSEST_SPREADS = 0.32
# Octaves: no encoder is steadier, no smaller rise is called motion, and twice the bytes always are.
_LEAST_SPREAD = 0.04
_LEAST_RISE = 0.25
_MOST_RISE = 1.0
_RISE_SPREADS = 4.0
_KEEP_SHARE = 0.6
_AT_ONCE = 2.0
_WARINESS_RANGE = (0.5, 4.0)
_WARINESS_STEP = 1.3


@dataclass(frozen=True, slots=True)
class QuietLevel:
    """Byte rates at rest, in octaves (log2 of bytes a second): the middle and one standard deviation."""

    middle: float
    spread: float


class PacketActivity:
    """Follows one camera's packets in decoding order, all times in nanoseconds of its timeline.

    `began_ns` is the beginning of the newest motion, `until_ns` the end of its last busy stretch and the quiet that
    must follow. Written by the camera's thread; `deny` and `missed` may come from another: the worst that a race can
    do is one verdict more or less.
    """

    def __init__(self) -> None:
        self.moving = False
        self.began_ns: int | None = None
        self.until_ns: int | None = None
        self.moving_ns = 0
        self.watched_ns = 0
        self.quiet: QuietLevel | None = None
        self._wariness = 1.0
        self._levels: deque[tuple[int, float]] = deque()
        self._learn_at_ns: int | None = None
        self._forget_before_ns: int | None = None
        self._previous_ns: int | None = None
        self._counts = False
        self._bytes = self._elapsed_ns = 0
        self._rising_from_ns: int | None = None

    def take(self, time_ns: int, size_bytes: int, *, is_keyframe: bool) -> bool:
        """The next packet; whether motion begins with it. Key frames are left out: their size says nothing."""
        previous_ns, counted = self._previous_ns, self._counts
        self._previous_ns, self._counts = time_ns, not is_keyframe
        began = False
        if previous_ns is not None and counted:
            began = self._elapse(previous_ns, time_ns - previous_ns)
        if not is_keyframe:
            self._bytes += size_bytes
        return began

    def interrupt(self) -> None:
        """The stream broke off: what moved is over, what was learnt stays."""
        self._previous_ns, self._counts = None, False
        self._bytes = self._elapsed_ns = 0
        self.moving, self._rising_from_ns = False, None

    def deny(self) -> None:
        """The pictures show that nothing moves: the level of now is the quiet one."""
        self._forget_before_ns, self.moving = self.began_ns, False
        self._rising_from_ns = None
        self._wariness = min(_WARINESS_RANGE[1], self._wariness * _WARINESS_STEP)

    def missed(self) -> None:
        """The pictures show a change that was not announced: be quicker from now on."""
        self._wariness = max(_WARINESS_RANGE[0], self._wariness / _WARINESS_STEP)

    def _elapse(self, time_ns: int, step_ns: int) -> bool:
        if not 0 < step_ns <= _LONGEST_STEP_NS:
            self._bytes = self._elapsed_ns = 0
            return False
        self._elapsed_ns += step_ns
        if self._elapsed_ns < _WINDOW_NS:
            return False
        level = math.log2(self._bytes * SECOND_NS / self._elapsed_ns + 1)
        start_ns, lasted_ns = time_ns + step_ns - self._elapsed_ns, self._elapsed_ns
        self._bytes = self._elapsed_ns = 0
        self._remember(start_ns, level)
        self.watched_ns += lasted_ns
        began = self._judge(start_ns, lasted_ns, level)
        self.moving_ns += lasted_ns * self.moving
        return began

    def _judge(self, start_ns: int, lasted_ns: int, level: float) -> bool:
        if self.quiet is None:
            return False
        rise = min(_MOST_RISE, max(_LEAST_RISE, _RISE_SPREADS * self.quiet.spread)) * self._wariness
        above = (level - self.quiet.middle) / rise
        if self.moving:
            self._go_on(start_ns + lasted_ns, above)
            return False
        if above < 1:
            self._rising_from_ns = None
            return False
        if self._rising_from_ns is None:
            self._rising_from_ns = start_ns
            if above < _AT_ONCE:
                return False
        self.began_ns, self.until_ns = self._rising_from_ns, start_ns + lasted_ns + _QUIET_NS
        self.moving, self._rising_from_ns = True, None
        return True

    def _go_on(self, end_ns: int, above: float) -> None:
        if above >= _KEEP_SHARE:
            self.until_ns = end_ns + _QUIET_NS
        elif self.until_ns is not None and end_ns >= self.until_ns:
            self.moving = False

    def _remember(self, start_ns: int, level: float) -> None:
        if self._forget_before_ns is not None:
            forget_ns, self._forget_before_ns = self._forget_before_ns, None
            while self._levels and self._levels[0][0] < forget_ns:
                self._levels.popleft()
            self._learn_at_ns, self.quiet = None, None
        self._levels.append((start_ns, level))
        while start_ns - self._levels[0][0] > _MEMORY_NS:
            self._levels.popleft()
        if len(self._levels) >= _FEWEST_WINDOWS and (self._learn_at_ns is None or start_ns >= self._learn_at_ns):
            self._learn_at_ns = start_ns + _LEARN_EVERY_NS
            self.quiet = quiet_level([each for _, each in self._levels])


def quiet_level(levels: list[float]) -> QuietLevel:
    """The quiet level among byte rates in octaves, half of which and more may be of motion.

    Motion only ever adds bytes, so what is quiet is the densest part of the lower half.
    """
    ordered = sorted(levels)
    lower = ordered[: max(4, (len(ordered) + 1) // 2)]
    held = max(2, round(len(lower) * _DENSEST_SHARE))
    length, first = min((lower[index + held - 1] - lower[index], index) for index in range(len(lower) - held + 1))
    return QuietLevel(lower[first] + length / 2, max(_LEAST_SPREAD, length / _DENSEST_SPREADS))
