"""Time of a camera: its own timeline, which never runs backwards, and the wall clock that is anchored to it.

Sources restart their timestamps when they reconnect, loop or reset their encoder. `Timeline` turns them into one
timeline per camera; durations come from it alone. `WallAnchor` says at which UTC moment a picture was taken: one
offset between timeline and wall clock, set once and then only moved within bounds, so that network jitter does not
reach the capture times.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.frame import TimeSource

SECOND_NS = 1_000_000_000
_DEFAULT_STEP_NS = SECOND_NS // 25
_SHORTEST_STEP_NS = SECOND_NS // 1000
_LONGEST_STEP_NS = 2 * SECOND_NS
# Timestamps that fall back by more than any reordering of pictures does are a restart; decoding times never do.
_BACKWARD_JUMP_NS = SECOND_NS
_BACKWARD_DTS_JUMP_NS = SECOND_NS // 5
# Timestamps that run ahead of the arrival clock by more than this are a restart too.
_FORWARD_JUMP_NS = 10 * SECOND_NS

_WARM_UP_NS = 3 * SECOND_NS
_WINDOW_NS = 10 * SECOND_NS
_SLEW_PER_WINDOW_NS = SECOND_NS // 20
_STEP_BEYOND_NS = 2 * SECOND_NS
_TRUST_NS = SECOND_NS
_DISTRUST_NS = SECOND_NS * 3 // 2


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one packet is on the camera's timeline; `jumped` when the source restarted its timestamps there."""

    pts_ns: int
    dts_ns: int
    jumped: bool


class Timeline:
    """Maps a source's timestamps to the camera's timeline, which starts at 0.

    `live` sources are held against the arrival clock: a gap lasts as long as it really lasted. For a file a forward
    jump is taken as it stands, for it may be a true gap in the recording.
    """

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._offset_ns: int | None = None
        self._source_ns = 0
        self._arrival_ns: int | None = None
        self._latest_pts_ns: int | None = None
        self._step_ns = _DEFAULT_STEP_NS

    def restart(self) -> None:
        """The source was opened anew: its next timestamp has nothing to do with the last one."""
        self._offset_ns = None

    def place(self, pts_ns: int | None, dts_ns: int | None, arrival_ns: int) -> Placement:
        """Place a packet with the source's timestamps (ns, None if it has none) that arrived at `arrival_ns`."""
        elapsed_ns = 0 if self._arrival_ns is None else max(0, arrival_ns - self._arrival_ns)
        pts_ns = self._known_pts(pts_ns, dts_ns, elapsed_ns)
        order_ns = pts_ns if dts_ns is None else dts_ns
        back_ns = _BACKWARD_JUMP_NS if dts_ns is None else _BACKWARD_DTS_JUMP_NS
        jumped = self._offset_ns is not None and self._is_jump(order_ns, elapsed_ns, back_ns)
        if self._offset_ns is None or jumped:
            # A new connection takes up where time is now; within one there is at least a step between pictures.
            self._offset_ns = self._resume_at(elapsed_ns, self._step_ns if jumped else _SHORTEST_STEP_NS) - pts_ns
        else:
            self._learn_step(order_ns - self._source_ns)
        self._source_ns, self._arrival_ns = order_ns, arrival_ns
        placed = pts_ns + self._offset_ns
        self._latest_pts_ns = placed if self._latest_pts_ns is None else max(self._latest_pts_ns, placed)
        return Placement(placed, order_ns + self._offset_ns, jumped)

    def _known_pts(self, pts_ns: int | None, dts_ns: int | None, elapsed_ns: int) -> int:
        if pts_ns is not None:
            return pts_ns
        if dts_ns is not None:
            return dts_ns
        return self._source_ns + (max(elapsed_ns, 1) if self._live else self._step_ns)

    def _is_jump(self, order_ns: int, elapsed_ns: int, back_ns: int) -> bool:
        delta_ns = order_ns - self._source_ns
        if delta_ns < -max(back_ns, 4 * self._step_ns):
            return True
        return self._live and delta_ns - elapsed_ns > _FORWARD_JUMP_NS

    def _resume_at(self, elapsed_ns: int, least_ns: int) -> int:
        if self._latest_pts_ns is None:
            return 0
        return self._latest_pts_ns + (max(least_ns, elapsed_ns) if self._live else self._step_ns)

    def _learn_step(self, delta_ns: int) -> None:
        if 0 < delta_ns <= _LONGEST_STEP_NS:
            self._step_ns = delta_ns


