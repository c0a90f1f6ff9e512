"""RTSP requests are read from any pieces of a byte stream; what is no RTSP is refused within bounds."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.auth import REALM, DigestGate
from streams.simulator.rtsp import RequestReader, RtspError, Transport, parse_transport, response

REQUEST = b"DESCRIBE rtsp://cam/a%20b/ RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: test\r\nContent-Length: 3\r\n\r\nabc"
RECEIVER_REPORT = b"$\x01\x00\x04\x81\xc9\x00\x07"


@given(st.lists(st.integers(1, 40), max_size=20))
def test_requests_come_out_whole_however_they_were_cut(sizes: list[int]) -> None:
    stream = (REQUEST + RECEIVER_REPORT + b"\r\n") * 3
    reader, found = RequestReader(), []
    for size in [*sizes, len(stream)]:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert [(request.method, request.path, request.headers["cseq"]) for request in found] == [
        ("DESCRIBE", "a b", "2")
    ] * 3


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01 hello\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nContent-Length: much\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        b"O" * 20_000,
    ],
)
def test_what_is_no_rtsp_is_refused(data: bytes) -> None:
    with pytest.raises(RtspError):
        RequestReader().feed(data)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_that(data: bytes) -> None:
    with contextlib.suppress(RtspError):
        RequestReader().feed(data)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", Transport(channels=(2, 3))),
        ("RTP/AVP/TCP;unicast", Transport(channels=(0, 1))),
        ("RTP/AVP;unicast;client_port=5000-5001", Transport(client_ports=(5000, 5001))),
        ("RTP/AVP;multicast,RTP/AVP/UDP;unicast;client_port=5000", Transport(client_ports=(5000, 5001))),
        ("RTP/AVP;multicast", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP;unicast;client_port=99999-100000", None),
        ("RAW/RAW/UDP;unicast", None),
        ("", None),
    ],
)
def test_the_first_offer_that_can_be_served_is_taken(header: str, expected: Transport | None) -> None:
    assert parse_transport(header) == expected


def test_a_response_states_the_length_of_its_body() -> None:
    text = response(200, "7", {"Session": "x"}, "v=0\r\n").decode()
    assert text.startswith("RTSP/1.0 200 OK\r\nCSeq: 7\r\n")
    assert text.endswith("Content-Length: 5\r\n\r\nv=0\r\n")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _proof(nonce: str, password: str, method: str = "PLAY", user: str = "user") -> str:
    secret, request = _md5(f"{user}:{REALM}:{password}"), _md5(f"{method}:rtsp://cam/a")
    answer = _md5(f"{secret}:{nonce}:{request}")
    return f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="rtsp://cam/a", response="{answer}"'


def test_digest_admits_the_password_and_nothing_else() -> None:
    gate = DigestGate("user", "geheim")
    assert gate.admits("PLAY", _proof(gate.nonce, "geheim"))
    assert not gate.admits("PLAY", _proof(gate.nonce, "other"))
    assert not gate.admits("SETUP", _proof(gate.nonce, "geheim"))
    assert not gate.admits("PLAY", _proof(gate.nonce, "geheim", user="other"))
    assert not gate.admits("PLAY", _proof(DigestGate("user", "geheim").nonce, "geheim"))
    assert not gate.admits("PLAY", "Basic dXNlcjpnZWhlaW0=")
    assert not gate.admits("PLAY", None)
    assert not gate.admits("PLAY", "Digest")
