"""Our own RTSP client: pictures out of packets, answers out of bytes, and FFmpeg for what it does not speak."""

from __future__ import annotations

import random
import socket
import threading
from itertools import islice
from pathlib import Path

import pytest

from streams import nal
from streams.clock import SystemClock
from streams.container import VideoInput, open_video
from streams.errors import SourceError
from streams.opening import open_camera
from streams.rtsp.authorize import Credentials
from streams.rtsp.conversation import Conversation, parse_head
from streams.rtsp.depacketise import Depacketiser, Picture
from streams.rtsp.description import describe_video
from streams.rtsp.errors import NotOurs, Refused
from streams.rtsp.input import RtspInput, plain_url
from streams.rtsp.order import DecodingOrder
from streams.simulator import SimulatedCamera, Simulator
from streams.simulator.auth import DigestGate
from streams.simulator.rtp import payloads, rtp_header
from streams.source import CameraSource

SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=camera
a=control:*
m=audio 0 RTP/AVP 8
a=control:trackID=1
m=video 0 RTP/AVP 96
a=rtpmap:96 {encoding}/90000
a=fmtp:96 packetization-mode={mode}; sprop-parameter-sets=Z0IAHukCgPY=,aM48gA==
a=control:trackID=2
"""
KEY, OTHER = b"\x65\x88" + bytes(3000), b"\x41\x9a" + bytes(2000)


def packets(units: list[bytes], timestamp: int, sequence: int, codec: str = "h264") -> list[bytes]:
    """One picture as RTP packets."""
    return [
        rtp_header(payload.marker_type, sequence + index, timestamp, 7) + payload.data
        for index, payload in enumerate(payloads(codec, units, 1000))
    ]


def pictures(stream: list[bytes], codec: str = "h264") -> list[Picture]:
    depacketiser = Depacketiser(codec)
    return [picture for packet in stream for picture in depacketiser.feed(packet)]


@pytest.mark.parametrize(
    ("codec", "key", "other"),
    [("h264", KEY, OTHER), ("hevc", b"\x26\x01\x80" + bytes(3000), b"\x02\x01\x80" + bytes(2000))],
)
def test_fragments_become_whole_pictures_again(codec: str, key: bytes, other: bytes) -> None:
    stream = packets([key], 0, 65534, codec) + packets([other], 3600, 65538, codec)

    found = pictures(stream, codec)

    assert [nal.split(codec, picture.data, b"") for picture in found] == [[key.rstrip(b"\0")], [other.rstrip(b"\0")]]
    assert [(picture.is_keyframe, picture.is_corrupt) for picture in found] == [(True, False), (False, False)]


def test_a_missing_packet_hurts_its_picture_and_not_a_key_picture_after_it() -> None:
    first, second, third = packets([OTHER], 0, 0), packets([OTHER], 3600, 3), packets([KEY], 7200, 6)

    hurt_inside = pictures([*first, second[0], second[2], *third])
    hurt_between = pictures([*first[:-1], *third])

    assert [picture.is_corrupt for picture in hurt_inside] == [False, True, False]
    assert [picture.is_corrupt for picture in hurt_between] == [True, False]


def test_a_picture_after_a_lost_one_is_not_trusted() -> None:
    found = pictures(packets([KEY], 0, 0) + packets([OTHER], 7200, 9))

    assert [picture.is_corrupt for picture in found] == [False, True]


def test_without_a_marker_the_next_timestamp_ends_a_picture() -> None:
    unmarked = [bytes([packet[0], packet[1] & 0x7F]) + packet[2:] for packet in packets([KEY], 0, 0)]

    assert len(pictures(unmarked)) == 0
    assert len(pictures([*unmarked, *packets([OTHER], 3600, 4)])) == 2


def test_aggregates_are_taken_apart() -> None:
    inner = b"".join(len(unit).to_bytes(2, "big") + unit for unit in (b"\x67sps", b"\x68pps", b"\x65\x80idr"))

    (picture,) = pictures([rtp_header(0x80 | 96, 0, 0, 7) + b"\x78" + inner])

    assert nal.split("h264", picture.data, b"") == [b"\x67sps", b"\x68pps", b"\x65\x80idr"]
    assert picture.is_keyframe


def test_timestamps_count_on_over_their_wrap() -> None:
    found = pictures(packets([KEY], 2**32 - 1000, 0) + packets([OTHER], 2600, 4))

    assert found[1].timestamp - found[0].timestamp == 3600


def test_headers_with_extension_and_padding_are_passed_over() -> None:
    plain = packets([b"\x65\x88abc"], 0, 0)[0]
    padded = bytes([0xB0]) + plain[1:12] + b"\xbe\xde\x00\x01" + bytes(4) + plain[12:] + b"\x00\x00\x03"

    assert pictures([padded])[0].data == pictures([plain])[0].data


def test_garbage_never_raises() -> None:
    numbers = random.Random(5)
    for codec in ("h264", "hevc"):
        pictures([numbers.randbytes(numbers.randrange(40)) for _ in range(3000)], codec)


def test_decoding_times_rise_and_are_not_after_showing_times() -> None:
    order = DecodingOrder()
    shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]

    decoded = [order.decode_at(at) for at in shown]

    assert decoded[3:] == sorted(decoded[3:])
    assert all(before <= at for before, at in zip(decoded, shown, strict=True))


def test_the_first_video_of_a_description_is_found() -> None:
    video = describe_video(SDP.format(encoding="H264", mode=1), "rtsp://camera/live")

    assert (video.codec, video.clock_hz, video.control_url) == ("h264", 90_000, "rtsp://camera/live/trackID=2")
    assert [unit[0] & 31 for unit in nal.split_annex_b(video.extradata)] == [7, 8]


@pytest.mark.parametrize(("encoding", "mode"), [("JPEG", 1), ("H264", 2), ("MP4V-ES", 0)])
def test_what_is_no_plain_h264_or_h265_is_left_to_ffmpeg(encoding: str, mode: int) -> None:
    with pytest.raises(NotOurs):
        describe_video(SDP.format(encoding=encoding, mode=mode), "rtsp://camera/live")


def test_the_simulator_s_own_gate_takes_the_digest() -> None:
    gate, right, wrong = DigestGate("viewer", "secret"), Credentials("viewer", "secret"), Credentials("viewer", "no")
    for credentials in (right, wrong):
        assert credentials.take_challenge([gate.challenge()])

    assert gate.admits("DESCRIBE", right.answer("DESCRIBE", "rtsp://camera/live"))
    assert not gate.admits("DESCRIBE", wrong.answer("DESCRIBE", "rtsp://camera/live"))
    assert "secret" not in repr(right)


def test_the_worked_digest_of_the_standard() -> None:
    # RFC 2617, 3.5, without its quality of protection.
    credentials = Credentials("Mufasa", "Circle Of Life")
    credentials.take_challenge(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])

    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in (credentials.answer("GET", "/dir/index.html") or "")


def test_basic_is_answered_and_unknown_kinds_are_not() -> None:
    credentials = Credentials("Aladdin", "open sesame")

    assert not credentials.take_challenge(["Negotiate"])
    assert credentials.take_challenge(['Basic realm="camera"'])
    assert credentials.answer("OPTIONS", "*") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_an_address_is_named_without_its_credentials() -> None:
    assert plain_url("rtsp://u:p%40@[::1]:8554/live?a=1#x") == "rtsp://[::1]:8554/live?a=1"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK", b"", b"RTSP/1.0 fine", b"\x00\x01\x02"])
def test_an_answer_that_is_no_rtsp_is_left_to_ffmpeg(head: bytes) -> None:
    with pytest.raises(NotOurs):
        parse_head(head)


def test_video_between_answers_is_kept_and_answers_between_video_passed_over() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        talk = Conversation(ours, None)
        theirs.sendall(b"$\x00\x00\x02v1RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2\r\n\r\nok")

        assert talk.ask("OPTIONS", "*").body == "ok"
        theirs.sendall(b"$\x00\x00\x02v2RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n$\x01\x00\x02r1")
        theirs.shutdown(socket.SHUT_WR)

        assert list(talk.interleaved(lambda: None)) == [(0, b"v1"), (0, b"v2"), (1, b"r1")]


def test_a_refusal_names_status_and_request() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n")
        with pytest.raises(Refused, match="404 to DESCRIBE"):
            Conversation(ours, None).ask("DESCRIBE", "rtsp://camera/none")


def units_of(opened: RtspInput | VideoInput, count: int) -> set[bytes]:
    """The first pictures' own units."""
    first = islice(opened.packets(), count)
    return {nal.to_annex_b(nal.split(packet.parameters.codec, packet.data, b"")) for packet in first}