class WallAnchor:
    """UTC of a place on the camera's timeline, from the host's clock at arrival.

    A packet can only arrive late, so the smallest difference between wall clock and timeline is the best one. In the
    first three seconds (a server may begin with a burst of stored pictures) the offset follows that minimum; later it
    moves by at most 50 ms in 10 s, and steps only when it is more than 2 s off (`steps` counts these).
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._anchored_pts_ns = 0
        self._window_start_ns = 0
        self._window_least_ns: int | None = None
        self._settling = False
        self.steps = 0

    def restart(self) -> None:
        """The source was opened anew and may begin with a burst again; the offset found so far is kept as a start."""
        self._settling = True

    def captured_at_ns(self, pts_ns: int, arrival_wall_ns: int) -> int:
        """UTC ns of `pts_ns`, learning from its arrival at `arrival_wall_ns` (UTC ns)."""
        offset_ns = arrival_wall_ns - pts_ns
        if self._offset_ns is None or self._settling:
            self._settling, self._window_least_ns = False, None
            self._anchored_pts_ns = self._window_start_ns = pts_ns
            self._offset_ns = offset_ns if self._offset_ns is None else min(self._offset_ns, offset_ns)
        elif pts_ns - self._anchored_pts_ns < _WARM_UP_NS:
            self._offset_ns = min(self._offset_ns, offset_ns)
        else:
            self._observe(pts_ns, offset_ns)
        return pts_ns + self._offset_ns

    def _observe(self, pts_ns: int, offset_ns: int) -> None:
        assert self._offset_ns is not None  # noqa: S101 - set before the first call
        least_ns = self._window_least_ns
        self._window_least_ns = offset_ns if least_ns is None else min(least_ns, offset_ns)
        if pts_ns - self._window_start_ns < _WINDOW_NS:
            return
        error_ns = self._window_least_ns - self._offset_ns
        self._window_start_ns, self._window_least_ns = pts_ns, None
        if abs(error_ns) > _STEP_BEYOND_NS:
            self.steps += 1
            self._offset_ns += error_ns
        else:
            self._offset_ns += max(-_SLEW_PER_WINDOW_NS, min(_SLEW_PER_WINDOW_NS, error_ns))


class CaptureClock:
    """UTC capture times of one camera: by its own clock when that is sent and sound, else by the host's.

    A camera's clock counts as sound within 1 s of the host's (GA/T 832-2014 allows that much); once trusted it is
    dropped beyond 1.5 s only, so that the source does not flicker. `offset_ns` is camera minus host, as last seen.
    """

    def __init__(self) -> None:
        self._anchor = WallAnchor()
        self._trusted = False
        self.offset_ns: int | None = None

    def restart(self) -> None:
        """The source was opened anew."""
        self._anchor.restart()

    def captured_at(self, pts_ns: int, arrival_wall_ns: int, sender_wall_ns: int | None) -> tuple[int, TimeSource]:
        """UTC ns of the packet at `pts_ns`, and whose clock that is."""
        host_ns = self._anchor.captured_at_ns(pts_ns, arrival_wall_ns)
        if sender_wall_ns is None:
            return host_ns, TimeSource.HOST
        self.offset_ns = sender_wall_ns - host_ns
        self._trusted = abs(self.offset_ns) <= (_DISTRUST_NS if self._trusted else _TRUST_NS)
        return (sender_wall_ns, TimeSource.RTCP_SR) if self._trusted else (host_ns, TimeSource.HOST)
