"""Whether something moves in a camera's picture, told from the sizes of its compressed packets; nothing is decoded.

Pictures that are predicted from others need more bytes when more has changed. How many bytes mean "nothing" differs
from camera to camera, from day to night, with the encoder's rate control and along a group of pictures, so each
camera's own quiet is learnt: the greatest byte rate of each stretch of a few seconds is noted, and what the quieter
stretches reach is what no motion can be told from. Motion only ever adds bytes, so it cannot disturb that.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from streams.timeline import SECOND_NS

# Byte rates are compared over this much of the timeline at least.
_WINDOW_NS = SECOND_NS // 5
# A longer step between two pictures is an interruption and says nothing.
_LONGEST_STEP_NS = 3 * SECOND_NS
# A stretch ends with its group of pictures, for the rate has a pattern in that, but lasts no longer than this.
_SHORTEST_STRETCH_NS = SECOND_NS * 3 // 2
_LONGEST_STRETCH_NS = 3 * SECOND_NS
_MEMORY_NS = 180 * SECOND_NS
_FEWEST_STRETCHES = 3
_QUIET_NS = 2 * SECOND_NS
# Shares of the stretches: up to the second are taken for quiet; the distance between them is how unsteady quiet is.
_LOW, _QUIET = 0.1, 0.3
# Octaves: no smaller rise is called motion, and twice the bytes always are.
_LEAST_RISE = 0.3
_MOST_RISE = 1.0
_KEEP_SHARE = 0.6
_AT_ONCE = 2.0
_WARINESS_RANGE = (0.5, 4.0)
_WARINESS_STEP = 1.3


@dataclass(frozen=True, slots=True)
class QuietLevel:
    """In octaves (log2 of bytes a second): the rate that quiet stretches reach, and the rise over it that is motion."""

    top: float
    rise: float


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
        self._denied = False
        self._maxima: deque[tuple[int, float]] = deque()
        self._stretch_max = 0.0
        self._stretch_ns = 0
        self._previous_ns: int | None = None
        self._latest_pts_ns = -1
        self._counts = False
        self._bytes, self._elapsed_ns = 0.0, 0
        self._rising_from_ns: int | None = None

    def take(self, pts_ns: int, time_ns: int, size_bytes: float, *, is_keyframe: bool) -> bool:
        """The next packet, decoded at `time_ns`; whether motion begins with it.

        Key frames are left out: their size says nothing.
        """
        previous_ns, counted = self._previous_ns, self._counts
        leads, self._latest_pts_ns = pts_ns > self._latest_pts_ns, max(pts_ns, self._latest_pts_ns)
        self._previous_ns, self._counts = time_ns, not is_keyframe
        began = False
        if previous_ns is not None and counted:
            # A window closes between two pictures, but not between a P picture and the B pictures before it.
            began = self._elapse(previous_ns, time_ns - previous_ns, closes=leads)
        if is_keyframe:
            self._end_stretch(time_ns, _SHORTEST_STRETCH_NS)
        else:
            self._bytes += size_bytes
        return began

    def interrupt(self) -> None:
        """The stream broke off: what moved is over, what was learnt stays."""
        self._previous_ns, self._counts = None, False
        self._bytes, self._elapsed_ns = 0.0, 0
        self.moving, self._rising_from_ns = False, None

    def deny(self) -> None:
        """The pictures show that nothing moves: the level of now is the quiet one."""
        self.moving, self._denied = False, True
        self._wariness = min(_WARINESS_RANGE[1], self._wariness * _WARINESS_STEP)

    def missed(self) -> None:
        """The pictures show a change that was not announced: be quicker from now on."""
        self._wariness = max(_WARINESS_RANGE[0], self._wariness / _WARINESS_STEP)

    def _elapse(self, time_ns: int, step_ns: int, *, closes: bool) -> bool:
        if not 0 < step_ns <= _LONGEST_STEP_NS:
            self._bytes, self._elapsed_ns = 0.0, 0
            return False
        self._elapsed_ns += step_ns
        if self._elapsed_ns < _WINDOW_NS or not closes:
            return False
        level = math.log2(self._bytes * SECOND_NS / self._elapsed_ns + 1)
        end_ns, lasted_ns = time_ns + step_ns, self._elapsed_ns
        self._bytes, self._elapsed_ns = 0.0, 0
        self._note(end_ns, lasted_ns, level)
        began = self._judge(end_ns - lasted_ns, end_ns, level)
        self.watched_ns += lasted_ns
        self.moving_ns += lasted_ns * self.moving
        return began

    def _judge(self, start_ns: int, end_ns: int, level: float) -> bool:
        if self.quiet is None:
            return False
        above = (level - self.quiet.top) / (self.quiet.rise * self._wariness)
        if self.moving:
            self._go_on(end_ns, above)
            return False
        if above < 1:
            self._rising_from_ns = None
            return False
        if self._rising_from_ns is None:
            self._rising_from_ns = start_ns
            if above < _AT_ONCE:
                return False
        self.began_ns, self.until_ns = self._rising_from_ns, end_ns + _QUIET_NS
        self.moving, self._rising_from_ns = True, None
        return True

    def _go_on(self, end_ns: int, above: float) -> None:
        if above >= _KEEP_SHARE:
            self.until_ns = end_ns + _QUIET_NS
        elif self.until_ns is not None and end_ns >= self.until_ns:
            self.moving = False

    def _note(self, end_ns: int, lasted_ns: int, level: float) -> None:
        self._stretch_max = max(self._stretch_max, level)
        self._stretch_ns += lasted_ns
        if self._denied:
            self._denied = False
            self._maxima.clear()
            self._maxima.append((end_ns, self._stretch_max))
            self.quiet, self._rising_from_ns = quiet_level([self._stretch_max]), None
        self._end_stretch(end_ns, _LONGEST_STRETCH_NS)

    def _end_stretch(self, end_ns: int, least_ns: int) -> None:
        if self._stretch_ns < least_ns:
            return
        self._maxima.append((end_ns, self._stretch_max))
        self._stretch_max, self._stretch_ns = 0.0, 0
        while end_ns - self._maxima[0][0] > _MEMORY_NS:
            self._maxima.popleft()
        if self.quiet is not None or len(self._maxima) >= _FEWEST_STRETCHES:
            self.quiet = quiet_level([level for _, level in self._maxima])


def quiet_level(maxima: list[float]) -> QuietLevel:
    """The quiet level, from the greatest byte rate of each stretch in octaves; two thirds of them may be of motion."""
    ordered = sorted(maxima)
    low, top = ordered[int(len(ordered) * _LOW)], ordered[int(len(ordered) * _QUIET)]
    return QuietLevel(top, min(_MOST_RISE, _LEAST_RISE + top - low))
