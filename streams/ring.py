"""The packet ring: the last seconds of a camera in its own compressed bytes, whole GOPs, bounded in time and memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace

from streams.packet import EncodedPacket, RecordedSpan, StreamParameters
from streams.timeline import SECOND_NS

MEBIBYTE = 1 << 20
# What a packet costs beside its payload: the objects and the list entry.
_PACKET_OVERHEAD_BYTES = 400


@dataclass(slots=True)
class _Gop:
    parameters: StreamParameters
    packets: list[EncodedPacket] = field(default_factory=list)
    cost_bytes: int = 0

    def add(self, packet: EncodedPacket) -> None:
        self.packets.append(packet)
        self.cost_bytes += len(packet.data) + _PACKET_OVERHEAD_BYTES

    @property
    def start_pts_ns(self) -> int:
        return self.packets[0].pts_ns


class PacketRing:
    """Packets of one camera, oldest GOP dropped first; every method may be called from any thread.

    Keeps at least `max_seconds` of the timeline as long as that fits into `max_bytes` (payload and bookkeeping). A
    single GOP that outgrows `max_bytes` is dropped whole, since nothing of it decodes without its head; the ring fills
    again from the next key frame.
    """

    def __init__(self, camera_id: str, max_seconds: float = 60.0, max_bytes: int = 64 * MEBIBYTE) -> None:
        if max_seconds <= 0 or max_bytes <= 0:
            raise ValueError(
                f"PacketRing: max_seconds and max_bytes must be positive, got {max_seconds} and {max_bytes}"
            )
        self.camera_id = camera_id
        self._max_ns = round(max_seconds * SECOND_NS)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._gops: deque[_Gop] = deque()
        self._cost_bytes = 0
        self._latest_pts_ns: int | None = None

    def append(self, parameters: StreamParameters, packet: EncodedPacket) -> bool:
        """Add the next packet in decoding order; False when it was left out because no key frame precedes it."""
        with self._lock:
            if packet.is_keyframe:
                self._gops.append(_Gop(parameters))
            elif not self._gops or self._gops[-1].parameters != parameters:
                return False
            gop = self._gops[-1]
            before = gop.cost_bytes
            gop.add(packet)
            self._cost_bytes += gop.cost_bytes - before
            latest = self._latest_pts_ns
            self._latest_pts_ns = packet.pts_ns if latest is None else max(latest, packet.pts_ns)
            self._evict()
            return bool(self._gops)

    def span(self, start_pts_ns: int, end_pts_ns: int) -> RecordedSpan | None:
        """The packets from the key frame at or before `start` (or the oldest one) to `end`, in decoding order.

        Ends with the last packet in decoding order that is shown at or before `end`. Decoding times rise strictly and
        never exceed the presentation times, so the span can be written to MP4 as it is. When the stream's parameters
        changed on the way, the newest stretch of one set is given. None when nothing of it is kept.
        """
        gops = self._snapshot()
        first = _last_index(gops, start_pts_ns)
        packets, parameters = _newest_stretch([gop for gop in gops[max(first, 0) :] if gop.start_pts_ns <= end_pts_ns])
        return self._recorded(parameters, _until(packets, end_pts_ns))

    def gop_at(self, pts_ns: int) -> RecordedSpan | None:
        """What is needed to decode the picture shown at `pts_ns` and nothing after it; None when it is not kept."""
        gops = self._snapshot()
        index = _last_index(gops, pts_ns)
        if index < 0:
            return None
        # A picture shown before its own key frame (open GOP) is in the next GOP and refers to this one.
        leading = _leading_packets(gops, index, pts_ns)
        packets = gops[index].packets + leading if leading else _until(gops[index].packets, pts_ns)
        return self._recorded(gops[index].parameters, packets)

    def newest_gop(self) -> tuple[EncodedPacket, ...]:
        """The packets since the last key frame, that one first; empty when it is not kept."""
        with self._lock:
            return tuple(self._gops[-1].packets) if self._gops else ()

    @property
    def latest_pts_ns(self) -> int | None:
        """The greatest presentation time appended so far; None before the first packet."""
        with self._lock:
            return self._latest_pts_ns

    @property
    def oldest_pts_ns(self) -> int | None:
        """The presentation time of the oldest key frame kept; None when empty."""
        with self._lock:
            return self._gops[0].start_pts_ns if self._gops else None

    @property
    def size_bytes(self) -> int:
        """Memory held: payload and an estimate of the bookkeeping."""
        with self._lock:
            return self._cost_bytes

    def clear(self) -> None:
        """Forget every packet."""
        with self._lock:
            self._gops.clear()
            self._cost_bytes = 0
            self._latest_pts_ns = None

    def _snapshot(self) -> list[_Gop]:
        # Only the newest GOP still grows, and lists of it are copied here; the others never change.
        with self._lock:
            gops = list(self._gops)
            if gops:
                gops[-1] = _Gop(gops[-1].parameters, list(gops[-1].packets))
            return gops

    def _evict(self) -> None:
        latest = self._latest_pts_ns or 0
        while len(self._gops) > 1 and (
            self._cost_bytes > self._max_bytes or latest - self._gops[1].start_pts_ns >= self._max_ns
        ):
            self._cost_bytes -= self._gops.popleft().cost_bytes
        if self._cost_bytes > self._max_bytes:
            self._gops.clear()
            self._cost_bytes = 0

    def _recorded(self, parameters: StreamParameters | None, packets: list[EncodedPacket]) -> RecordedSpan | None:
        if parameters is None or not packets:
            return None
        return RecordedSpan(self.camera_id, parameters, tuple(with_muxable_dts(packets)))


def with_muxable_dts(packets: list[EncodedPacket]) -> list[EncodedPacket]:
    """The packets with decoding times that rise strictly and never exceed the presentation times.

    Live sources often give none. The times are then the sorted presentation times, moved back by the depth of the
    reordering, which is what an encoder would have written.
    """
    if _dts_muxable(packets):
        return packets
    order = _strictly_rising(sorted(packet.pts_ns for packet in packets))
    late_ns = max(dts - packet.pts_ns for dts, packet in zip(order, packets, strict=True))
    shift_ns = max(0, late_ns)
    return [replace(packet, dts_ns=dts - shift_ns) for dts, packet in zip(order, packets, strict=True)]


def _dts_muxable(packets: list[EncodedPacket]) -> bool:
    previous = None
    for packet in packets:
        if packet.dts_ns > packet.pts_ns or (previous is not None and packet.dts_ns <= previous):
            return False
        previous = packet.dts_ns
    return True


def _strictly_rising(times: list[int]) -> list[int]:
    rising: list[int] = []
    for time_ns in times:
        rising.append(max(time_ns, rising[-1] + 1) if rising else time_ns)
    return rising


def _last_index(gops: list[_Gop], pts_ns: int) -> int:
    """Index of the last GOP whose key frame is shown at or before `pts_ns`; -1 for none."""
    return max((index for index, gop in enumerate(gops) if gop.start_pts_ns <= pts_ns), default=-1)


def _newest_stretch(gops: list[_Gop]) -> tuple[list[EncodedPacket], StreamParameters | None]:
    if not gops:
        return [], None
    parameters = gops[-1].parameters
    stretch: list[_Gop] = []
    for gop in reversed(gops):
        if gop.parameters != parameters:
            break
        stretch.append(gop)
    return [packet for gop in reversed(stretch) for packet in gop.packets], parameters


def _until(packets: list[EncodedPacket], end_pts_ns: int) -> list[EncodedPacket]:
    count = max((index for index, packet in enumerate(packets, 1) if packet.pts_ns <= end_pts_ns), default=0)
    return packets[:count]


def _leading_packets(gops: list[_Gop], index: int, pts_ns: int) -> list[EncodedPacket]:
    """The head of the following GOP, when the picture shown at `pts_ns` is one of its leading pictures."""
    if index + 1 >= len(gops) or gops[index + 1].parameters != gops[index].parameters:
        return []
    following = gops[index + 1].packets
    head = _until(following, pts_ns)
    own = max(packet.pts_ns for packet in gops[index].packets if packet.pts_ns <= pts_ns)
    return head if head and max(packet.pts_ns for packet in head if packet.pts_ns <= pts_ns) > own else []
