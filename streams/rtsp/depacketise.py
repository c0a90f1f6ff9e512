"""RTP packets (RFC 3550) of H.264 (RFC 6184) and H.265 (RFC 7798) into whole pictures of Annex B units."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from streams import nal

_HEADER = struct.Struct(">BBHI")
_HEADER_BYTES = 12
_VERSION = 2
_STAP_A, _FU_A = 24, 28
_HEVC_AP, _HEVC_FU = 48, 49
_IDR, _SEI, _RECOVERY_POINT = 5, 6, 6
_HEVC_IRAP = range(16, 24)
_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture in decoding order; `timestamp` is RTP's, counted on over its wraps."""

    data: bytes
    timestamp: int
    is_keyframe: bool
    is_corrupt: bool


class Depacketiser:
    """Takes one stream's RTP packets in order of arrival; gives each picture once it is whole.

    A picture ends with the marker, or where the timestamp changes. Packets that are missing by their numbers make the
    picture that they belonged to corrupt, and the next one, unless that is a key picture from its first slice on.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._fragment = _FU_A if codec == "h264" else _HEVC_FU
        self._aggregate = _STAP_A if codec == "h264" else _HEVC_AP
        self._head_bytes = 1 if codec == "h264" else 2
        self._sequence: int | None = None
        self._timestamp: int | None = None
        self._high: int | None = None
        self._parts: list[bytes] = []
        self._kinds: set[int] = set()
        self._size = 0
        self._in_fragment = self._damaged = self._begins = self._recovers = False
        self._after_gap = self._hurt_before = False
        self.packets_lost = 0

    def feed(self, packet: bytes) -> list[Picture]:
        """The pictures that this packet completes: none, one, or two when a marker was missing."""
        if len(packet) <= _HEADER_BYTES or packet[0] >> 6 != _VERSION:
            return []
        first, second, sequence, timestamp = _HEADER.unpack_from(packet)
        begin, end = _HEADER_BYTES, len(packet)
        if first & 0x3F:
            begin, end = _body(packet, first)
            if begin >= end:
                return []
        pictures = []
        self._count(sequence)
        if timestamp != self._timestamp:
            pictures += self._finish()
            self._timestamp = timestamp
        self._take(packet, begin, end)
        if second & 0x80:
            pictures += self._finish()
        return pictures

    def _count(self, sequence: int) -> None:
        expected = sequence if self._sequence is None else (self._sequence + 1) & 0xFFFF
        self._sequence = sequence
        if sequence != expected:
            self.packets_lost += (sequence - expected) & 0xFFFF
            # Of the picture that is being collected the end is missing, of the one that begins here the beginning.
            self._damaged = bool(self._parts)
            self._after_gap, self._in_fragment = True, False

    def _take(self, packet: bytes, begin: int, end: int) -> None:
        kind = self._kind(packet[begin])
        self._size += end - begin
        self._hurt_before, self._after_gap = self._hurt_before or self._after_gap, False
        if self._size > _MOST_BYTES:
            self._damaged = True
        elif kind == self._fragment:
            self._take_fragment(packet, begin, end)
        elif kind == self._aggregate:
            self._take_aggregate(packet, begin + self._head_bytes, end)
        else:
            self._take_unit(packet[begin:end], kind)

    def _kind(self, header: int) -> int:
        return header & 0x1F if self._codec == "h264" else (header >> 1) & 0x3F

    def _take_fragment(self, packet: bytes, begin: int, end: int) -> None:
        place = begin + self._head_bytes
        if place >= end:
            return
        mark = packet[place]
        if mark & 0x80:
            self._in_fragment = True
            kind = mark & (0x1F if self._codec == "h264" else 0x3F)
            self._note(kind, packet, place + 1, end, header_bytes=0)
            self._parts += [nal.START_CODE, self._unit_header(packet, begin, kind), packet[place + 1 : end]]
        elif self._in_fragment:
            self._parts.append(packet[place + 1 : end])
        else:
            self._damaged = True

    def _unit_header(self, packet: bytes, begin: int, kind: int) -> bytes:
        if self._codec == "h264":
            return bytes([packet[begin] & 0xE0 | kind])
        return bytes([packet[begin] & 0x81 | kind << 1, packet[begin + 1]])

    def _take_aggregate(self, packet: bytes, place: int, end: int) -> None:
        while place + 2 < end:
            size = packet[place] << 8 | packet[place + 1]
            unit = packet[place + 2 : min(place + 2 + size, end)]
            if unit:
                self._take_unit(unit, self._kind(unit[0]))
            place += 2 + size

    def _take_unit(self, unit: bytes, kind: int) -> None:
        self._note(kind, unit, 0, len(unit), header_bytes=self._head_bytes)
        self._parts += [nal.START_CODE, unit]

    def _note(self, kind: int, data: bytes, begin: int, end: int, *, header_bytes: int) -> None:
        """What the unit tells of its picture: its kind, and whether the picture's first slice is there."""
        self._kinds.add(kind)
        place = begin + header_bytes
        is_slice = 1 <= kind <= 5 if self._codec == "h264" else kind < 32
        if is_slice and place < end and data[place] & 0x80:
            self._begins = True
        elif self._codec == "h264" and kind == _SEI and place < end and data[place] == _RECOVERY_POINT:
            self._recovers = True

    def _finish(self) -> list[Picture]:
        if not self._parts:
            return []
        is_key = self._is_key() or self._recovers
        # A gap before a key picture that is there from its first slice on hurt only what came before.
        hurt = self._damaged or (self._hurt_before and not (is_key and self._begins))
        picture = Picture(b"".join(self._parts), self._counted(), is_key, hurt)
        self._parts, self._kinds, self._size = [], set(), 0
        self._in_fragment = self._begins = self._recovers = self._damaged = self._hurt_before = False
        return [picture]

    def _is_key(self) -> bool:
        return _IDR in self._kinds if self._codec == "h264" else any(kind in _HEVC_IRAP for kind in self._kinds)

    def _counted(self) -> int:
        """The timestamp without its wraps: the value nearest to the highest so far."""
        assert self._timestamp is not None  # noqa: S101 - a picture has one
        if self._high is None:
            self._high = self._timestamp
            return self._high
        delta = (self._timestamp - self._high + 0x80000000) % 0x100000000 - 0x80000000
        counted = self._high + delta
        self._high = max(self._high, counted)
        return counted


def _body(packet: bytes, first: int) -> tuple[int, int]:
    """Where the payload begins and ends behind contributing sources and an extension, and before padding."""
    begin, end = _HEADER_BYTES + 4 * (first & 0x0F), len(packet)
    if first & 0x10 and begin + 4 <= end:
        begin += 4 + 4 * (packet[begin + 2] << 8 | packet[begin + 3])
    if first & 0x20:
        end -= packet[-1]
    return begin, end
