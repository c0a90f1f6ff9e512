"""Finding cameras and asking them for their streams: who answers is believed only about itself."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from streetwarden.device_streams import device_streams
from streetwarden.find_cameras import find_cameras, read_answer

SCOPES = (
    "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/IPC%20North "
    "onvif://www.onvif.org/hardware/X-200 onvif://www.onvif.org/location/city/Hangzhou"
)


def match(addresses: str, scopes: str = SCOPES) -> bytes:
    space = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    inner = f"<d:XAddrs>{addresses}</d:XAddrs><d:Scopes>{scopes}</d:Scopes>"
    return f'<e><d:ProbeMatches xmlns:d="{space}"><d:ProbeMatch>{inner}</d:ProbeMatch></d:ProbeMatches></e>'.encode()


@contextmanager
def answering(data: bytes) -> Iterator[tuple[str, int]]:
    """A device at loopback that answers one question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.1", 0))
        device.settimeout(10)

        def answer() -> None:
            question, asker = device.recvfrom(65_535)
            assert b"NetworkVideoTransmitter" in question
            device.sendto(b"no XML at all", asker)
            device.sendto(data, asker)
            device.sendto(data, asker)

        thread = threading.Thread(target=answer)
        thread.start()
        yield device.getsockname()
        thread.join()


def test_a_device_that_answers_is_found_once_with_its_name() -> None:
    url = "http://127.0.0.1/onvif/device_service"
    with answering(match(f"http://10.9.9.9/onvif {url}")) as group:
        (found,) = find_cameras(group, seconds=0.5)
    assert (found.host, found.onvif_url) == ("127.0.0.1", url)
    assert (found.name, found.hardware, found.location) == ("IPC North", "X-200", "city/Hangzhou")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<e/>",
        match("http://10.0.0.1/onvif"),
        match("file:///etc/passwd ftp://10.0.0.2/x"),
        match("http://user:pass@10.0.0.2/onvif"),
        match("http://[10.0.0.2/onvif"),
        b"<!DOCTYPE e [<!ENTITY x 'y'>]>" + match("http://10.0.0.2/onvif"),
    ],
    ids=["nothing", "no match", "another host", "no web address", "a user", "no address", "a document type"],
)
def test_what_leads_elsewhere_is_no_device(data: bytes) -> None:
    assert read_answer(data, "10.0.0.2") == []


USER, PASSWORD = "viewer", "geheim"
SCHEMA = 'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
PROFILE = (
    '<trt:Profiles token="p1"><tt:Name>main</tt:Name><tt:VideoEncoderConfiguration><tt:Encoding>H264</tt:Encoding>'
    "<tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution><tt:RateControl>"
    "<tt:FrameRateLimit>25</tt:FrameRateLimit></tt:RateControl></tt:VideoEncoderConfiguration></trt:Profiles>"
)
ANSWERS = {
    # Behind a router a device believes to have another address.
    "GetCapabilities": "<tt:Media><tt:XAddr>http://192.168.0.9/onvif/media</tt:XAddr></tt:Media>",
    "GetProfiles": PROFILE,
    "GetStreamUri": "<tt:Uri>rtsp://admin:other@127.0.0.1:554/main?x=1</tt:Uri>",
}


def _clock() -> str:
    now = datetime.now(UTC)
    day = f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
    hour = f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
    return f"<tt:UTCDateTime><tt:Time>{hour}</tt:Time>{day}</tt:UTCDateTime>"


def _is_user(request: str) -> bool:
    names = ("Username", "Nonce", "Created", "Password")
    parts = [re.search(rf"<{name}(?: [^>]*)?>([^<]*)<", request) for name in names]
    if not all(parts):
        return False
    user, nonce, created, proof = (part.group(1) for part in parts if part)
    digest = hashlib.sha1(base64.b64decode(nonce) + created.encode() + PASSWORD.encode()).digest()  # noqa: S324
    return user == USER and proof == base64.b64encode(digest).decode()


class _Device(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = next((name for name in ANSWERS if f"<{name} " in request), "")
        if "GetSystemDateAndTime" in request:
            self._say(200, _clock())
        elif not _is_user(request):
            self._say(400, "<Fault><Subcode>ter:NotAuthorized</Subcode></Fault>")
        else:
            self._say(200, ANSWERS[name])

    def _say(self, status: int, body: str) -> None:
        data = f"<Envelope {SCHEMA}>{body}</Envelope>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """A test is quiet."""


@pytest.fixture
def device() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Device) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/onvif/device_service"
        server.shutdown()
        thread.join()


def test_a_device_tells_its_streams_without_credentials(device: str) -> None:
    answer = device_streams(device, USER, PASSWORD)
    assert answer["ok"], answer
    (stream,) = answer["items"]
    assert stream["url"] == "rtsp://127.0.0.1:554/main?x=1"
    assert (stream["name"], stream["codec"], stream["width"], stream["fps"]) == ("main", "H264", 1920, 25)


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("", "")])
def test_a_device_that_refuses_says_auth(device: str, user: str, password: str) -> None:
    answer = device_streams(device, user, password)
    assert (answer["ok"], answer["problem"]) == (False, "auth")


def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert device_streams(f"http://127.0.0.1:{port}/onvif", USER, PASSWORD)["problem"] == "unreachable"
