"""Hysteresis in seconds: a state is sure when its evidence has lasted, and over when it has stayed away."""

from __future__ import annotations

from dataclasses import dataclass

from streams.timeline import SECOND_NS


@dataclass(slots=True)
class Hold:
    """One state. `enter_s`: so long it must look so; `leave_s`: so long it must look otherwise."""

    enter_s: float
    leave_s: float
    detail: str = ""
    since_ns: int | None = None
    _latest_ns: int = 0

    def see(self, pts_ns: int, detail: str | None) -> bool:
        """Whether the state holds; `detail` is the evidence of the picture at `pts_ns`, None when there is none."""
        if detail is not None:
            self.since_ns = pts_ns if self.since_ns is None else self.since_ns
            self._latest_ns, self.detail = pts_ns, detail
        elif self.since_ns is not None and pts_ns - self._latest_ns >= self.leave_s * SECOND_NS:
            self.since_ns = None
        return self.holds(pts_ns)

    def holds(self, pts_ns: int) -> bool:
        """Whether the evidence has lasted long enough."""
        return self.since_ns is not None and self._latest_ns - self.since_ns >= self.enter_s * SECOND_NS
