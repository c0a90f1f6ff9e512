"""RTP payloads put together again are the pictures that went in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator import rtp

H264_UNITS = st.lists(st.binary(min_size=2, max_size=4_000).map(lambda data: b"\x65" + data), min_size=1, max_size=4)
HEVC_UNITS = st.lists(
    st.binary(min_size=2, max_size=4_000).map(lambda data: b"\x26\x01" + data), min_size=1, max_size=4
)


def reassembled(codec: str, payloads: list[rtp.Payload]) -> list[bytes]:
    """A receiver after RFC 6184 and RFC 7798, single units and fragments."""
    units: list[bytes] = []
    for payload in payloads:
        data = payload.data
        kind = data[0] & 0x1F if codec == "h264" else (data[0] >> 1) & 0x3F
        if kind != (28 if codec == "h264" else 49):
            units.append(data)
            continue
        size = 1 if codec == "h264" else 2
        fragment = data[size]
        if fragment & 0x80:
            inner = fragment & 0x3F
            header = (
                bytes([data[0] & 0xE0 | inner]) if codec == "h264" else bytes([data[0] & 0x81 | inner << 1, data[1]])
            )
            units.append(header)
        units[-1] += data[size + 1 :]
    return units


@given(H264_UNITS, st.integers(100, 1_400))
def test_h264_units_survive(units: list[bytes], limit: int) -> None:
    cut = rtp.payloads("h264", units, limit)
    assert reassembled("h264", cut) == units
    assert max(len(payload.data) for payload in cut) <= limit
    assert [payload.marker_type >> 7 for payload in cut] == [0] * (len(cut) - 1) + [1]


@given(HEVC_UNITS, st.integers(100, 1_400))
def test_h265_units_survive(units: list[bytes], limit: int) -> None:
    cut = rtp.payloads("hevc", units, limit)
    assert reassembled("hevc", cut) == units
    assert max(len(payload.data) for payload in cut) <= limit


def test_headers_wrap_around() -> None:
    version, kind, sequence, timestamp, ssrc = struct.unpack(">BBHII", rtp.rtp_header(96, 65_536 + 5, 2**32 + 7, 9))
    assert (version, kind, sequence, timestamp, ssrc) == (0x80, 96, 5, 7, 9)
    payload = rtp.Payload(b"abc", 96 | 0x80)
    assert rtp.interleaved_header(2, payload, 1, 2, 3)[:4] == b"$\x02\x00\x0f"


@pytest.mark.parametrize("wall_ns", [1_700_000_000_500_000_000])
def test_a_sender_report_carries_ntp_time(wall_ns: int) -> None:
    report = rtp.sender_report(9, wall_ns, 1234, 5, 6)
    _, kind, words, ssrc, seconds, fraction, timestamp, packets, octets = struct.unpack(">BBHIIIIII", report[:28])
    assert (kind, words, ssrc, timestamp, packets, octets) == (200, 6, 9, 1234, 5, 6)
    assert seconds - 2_208_988_800 == 1_700_000_000
    assert abs(fraction / 2**32 - 0.5) < 1e-6
    assert len(report) % 4 == 0
