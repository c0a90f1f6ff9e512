"""Which packets to decode and which pictures to hand on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from streams.packet import EncodedPacket
from streams.timeline import SECOND_NS

# Of two pictures around the due moment the nearer one is taken, but at most this much of the interval early: key
# frames every 0.998 s serve an interval of 1 s.
_EARLY_SHARE = 0.1
# Key frames up to this many intervals apart are often enough.
_SPARSE_FACTOR = 1.5
_GOPS_TO_TRUST = 3


@dataclass(frozen=True, slots=True)
class SamplingPolicy:
    """How often a picture is wanted, in seconds of the timeline (0: every one), and what may be decoded for it.

    `keyframes` decodes key frames alone, `all` decodes everything and hands on what is due, `auto` learns from the
    packets how far apart key frames are, and decodes everything only when they are too rare.
    """

    min_interval_s: float = 1.0
    decode: Literal["keyframes", "all", "auto"] = "auto"

    def __post_init__(self) -> None:
        if not self.min_interval_s >= 0:
            raise ValueError(f"SamplingPolicy.min_interval_s: expected 0 or more seconds, got {self.min_interval_s}")
        if self.decode not in ("keyframes", "all", "auto"):
            raise ValueError(f"SamplingPolicy.decode: expected keyframes, all or auto, got {self.decode!r}")


class Step(Enum):
    """What to do with a packet. CATCH_UP: decode its whole GOP so far, then go on with every packet."""

    SKIP = auto()
    ALONE = auto()
    NEXT = auto()
    CATCH_UP = auto()


class Sampler:
    """Follows one camera's packets and says what to decode (`step`) and what to emit (`take`)."""

    def __init__(self, policy: SamplingPolicy) -> None:
        self._policy = policy
        self._interval_ns = round(policy.min_interval_s * SECOND_NS)
        self._everything = policy.decode == "all" or (policy.decode == "auto" and self._interval_ns == 0)
        self._spacings: deque[int] = deque(maxlen=_GOPS_TO_TRUST)
        self._key_pts_ns: int | None = None
        self._taken_pts_ns: int | None = None
        self._offered_pts_ns: int | None = None
        self._step_ns = 0

    @property
    def decodes_everything(self) -> bool:
        """Whether whole GOPs are decoded now."""
        return self._everything

    def restart(self) -> None:
        """The stream was interrupted: the next key frame's distance says nothing about the GOP."""
        self._key_pts_ns = None

    def step(self, packet: EncodedPacket) -> Step:
        """What to do with the next packet in decoding order; the first after a restart must be a key frame."""
        if packet.is_keyframe:
            self._learn(packet.pts_ns)
        elif self._must_switch(packet.pts_ns):
            self._everything = True
            return Step.CATCH_UP
        if self._everything:
            return Step.NEXT
        return Step.ALONE if packet.is_keyframe and self._due(packet.pts_ns) else Step.SKIP

    def take(self, pts_ns: int) -> bool:
        """Whether the picture at `pts_ns` is due; if so, the next one is due an interval later."""
        if self._everything:
            self._offered(pts_ns)
        if not self._due(pts_ns):
            return False
        self._taken_pts_ns = pts_ns
        return True

    def _due(self, pts_ns: int) -> bool:
        if self._taken_pts_ns is None:
            return True
        early_ns = min(self._step_ns / 2, self._interval_ns * _EARLY_SHARE)
        return pts_ns - self._taken_pts_ns >= self._interval_ns - early_ns

    def _offered(self, pts_ns: int) -> None:
        """Learn how far apart the pictures are between which there is a choice."""
        if self._offered_pts_ns is not None and pts_ns > self._offered_pts_ns:
            self._step_ns = pts_ns - self._offered_pts_ns
        self._offered_pts_ns = pts_ns

    def _learn(self, pts_ns: int) -> None:
        if self._key_pts_ns is not None:
            self._spacings.append(pts_ns - self._key_pts_ns)
            if not self._everything:
                self._step_ns = self._spacings[-1]
        self._key_pts_ns = pts_ns
        enough = len(self._spacings) == _GOPS_TO_TRUST and max(self._spacings) <= self._longest_gap_ns
        if self._policy.decode == "auto" and self._interval_ns > 0 and enough:
            self._everything = False

    def _must_switch(self, pts_ns: int) -> bool:
        if self._policy.decode != "auto" or self._everything or self._key_pts_ns is None:
            return False
        return pts_ns - self._key_pts_ns > self._longest_gap_ns

    @property
    def _longest_gap_ns(self) -> float:
        return self._interval_ns * _SPARSE_FACTOR
