"""What the gates did: looks that were saved, time that something moved, and whether motion was told in time."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from streams.activity import PacketActivity
from streams.luma import Grey, Luma, differs, small_grey
from streams.timeline import SECOND_NS

_RECENT_LOOKS = 12
_FEWEST_LOOKS = 6
_SUSPECT_SHARE = 0.5
# What moves by the look of it is followed for this long.
_STIR_NS = 2 * SECOND_NS
# Pictures closer together than this may look alike although something moves.
_APART_NS = SECOND_NS * 2 // 5
# So long and so many pictures without a difference, and what the packets announced is no motion.
_STILL_NS = 3 * SECOND_NS
_STILL_LOOKS = 4


@dataclass(frozen=True, slots=True)
class GateHealth:
    """Counters since start. `looks_skipped`: looks at the active interval that were saved at rest. `moving_share`: of
    the watched time, by the packets. `announced` and `denied`: motions that the packets told, and those of them that
    the pictures did not bear out. `missed`: looks at rest that found a change which the packets had not told.
    `suspect`: half of the latest looks at rest did, so the gate skips more than it should.
    """

    moving: bool = False
    moving_share: float = 0.0
    looks_skipped: int = 0
    announced: int = 0
    denied: int = 0
    missed: int = 0
    suspect: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


class MotionGate:
    """One camera's verdict whether something moves: the packets announce, decoded pictures confirm or deny."""

    def __init__(self, activity: PacketActivity) -> None:
        self._activity = activity
        self._grey: Grey | None = None
        self._seen_ns = 0
        self._stirred_ns: int | None = None
        self._stirred_until_ns: int | None = None
        self._still_since_ns: int | None = None
        self._still_looks = 0
        self._recent: deque[bool] = deque(maxlen=_RECENT_LOOKS)
        self._skipped = self._denied = self._missed = 0
        self.announced = 0

    @property
    def moving(self) -> bool:
        """Whether packets or pictures show motion now."""
        return self._activity.moving or self._stirred_until_ns is not None

    @property
    def began_ns(self) -> int | None:
        """The beginning of what moved last."""
        begun = [each for each in (self._activity.began_ns, self._stirred_ns) if each is not None]
        return max(begun, default=None)

    @property
    def until_ns(self) -> int | None:
        """The end of what moved last, with the quiet that must follow; None when nothing ever did."""
        ends = [each for each in (self._activity.until_ns, self._stirred_until_ns) if each is not None]
        return max(ends, default=None)

    def look(self, luma: Luma, pts_ns: int, active_ns: int, *, at_rest: bool) -> None:
        """Compare a picture's luma, uint8 (H, W), with the one before; `at_rest` when only the floor asked for it."""
        if not at_rest and self._grey is not None and pts_ns - self._seen_ns < _APART_NS:
            return
        grey, before, since_ns = small_grey(luma), self._grey, self._seen_ns
        self._grey, self._seen_ns = grey, pts_ns
        if before is None:
            return
        changed = differs(before, grey)
        if at_rest:
            self._skipped += max(0, (pts_ns - since_ns) // max(active_ns, 1) - 1)
            self._at_rest(pts_ns, since_ns, changed=changed)
        else:
            self._follow(pts_ns, changed=changed)

    def interrupt(self) -> None:
        """The stream broke off: the next picture may show anything."""
        self._grey, self._stirred_until_ns, self._still_since_ns = None, None, None

    def health(self) -> GateHealth:
        """The counters now."""
        watched_ns = self._activity.watched_ns
        return GateHealth(
            moving=self.moving,
            moving_share=round(self._activity.moving_ns / watched_ns, 4) if watched_ns else 0.0,
            looks_skipped=self._skipped,
            announced=self.announced,
            denied=self._denied,
            missed=self._missed,
            suspect=len(self._recent) >= _FEWEST_LOOKS and sum(self._recent) >= len(self._recent) * _SUSPECT_SHARE,
        )

    def _at_rest(self, pts_ns: int, since_ns: int, *, changed: bool) -> None:
        until_ns = self._activity.until_ns
        told = self._activity.moving or (until_ns is not None and until_ns >= since_ns)
        self._recent.append(changed and not told)
        if changed and not told:
            self._missed += 1
            self._activity.missed()
        if changed:
            self._stirred_ns, self._stirred_until_ns = pts_ns, pts_ns + _STIR_NS

    def _follow(self, pts_ns: int, *, changed: bool) -> None:
        if changed:
            self._still_since_ns, self._still_looks = None, 0
            if not self._activity.moving:
                self._stirred_until_ns = pts_ns + _STIR_NS
            return
        if self._stirred_until_ns is not None and pts_ns >= self._stirred_until_ns:
            self._stirred_until_ns = None
        if not self._activity.moving:
            return
        self._still_since_ns = pts_ns if self._still_since_ns is None else self._still_since_ns
        self._still_looks += 1
        if pts_ns - self._still_since_ns >= _STILL_NS and self._still_looks >= _STILL_LOOKS:
            self._still_since_ns, self._still_looks = None, 0
            self._denied += 1
            self._activity.deny()
