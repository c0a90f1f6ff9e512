"""Whole pictures with timestamps out of what FFmpeg's RTSP client delivers, which now and then is neither.

Two of its habits are mended here. A server that repeats the parameter sets before every slice (GStreamer's payloader
with `config-interval`) makes FFmpeg's parser cut one picture into several packets, each of which decodes to half a
picture. And the very first picture of a connection comes without a timestamp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from streams import nal
from streams.container import SourcePacket
from streams.errors import SourceError

# So many key pictures in one piece, and the rest are taken to come in one piece too, and are no longer held back.
_KEYS_TO_TRUST = 5
# With up to this many pictures after it the first one's place is known, reordering included.
_PICTURES_TO_LOOK_AHEAD = 3


def mended(packets: Iterable[SourcePacket]) -> Iterator[SourcePacket]:
    """The packets of one connection as whole pictures, the first of them with a timestamp."""
    return with_first_timestamp(whole_pictures(packets))


def whole_pictures(packets: Iterable[SourcePacket]) -> Iterator[SourcePacket]:
    """Joins the pieces of pictures that were cut at repeated parameter sets.

    A piece is known by its first slice, which is not the picture's first. A key picture is held back until the next
    packet comes, for the first few key pictures, and for good once pieces were seen.
    """
    joiner = _Joiner()
    yield from _through(packets, joiner.take, joiner.rest)


def with_first_timestamp(packets: Iterable[SourcePacket]) -> Iterator[SourcePacket]:
    """Gives a first picture without timestamp the place before the earliest of the next ones."""
    stamper = _Stamper()
    yield from _through(packets, stamper.take, stamper.rest)


def _through(
    packets: Iterable[SourcePacket],
    take: Callable[[SourcePacket], list[SourcePacket]],
    rest: Callable[[], list[SourcePacket]],
) -> Iterator[SourcePacket]:
    """Every packet through `take`, and what is still held back at the end, also when that is an error."""
    try:
        for packet in packets:
            yield from take(packet)
    except SourceError:
        yield from rest()
        raise
    yield from rest()


class _Joiner:
    def __init__(self) -> None:
        self._held: SourcePacket | None = None
        self._whole_keys = 0
        self._saw_pieces = False

    def take(self, packet: SourcePacket) -> list[SourcePacket]:
        if self._held is not None and _continues(packet):
            self._held, self._saw_pieces = _joined(self._held, packet), True
            return []
        ready = self.rest()
        self._whole_keys += len(ready)
        if self._may_be_cut(packet):
            self._held = packet
            return ready
        return [*ready, packet]

    def rest(self) -> list[SourcePacket]:
        held, self._held = self._held, None
        return [] if held is None else [held]

    def _may_be_cut(self, packet: SourcePacket) -> bool:
        if not packet.is_keyframe or not nal.carries_nal_units(packet.parameters.codec):
            return False
        return self._saw_pieces or self._whole_keys < _KEYS_TO_TRUST


class _Stamper:
    def __init__(self) -> None:
        self._waiting: list[SourcePacket] = []
        self._started = False

    def take(self, packet: SourcePacket) -> list[SourcePacket]:
        if self._started:
            return [packet]
        self._waiting.append(packet)
        if self._waiting[0].pts_ns is None and len(self._waiting) <= _PICTURES_TO_LOOK_AHEAD:
            return []
        return self.rest()

    def rest(self) -> list[SourcePacket]:
        waiting, self._waiting, self._started = self._waiting, [], True
        return _stamped(waiting) if waiting else []


def _stamped(packets: list[SourcePacket]) -> list[SourcePacket]:
    times = sorted(packet.pts_ns for packet in packets if packet.pts_ns is not None)
    if not times or packets[0].pts_ns is not None:
        return packets
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    first = replace(packets[0], pts_ns=times[0] - min(steps, default=packets[0].duration_ns))
    return [first, *packets[1:]]


def _continues(packet: SourcePacket) -> bool:
    """Whether the packet's first slice is not the first of its picture."""
    codec = packet.parameters.codec
    if not nal.carries_nal_units(codec):
        return False
    units = nal.iterate(codec, packet.data, packet.parameters.extradata)
    slices = (unit for unit in units if nal.is_slice(codec, unit))
    first = next(slices, None)
    return first is not None and not nal.begins_picture(codec, first)


def _joined(head: SourcePacket, piece: SourcePacket) -> SourcePacket:
    """One picture of two pieces; the repeated parameter sets are left out."""
    codec = head.parameters.codec
    units = nal.split(codec, piece.data, b"")
    slices = [unit for unit in units if nal.parameter_set_rank(codec, unit) is None]
    return replace(
        head,
        pts_ns=piece.pts_ns if head.pts_ns is None else head.pts_ns,
        dts_ns=piece.dts_ns if head.dts_ns is None else head.dts_ns,
        is_corrupt=head.is_corrupt or piece.is_corrupt,
        data=head.data + nal.to_annex_b(slices),
        sender_wall_ns=piece.sender_wall_ns if head.sender_wall_ns is None else head.sender_wall_ns,
    )
