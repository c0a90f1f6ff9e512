"""Compressed packets as the camera sent them, and spans of them: the only originals that exist."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from streams.frame import TimeSource


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """What a decoder or a muxer must know of a video stream. `codec` is FFmpeg's name: `h264`, `hevc`."""

    codec: str
    width: int
    height: int
    extradata: bytes
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One access unit. Times are nanoseconds on the camera's timeline (see `Frame.pts_ns`); `captured_at_ns` is UTC.

    `time_source` says where `captured_at_ns` comes from; `is_corrupt`, that the transport knows of damage.
    """

    pts_ns: int
    dts_ns: int
    duration_ns: int
    captured_at_ns: int
    is_keyframe: bool
    data: bytes
    time_source: TimeSource = TimeSource.HOST
    is_corrupt: bool = False


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """Packets of one camera in decoding order, the first of them a key frame, all of one set of parameters."""

    camera_id: str
    parameters: StreamParameters
    packets: tuple[EncodedPacket, ...]

    @property
    def start_pts_ns(self) -> int:
        return min(packet.pts_ns for packet in self.packets)

    @property
    def end_pts_ns(self) -> int:
        return max(packet.pts_ns for packet in self.packets)

    @property
    def size_bytes(self) -> int:
        return sum(len(packet.data) for packet in self.packets)
