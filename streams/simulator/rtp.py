"""RTP (RFC 3550) for H.264 (RFC 6184) and H.265 (RFC 7798): payloads cut once, headers made per client."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CLOCK_HZ = 90_000
PAYLOAD_TYPE = 96
HEADER_BYTES = 12
# Seconds from 1900 (NTP) to 1970 (Unix).
_NTP_OFFSET_S = 2_208_988_800
_SENDER_REPORT_TYPE = 200
_SOURCE_DESCRIPTION_TYPE = 202
_FU_A = 28
_HEVC_FU = 49
_RTP = struct.Struct(">BBHII")
_INTERLEAVED_RTP = struct.Struct(">BBHBBHII")


@dataclass(frozen=True, slots=True)
class Payload:
    """What follows the RTP header; `marker_type` is the header's second byte: the marker on a picture's last packet.

    `unit` tells which of the picture's NAL units it is, or is a piece of.
    """

    data: bytes
    marker_type: int
    unit: int = 0


def payloads(codec: str, units: list[bytes], limit_bytes: int) -> list[Payload]:
    """The NAL units of one picture cut into RTP payloads of at most `limit_bytes`, the last of them marked."""
    cut = [(piece, number) for number, unit in enumerate(units) for piece in _pieces(codec, unit, limit_bytes)]
    last = len(cut) - 1
    return [
        Payload(piece, PAYLOAD_TYPE | (0x80 if index == last else 0), number)
        for index, (piece, number) in enumerate(cut)
    ]


def rtp_header(marker_type: int, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """The 12 bytes before a payload; `sequence` and `timestamp` wrap."""
    return _RTP.pack(0x80, marker_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)


def interleaved_header(channel: int, payload: Payload, sequence: int, timestamp: int, ssrc: int) -> bytes:
    """The same behind RTSP's `$`, channel and length (RFC 2326, 10.12)."""
    return _INTERLEAVED_RTP.pack(
        0x24,
        channel,
        HEADER_BYTES + len(payload.data),
        0x80,
        payload.marker_type,
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        ssrc,
    )


def sender_report(ssrc: int, wall_ns: int, timestamp: int, packets: int, octets: int) -> bytes:
    """RTCP sender report and a CNAME: at `wall_ns` (UTC) the RTP clock showed `timestamp`."""
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        _SENDER_REPORT_TYPE,
        6,
        ssrc,
        (seconds + _NTP_OFFSET_S) & 0xFFFFFFFF,
        (rest_ns << 32) // 1_000_000_000,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    return report + _cname(ssrc, b"streetwarden")


def interleaved(channel: int, data: bytes) -> bytes:
    """One RTCP packet in the RTSP connection."""
    return struct.pack(">BBH", 0x24, channel, len(data)) + data


def _cname(ssrc: int, name: bytes) -> bytes:
    item = struct.pack(">IBB", ssrc, 1, len(name)) + name
    # The list of items ends with a zero and is filled up to whole words.
    item += bytes(4 - len(item) % 4)
    return struct.pack(">BBH", 0x81, _SOURCE_DESCRIPTION_TYPE, len(item) // 4) + item


def _pieces(codec: str, unit: bytes, limit_bytes: int) -> Iterator[bytes]:
    if len(unit) <= limit_bytes:
        yield unit
        return
    header, kind, body = _fragment_header(codec, unit)
    room = limit_bytes - len(header) - 1
    for begin in range(0, len(body), room):
        start = 0x80 if begin == 0 else 0
        end = 0x40 if begin + room >= len(body) else 0
        yield header + bytes([start | end | kind]) + body[begin : begin + room]


def _fragment_header(codec: str, unit: bytes) -> tuple[bytes, int, bytes]:
    """The indicator of a fragmentation unit, the fragmented unit's type, and its bytes after the header."""
    if codec == "h264":
        return bytes([unit[0] & 0xE0 | _FU_A]), unit[0] & 0x1F, unit[1:]
    return bytes([unit[0] & 0x81 | _HEVC_FU << 1, unit[1]]), (unit[0] >> 1) & 0x3F, unit[2:]
