"""What is known of a camera's stream at one moment, for heartbeats, reports and packages."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from streams.clock import Clock
from streams.redact import one_line
from streams.timeline import SECOND_NS

_RATE_WINDOW_NS = 5 * SECOND_NS
_ARRIVALS_KEPT = 256


class StreamState(StrEnum):
    """`failed`: what the last attempt met does not heal by itself (password, path); it is retried all the same."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """One camera's record; counters run since `start`. Nothing in it carries credentials.

    `since_ns`: UTC ns since when `state` holds. `fps_read`: packets per second over the last seconds. `drops`: packets
    and pictures lost, by reason. `reconnects`: connections made again after the first. `last_packet_age_s`: None
    before the first packet. `clock_offset_s`: the camera's clock minus the host's, when the camera sends its clock
    (RTCP sender reports); else None. `format_changes`: how often codec, size or parameter sets became others.
    `key_spacing_s`: seconds between key frames, as learnt. `decoder`: what decodes, `software` or a device.
    `gate`: what the motion gates did (`gate.GateHealth`).
    """

    camera_id: str
    state: StreamState
    since_ns: int
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps_read: float = 0.0
    packets_read: int = 0
    bytes_read: int = 0
    frames_decoded: int = 0
    frames_emitted: int = 0
    drops: Mapping[str, int] = field(default_factory=dict)
    reconnects: int = 0
    last_error: str | None = None
    last_packet_age_s: float | None = None
    clock_offset_s: float | None = None
    format_changes: int = 0
    key_spacing_s: float | None = None
    decoder: str = "software"
    gate: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"state": self.state.value, "drops": dict(self.drops), "gate": dict(self.gate)}


class HealthRecorder:
    """Keeps one camera's counters; written by its thread, read by any."""

    def __init__(self, camera_id: str, clock: Clock) -> None:
        self._camera_id = camera_id
        self._clock = clock
        self._lock = threading.Lock()
        self._arrivals_ns: deque[int] = deque(maxlen=_ARRIVALS_KEPT)
        self._values: dict[str, Any] = {}
        self._drops: Counter[str] = Counter()
        self._packets = self._bytes = self._connections = self._format_changes = 0
        self._state, self._since_ns = StreamState.CONNECTING, clock.wall_ns()

    def enter(self, state: StreamState, error: str | None = None) -> None:
        """The stream is in `state` now; `error` says why."""
        with self._lock:
            if state is not self._state:
                self._state, self._since_ns = state, self._clock.wall_ns()
            if error is not None:
                self._values["last_error"] = one_line(error)

    def connected(self) -> None:
        """A connection gave its first packet."""
        with self._lock:
            self._connections += 1

    def changed_format(self) -> None:
        """The stream's parameters are others than before."""
        with self._lock:
            self._format_changes += 1

    def packet(self, size_bytes: int, arrival_ns: int) -> None:
        """One more packet arrived, at `arrival_ns` on the monotonic clock."""
        with self._lock:
            self._packets += 1
            self._bytes += size_bytes
            self._arrivals_ns.append(arrival_ns)

    def note(self, **values: Any) -> None:
        """Set fields of the record: codec, width, height, frames_decoded, frames_emitted, clock_offset_s."""
        with self._lock:
            self._values.update(values)

    def drop(self, reason: str) -> None:
        """One more loss for `reason`."""
        with self._lock:
            self._drops[reason] += 1

    def health(self, drops: Mapping[str, int]) -> StreamHealth:
        """The record now; `drops` are counted by others and added."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            return StreamHealth(
                camera_id=self._camera_id,
                state=self._state,
                since_ns=self._since_ns,
                fps_read=self._rate(now_ns),
                packets_read=self._packets,
                bytes_read=self._bytes,
                drops=dict(self._drops + Counter(drops)),
                format_changes=self._format_changes,
                reconnects=max(0, self._connections - 1),
                last_packet_age_s=(now_ns - self._arrivals_ns[-1]) / SECOND_NS if self._arrivals_ns else None,
                **self._values,
            )

    def _rate(self, now_ns: int) -> float:
        recent = [arrival_ns for arrival_ns in self._arrivals_ns if now_ns - arrival_ns <= _RATE_WINDOW_NS]
        span_ns = now_ns - recent[0] if recent else 0
        return round(len(recent) * SECOND_NS / span_ns, 2) if span_ns > 0 else 0.0
