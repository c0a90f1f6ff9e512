"""A clip prepared for sending: cut into RTP payloads once, for all the clients that will ever ask for it."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from streams import nal
from streams.container import SourcePacket, open_video
from streams.errors import SimulatorError, SourceError
from streams.simulator.rtp import CLOCK_HZ, PAYLOAD_TYPE, Payload, payloads
from streams.source import CameraSource
from streams.timeline import SECOND_NS

# One packet in the RTSP connection may be nearly as long as its 16-bit length allows.
_TCP_LIMIT_BYTES = 60_000
_UDP_LIMIT_BYTES = 1_400
_LARGEST_CLIP_BYTES = 512 << 20
_DEFAULT_STEP_NS = SECOND_NS // 25


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """One access unit. `pts_ns`: when it is shown, and was captured, from the clip's first picture on; `send_ns`: when
    it leaves the camera, which is never before that.
    """

    send_ns: int
    pts_ns: int
    is_keyframe: bool
    units: tuple[bytes, ...]


class Clip:
    """A looping clip. `duration_ns` is from its first picture to the first of the next round (None: by its pace).

    `entries` are key frames, by the picture that each may stand for, with which a client can begin between the clip's
    own key frames: what a camera makes on demand.
    """

    def __init__(
        self,
        codec: str,
        parameter_sets: Sequence[bytes],
        pictures: Sequence[ClipPicture],
        duration_ns: int | None = None,
        entries: Mapping[int, tuple[bytes, ...]] | None = None,
    ) -> None:
        self.codec = codec
        self.pictures = tuple(pictures)
        self.parameter_sets = tuple(parameter_sets)
        self._entries = dict(entries or {})
        keys = [index for index, picture in enumerate(self.pictures) if picture.is_keyframe]
        self._beginnings = sorted({*keys, *self._entries})
        self._send_ns = [picture.send_ns for picture in self.pictures]
        self.duration_ns = duration_ns or _loop_duration_ns(self.pictures)
        size_bytes = sum(len(unit) for picture in self.pictures for unit in picture.units)
        self.bytes_per_s = size_bytes * SECOND_NS / self.duration_ns

    def index_at(self, position_ns: int) -> int:
        """The first picture sent at or after `position_ns`; may be one past the last."""
        return bisect_left(self._send_ns, position_ns)

    def next_beginning(self, index: int) -> int | None:
        """The first picture at or after `index` that a client can begin with; None when the round ends before one."""
        found = bisect_left(self._beginnings, index)
        return self._beginnings[found] if found < len(self._beginnings) else None

    def previous_beginning(self, index: int) -> int:
        """The last picture at or before `index` that a client can begin with."""
        return self._beginnings[max(0, bisect_left(self._beginnings, index + 1) - 1)]

    @cached_property
    def tcp_payloads(self) -> list[list[Payload]]:
        """RTP payloads of each picture for the RTSP connection."""
        return self._cut(_TCP_LIMIT_BYTES)

    @cached_property
    def udp_payloads(self) -> list[list[Payload]]:
        """RTP payloads of each picture that fit a datagram on any path."""
        return self._cut(_UDP_LIMIT_BYTES)

    def tcp_entry(self, index: int) -> list[Payload]:
        """The same of the key frame with which a client begins at this picture."""
        return self._entry(index, self.tcp_payloads, _TCP_LIMIT_BYTES)

    def udp_entry(self, index: int) -> list[Payload]:
        """The same for datagrams."""
        return self._entry(index, self.udp_payloads, _UDP_LIMIT_BYTES)

    def sdp_lines(self) -> list[str]:
        """`rtpmap` and `fmtp` of the session description."""
        encoding = "H264" if self.codec == "h264" else "H265"
        return [
            f"a=rtpmap:{PAYLOAD_TYPE} {encoding}/{CLOCK_HZ}",
            f"a=fmtp:{PAYLOAD_TYPE} {self._h264_format() if self.codec == 'h264' else self._hevc_format()}",
        ]

    def _h264_format(self) -> str:
        sps = self.parameter_sets[0]
        encoded = ",".join(base64.b64encode(unit).decode() for unit in self.parameter_sets)
        return f"packetization-mode=1;profile-level-id={sps[1:4].hex().upper()};sprop-parameter-sets={encoded}"

    def _hevc_format(self) -> str:
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        parts = []
        for rank, name in enumerate(names):
            units = [unit for unit in self.parameter_sets if nal.parameter_set_rank("hevc", unit) == rank]
            parts.append(f"{name}=" + ",".join(base64.b64encode(unit).decode() for unit in units))
        return ";".join(parts)

    def _entry(self, index: int, usual: list[list[Payload]], limit_bytes: int) -> list[Payload]:
        units = self._entries.get(index)
        return usual[index] if units is None else payloads(self.codec, list(units), limit_bytes)

    def _cut(self, limit_bytes: int) -> list[list[Payload]]:
        return [payloads(self.codec, list(picture.units), limit_bytes) for picture in self.pictures]


def load_clip(path: Path) -> Clip:
    """Read and prepare a clip. Raises SimulatorError (one line) when it is no H.264 or H.265 clip."""
    try:
        with open_video(CameraSource("simulator", str(path))) as video:
            codec = video.parameters.codec
            if not nal.carries_nal_units(codec):
                raise SimulatorError(f"{path}: codec {codec} cannot be served; use an H.264 or H.265 clip")
            sets = nal.parameter_sets(codec, video.parameters.extradata)
            pictures = _pictures(path, _bounded(path, video.packets()), sets)
    except SourceError as error:
        raise SimulatorError(str(error).removeprefix("simulator: ")) from None
    return Clip(codec, sets, pictures)


def _bounded(path: Path, packets: Iterable[SourcePacket]) -> list[SourcePacket]:
    kept: list[SourcePacket] = []
    size_bytes = 0
    for packet in packets:
        size_bytes += len(packet.data)
        if size_bytes > _LARGEST_CLIP_BYTES:
            raise SimulatorError(f"{path}: larger than {_LARGEST_CLIP_BYTES >> 20} MiB; use a shorter clip")
        kept.append(packet)
    return kept


def _pictures(path: Path, packets: list[SourcePacket], sets: list[bytes]) -> list[ClipPicture]:
    first = next((index for index, packet in enumerate(packets) if packet.is_keyframe), None)
    if first is None:
        raise SimulatorError(f"{path}: no key frame in it")
    packets = packets[first:]
    order_ns = _send_times(packets)
    shown_ns = [at if packet.pts_ns is None else packet.pts_ns for packet, at in zip(packets, order_ns, strict=True)]
    # An encoder sends pictures out of order, so each waits long enough for the one that is sent earliest.
    wait_ns = max(shown - at for shown, at in zip(shown_ns, order_ns, strict=True))
    origin_ns = min(shown_ns)
    return [
        ClipPicture(at + wait_ns - origin_ns, shown - origin_ns, packet.is_keyframe, tuple(_units(packet, sets)))
        for packet, at, shown in zip(packets, order_ns, shown_ns, strict=True)
    ]


def _send_times(packets: list[SourcePacket]) -> list[int]:
    """Decoding times, never falling; where one is missing, the last one and a step."""
    times: list[int] = []
    for packet in packets:
        known = packet.dts_ns if packet.dts_ns is not None else packet.pts_ns
        previous = times[-1] if times else 0
        times.append(max(previous, known) if known is not None and times else (known or previous))
    return times


def _units(packet: SourcePacket, sets: list[bytes]) -> list[bytes]:
    codec = packet.parameters.codec
    units = nal.split(codec, packet.data, packet.parameters.extradata)
    if packet.is_keyframe and not nal.has_sps(codec, units):
        # Who joins in the middle needs them, and cameras repeat them with every key frame.
        return [*sets, *units]
    return units


def _loop_duration_ns(pictures: Sequence[ClipPicture]) -> int:
    times = sorted(picture.pts_ns for picture in pictures)
    steps = sorted(later - earlier for earlier, later in pairwise(times) if later > earlier)
    step_ns = steps[len(steps) // 2] if steps else _DEFAULT_STEP_NS
    return times[-1] - times[0] + step_ns