@pytest.mark.parametrize("name", ["h264", "h264_b", "hevc_b"])
def test_both_clients_read_the_same_pictures(clips: Path, name: str) -> None:
    simulator = Simulator([SimulatedCamera("gate", clips / f"{name}.mp4", "user", "secret")])
    simulator.start()
    source, clock = CameraSource("gate", simulator.url("gate")), SystemClock()
    try:
        own, other = open_camera(source, clock), open_video(source, clock)
        assert isinstance(own, RtspInput)
        rows = [units_of(opened, 12) for opened in (own, other)]
        own.close()
        other.close()
    finally:
        simulator.stop()
    assert len(rows[0] & rows[1]) >= 6


def test_udp_is_ffmpeg_s(clips: Path) -> None:
    simulator = Simulator([SimulatedCamera("gate", clips / "h264.mp4")])
    simulator.start()
    try:
        opened = open_camera(CameraSource("gate", simulator.url("gate"), "udp"), SystemClock())
        assert isinstance(opened, VideoInput)
        opened.close()
    finally:
        simulator.stop()


def test_a_server_that_speaks_something_else_ends_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def speak() -> None:
            for _ in range(3):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(SourceError) as raised:
            open_camera(CameraSource("gate", f"rtsp://127.0.0.1:{port}/x"), SystemClock())
        server.close()
        thread.join(10)
    assert "\n" not in str(raised.value)
