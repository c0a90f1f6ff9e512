"""Whole pictures with timestamps out of what FFmpeg's RTSP client delivers, which now and then is neither.

Two of its habits are mended here. A server that repeats the parameter sets before every slice (GStreamer's payloader
with `config-interval`) makes FFmpeg's parser cut one picture into several packets, each of which decodes to half a
picture. And the very first picture of a connection comes without a timestamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from streams import nal
from streams.container import SourcePacket

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
    held: SourcePacket | None = None
    whole_keys = 0
    for packet in packets:
        if held is not None and _continues(packet):
            held, whole_keys = _joined(held, packet), -1
            continue
        if held is not None:
            whole_keys += whole_keys >= 0
            yield held
        held = packet if packet.is_keyframe and whole_keys < _KEYS_TO_TRUST else None
        if held is None:
            yield packet
    if held is not None:
        yield held


def with_first_timestamp(packets: Iterable[SourcePacket]) -> Iterator[SourcePacket]:
    """Gives a first picture without timestamp the place before the earliest of the next ones."""
    waiting: list[SourcePacket] = []
    started = False
    for packet in packets:
        if started:
            yield packet
            continue
        waiting.append(packet)
        if waiting[0].pts_ns is not None or len(waiting) > _PICTURES_TO_LOOK_AHEAD:
            started = True
            yield from _stamped(waiting)
    if not started:
        yield from _stamped(waiting)


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
