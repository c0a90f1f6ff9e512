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


@dataclass(frozen=True, slots=True, order=True)
class RingPlace:
    """A packet's place in decoding order: which group of pictures since the beginning, and which packet of it."""

    gop: int
    index: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets of one group of pictures in decoding order, for a decoder that goes on from where it was.

    `place` is that of the first packet, `following` that of the packet after the last. `joined`: the group before was
    recorded to its end, so pictures shown before this key frame can be decoded by who decoded that one.
    """

    parameters: StreamParameters
    packets: tuple[EncodedPacket, ...]
    place: RingPlace
    following: RingPlace
    joined: bool


@dataclass(slots=True)
class _Gop:
    parameters: StreamParameters
    number: int = 0
    joined: bool = False
    packets: list[EncodedPacket] = field(default_factory=list)
    cost_bytes: int = 0
    # So many packets were dropped from its front: nothing of it decodes without the pictures that a reader has had.
    dropped: int = 0

    def add(self, packet: EncodedPacket) -> int:
        cost_bytes = len(packet.data) + _PACKET_OVERHEAD_BYTES
        self.packets.append(packet)
        self.cost_bytes += cost_bytes
        return cost_bytes

    def behead(self) -> int:
        """Drop the older part; the bytes freed."""
        count = max(1, len(self.packets) // 4)
        freed = sum(len(packet.data) + _PACKET_OVERHEAD_BYTES for packet in self.packets[:count])
        del self.packets[:count]
        self.dropped += count
        self.cost_bytes -= freed
        return freed

    @property
    def start_pts_ns(self) -> int:
        return self.packets[0].pts_ns


class PacketRing:
    """Packets of one camera, oldest GOP dropped first; every method may be called from any thread.

    Keeps at least `max_seconds` of the timeline as long as that fits into `max_bytes` (payload and bookkeeping). Of a
    single GOP that outgrows `max_bytes` the newest part is kept for a reader that has decoded what came before
    (`after`); nobody else is given any of it, since it does not decode without its head.
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
        self._begun = 0
        self._broken = True

    def append(self, parameters: StreamParameters, packet: EncodedPacket) -> bool:
        """Add the next packet in decoding order; False when it was left out because no key frame precedes it."""
        with self._lock:
            if packet.is_keyframe:
                self._begin_gop(parameters)
            elif not self._gops or self._broken or self._gops[-1].parameters != parameters:
                return False
            gop = self._gops[-1]
            self._cost_bytes += gop.add(packet)
            latest = self._latest_pts_ns
            self._latest_pts_ns = packet.pts_ns if latest is None else max(latest, packet.pts_ns)
            self._evict()
            return not self._gops[-1].dropped

    def interrupt(self) -> None:
        """Something is missing after the last packet: until the next key frame nothing more is taken."""
        with self._lock:
            self._broken = True

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
            return tuple(self._gops[-1].packets) if self._gops and not self._gops[-1].dropped else ()

    def newest_key(self) -> tuple[StreamParameters, EncodedPacket] | None:
        """The newest key frame; None when it is not kept."""
        with self._lock:
            gop = self._gops[-1] if self._gops else None
            return (gop.parameters, gop.packets[0]) if gop is not None and not gop.dropped else None

    def keys_after(self, pts_ns: int) -> list[tuple[StreamParameters, EncodedPacket]]:
        """The kept key frames shown after that moment, oldest first."""
        with self._lock:
            whole = [gop for gop in self._gops if not gop.dropped]
        return [(gop.parameters, gop.packets[0]) for gop in whole if gop.start_pts_ns > pts_ns]

    def place_of_key(self, pts_ns: int) -> RingPlace | None:
        """The place of the last key frame shown at or before the moment, else of the oldest; None when none is kept."""
        with self._lock:
            whole = [gop for gop in self._gops if not gop.dropped]
        if not whole:
            return None
        return RingPlace(whole[max(_last_index(whole, pts_ns), 0)].number, 0)

    def after(self, place: RingPlace, most: int) -> Stretch | None:
        """Up to `most` packets of one GOP from `place` on; None when there are none yet.

        When the packet at `place` is no longer kept, from the oldest key frame after it.
        """
        with self._lock:
            gop = self._gop_for(place)
            if gop is None:
                return None
            first = place.index if gop.number == place.gop else 0
            packets = tuple(gop.packets[first - gop.dropped : first - gop.dropped + most])
        begin = RingPlace(gop.number, first)
        return Stretch(gop.parameters, packets, begin, RingPlace(gop.number, first + len(packets)), gop.joined)

    def holds(self, place: RingPlace) -> bool:
        """Whether a decoder that has had everything before `place` can go on now or later."""
        with self._lock:
            newest = self._gops[-1] if self._gops else None
            if newest is None or not newest.dropped:
                return newest is not None
            return place.gop == newest.number and place.index >= newest.dropped

    @property
    def latest_pts_ns(self) -> int | None:
        """The greatest presentation time appended so far; None before the first packet."""
        with self._lock:
            return self._latest_pts_ns

    @property
    def oldest_pts_ns(self) -> int | None:
        """The presentation time of the oldest key frame kept; None when there is none."""
        with self._lock:
            return next((gop.start_pts_ns for gop in self._gops if not gop.dropped), None)

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
            self._broken = True

    def _begin_gop(self, parameters: StreamParameters) -> None:
        joined = not self._broken and bool(self._gops) and self._gops[-1].parameters == parameters
        self._gops.append(_Gop(parameters, self._begun, joined))
        self._begun += 1
        self._broken = False

    def _gop_for(self, place: RingPlace) -> _Gop | None:
        """The first GOP at or after the place of which a reader at that place can take a packet."""
        for gop in self._gops:
            if gop.number == place.gop and gop.dropped <= place.index < gop.dropped + len(gop.packets):
                return gop
            if gop.number > place.gop and not gop.dropped:
                return gop
        return None

    def _snapshot(self) -> list[_Gop]:
        # Only the newest GOP still grows, and lists of it are copied here; the others never change.
        with self._lock:
            gops = [gop for gop in self._gops if not gop.dropped]
            if gops:
                newest = gops[-1]
                gops[-1] = _Gop(newest.parameters, newest.number, newest.joined, list(newest.packets))
            return gops

    def _evict(self) -> None:
        latest = self._latest_pts_ns or 0
        while len(self._gops) > 1 and (
            self._cost_bytes > self._max_bytes or latest - self._gops[1].start_pts_ns >= self._max_ns
        ):
            self._cost_bytes -= self._gops.popleft().cost_bytes
        while self._cost_bytes > self._max_bytes and self._gops[-1].packets:
            self._cost_bytes -= self._gops[-1].behead()

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
