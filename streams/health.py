"""What is known of a camera's stream at one moment, for heartbeats, reports and packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


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
    (RTCP sender reports); else None.
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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"state": self.state.value, "drops": dict(self.drops)}
