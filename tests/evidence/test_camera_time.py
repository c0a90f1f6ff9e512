"""A camera's clock is read over SOAP from a small server on loopback; strange answers end in one line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evidence.camera_time import measure, read_answer
from evidence.errors import ClockError
from streams.clock import SimulatedClock

SECOND_NS = 1_000_000_000
ANSWER = b"""<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
 xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><SOAP-ENV:Body>
 <tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>
 <tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>
 <tt:UTCDateTime><tt:Time><tt:Hour>20</tt:Hour><tt:Minute>26</tt:Minute><tt:Second>40</tt:Second></tt:Time>
 <tt:Date><tt:Year>2026</tt:Year><tt:Month>5</tt:Month><tt:Day>28</tt:Day></tt:Date></tt:UTCDateTime>
 <tt:LocalDateTime><tt:Time><tt:Hour>4</tt:Hour><tt:Minute>26</tt:Minute><tt:Second>40</tt:Second></tt:Time>
 <tt:Date><tt:Year>2026</tt:Year><tt:Month>5</tt:Month><tt:Day>29</tt:Day></tt:Date></tt:LocalDateTime>
 </tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"""
CAMERA_NS = 1_780_000_000 * SECOND_NS


@contextmanager
def camera(answer: bytes, status: int = 200) -> Iterator[tuple[str, list[bytes]]]:
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hung up is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/onvif/device_service", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("ahead_s", [-7, 0, 3])
def test_the_offset_is_the_camera_s_clock_minus_the_host_s(ahead_s: int) -> None:
    clock = SimulatedClock(CAMERA_NS - ahead_s * SECOND_NS)
    with camera(ANSWER) as (url, asked):
        sample = measure(url, clock)
    assert sample.offset_ns == ahead_s * SECOND_NS + SECOND_NS // 2
    assert sample.uncertainty_ns == SECOND_NS // 2
    assert sample.method == "ONVIF GetSystemDateAndTime"
    assert b"GetSystemDateAndTime" in asked[0]


STRANGE = {
    "nothing": b"",
    "a page": b"<html><body>hello</body></html>",
    "no UTC": ANSWER.replace(b"UTCDateTime", b"OtherDateTime"),
    "a bomb": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "a hidden bomb": '<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'.encode("utf-16"),
    "month 13": ANSWER.replace(b"<tt:Month>5", b"<tt:Month>13"),
    "no number": ANSWER.replace(b"<tt:Year>2026", b"<tt:Year>MMXXVI"),
    "huge number": ANSWER.replace(b"<tt:Year>2026", b"<tt:Year>" + b"9" * 5000),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_answer_is_one_error(name: str) -> None:
    with pytest.raises(ClockError, match="the camera's answer"):
        read_answer(STRANGE[name])


def test_an_endless_answer_a_refusal_and_silence_are_errors_without_the_address() -> None:
    with camera(b" " * 100_000) as (url, _), pytest.raises(ClockError, match="does not end"):
        measure(url, SimulatedClock())
    with camera(b"", 401) as (url, _), pytest.raises(ClockError, match="answered 401"):
        measure(url, SimulatedClock())
    with pytest.raises(ClockError, match="does not answer") as caught:
        measure(url.replace("http://", "http://admin:secret@"), SimulatedClock())
    assert "secret" not in str(caught.value)
