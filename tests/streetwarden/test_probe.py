"""Trying a camera's address: what comes back of a real one, and the reason of everything that goes wrong."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from streams.simulator import Fault, FaultKind, SimulatedCamera, Simulator
from streetwarden.masks import GREY
from streetwarden.probe import Patience, probe
from tests.streams.clips import make_clip

QUICK = Patience(answer_s=0.5, key_s=1.0, watch_s=2.0)
CALM = Patience(answer_s=5.0, key_s=10.0, watch_s=5.0)
Answerer = Callable[[str], str]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    folder = tmp_path_factory.mktemp("probe")
    clip = make_clip(folder / "clip.mp4", 40, rate=20, gop=20)
    cameras = [SimulatedCamera("gate", clip), SimulatedCamera("other", clip)]
    with Simulator(cameras, cache=folder / "cache") as made:
        yield made


@pytest.fixture
def scripted() -> Iterator[Callable[[Answerer], str]]:
    """The address of a server that answers each request as it is told to."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: Answerer) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=_serve, args=(listener, answer)))
        threads[-1].start()
        return f"rtsp://127.0.0.1:{listener.getsockname()[1]}/cam"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)


def _serve(listener: socket.socket, answer: Answerer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(2)
            try:
                while request := connection.recv(4096).decode():
                    connection.sendall(answer(request).encode())
            except OSError:
                pass


def rtsp(request: str, status: str = "200 OK", body: str = "") -> str:
    number = next((line for line in request.split("\r\n") if line.lower().startswith("cseq")), "CSeq: 1")
    head = f"RTSP/1.0 {status}\r\n{number}\r\n"
    return (
        f"{head}Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}" if body else f"{head}\r\n"
    )


def test_a_camera_that_works_is_described_with_a_first_still(simulator: Simulator) -> None:
    found = probe(simulator.url("gate"), patience=CALM)
    assert (found.ok, found.reason, found.codec) == (True, None, "h264")
    assert found.fps == pytest.approx(20, abs=1)
    assert found.key_spacing_s == pytest.approx(1, abs=0.1)
    image = cv2.imdecode(np.frombuffer(base64.b64decode(found.still or ""), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape[:2] == (found.height, found.width)


def test_what_the_privacy_masks_hide_is_not_in_the_still(simulator: Simulator) -> None:
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    found = probe(simulator.url("gate"), masks=[half], patience=CALM)
    image = cv2.imdecode(np.frombuffer(base64.b64decode(found.still or ""), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    left = image[:, : image.shape[1] // 2 - 16].astype(int)
    assert np.abs(left - GREY).max() < 12


def test_a_camera_that_refuses_its_password_says_auth(simulator: Simulator) -> None:
    simulator.inject("other", Fault(FaultKind.AUTH))
    try:
        found = probe(simulator.url("other"), patience=QUICK)
    finally:
        simulator.clear("other")
    assert (found.ok, found.reason) == (False, "auth")


def test_a_camera_that_sends_nothing_says_timeout(simulator: Simulator) -> None:
    simulator.inject("other", Fault(FaultKind.HALF_OPEN))
    try:
        found = probe(simulator.url("other"), patience=QUICK)
    finally:
        simulator.clear("other")
    assert (found.ok, found.reason) == (False, "timeout")


def test_an_unknown_path_says_not_found_and_shows_no_password(simulator: Simulator) -> None:
    url = simulator.url("gate").replace("rtsp://", "rtsp://u:geheim@").replace("gate", "nowhere")
    found = probe(url, patience=QUICK)
    assert (found.ok, found.reason) == (False, "not_found")
    assert "geheim" not in found.detail


def test_nobody_at_the_port_says_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert probe(f"rtsp://127.0.0.1:{port}/x", patience=QUICK).reason == "refused"


def test_a_name_that_nobody_knows_says_so() -> None:
    assert probe("rtsp://nowhere.invalid/x", patience=QUICK).reason in {"unknown_host", "unreachable"}


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "udp://127.0.0.1:1", "rtmp://h/x"])
def test_what_is_no_camera_address_is_not_opened(url: str) -> None:
    assert probe(url, patience=QUICK).reason == "protocol"


def test_a_server_that_speaks_something_else_says_protocol(scripted: Callable[[Answerer], str]) -> None:
    assert probe(scripted(lambda _: "SSH-2.0-OpenSSH_9.2\r\n\r\n"), patience=QUICK).reason == "protocol"


def test_a_stream_of_sound_alone_says_no_video(scripted: Callable[[Answerer], str]) -> None:
    sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n"

    def answer(request: str) -> str:
        return rtsp(request, body=sdp) if request.startswith("DESCRIBE") else rtsp(request)

    assert probe(scripted(answer), patience=QUICK).reason == "no_video"


def test_a_camera_on_the_way_of_http_that_asks_for_a_password_says_auth(
    scripted: Callable[[Answerer], str], tmp_path: Path
) -> None:
    refused = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    url = scripted(lambda _: refused).replace("rtsp://", "http://")
    assert probe(url, patience=QUICK).reason == "auth"
