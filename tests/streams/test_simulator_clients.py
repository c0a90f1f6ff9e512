"""The simulator serves clients that others wrote, and none of them holds up another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from streams.errors import SimulatorError
from streams.simulator import SimulatedCamera, Simulator
from streams.source import CameraSource
from tests.streams.clips import HEIGHT, WIDTH, make_clip, number_of
from tests.streams.watching import Watched

_PICTURE_BYTES = WIDTH * HEIGHT * 3
PASSWORD = "p@ss:w/rd s3cret"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One-second clips at 20 pictures a second, so that every test goes over the seam."""
    folder = tmp_path_factory.mktemp("short")
    make_clip(folder / "h264.mp4", 20, rate=20)
    make_clip(folder / "h264_b.mp4", 20, rate=20, b_frames=2)
    make_clip(folder / "hevc_b.mp4", 20, rate=20, codec="libx265", b_frames=2)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> object:
    """All clips, one of them behind a password."""
    cameras = [SimulatedCamera(path.stem, path) for path in sorted(folder.iterdir())]
    with Simulator([*cameras, SimulatedCamera("locked", folder / "h264.mp4", "us er", PASSWORD)]) as simulator:
        yield simulator


def run(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, timeout=30, check=False)


def numbers(raw: bytes) -> list[int]:
    whole = len(raw) // _PICTURE_BYTES * _PICTURE_BYTES
    return [number_of(image) for image in np.frombuffer(raw[:whole], np.uint8).reshape(-1, HEIGHT, WIDTH, 3)]


def assert_looping(found: list[int]) -> None:
    assert len(found) >= 25
    assert all(later == (earlier + 1) % 20 for earlier, later in pairwise(found)), found


def ffmpeg(url: str, transport: str) -> subprocess.CompletedProcess[bytes]:
    reading = ("-rtsp_transport", transport, "-i", url)
    writing = ("-frames:v", "30", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "bgr24", "-")
    return run("ffmpeg", "-v", "warning", *reading, *writing)


@pytest.mark.parametrize("name", ["h264_b", "hevc_b"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_sees_every_picture_over_the_seam(served: Simulator, name: str, transport: str) -> None:
    result = ffmpeg(served.url(name), transport)
    assert result.returncode == 0
    assert_looping(numbers(result.stdout))
    assert b"missed" not in result.stderr


def test_ffprobe_sees_even_timestamps(served: Simulator) -> None:
    shown = ("-show_entries", "packet=pts", "-of", "csv=p=0", "-read_intervals", "%+#30")
    result = run("ffprobe", "-v", "error", "-rtsp_transport", "tcp", *shown, served.url("h264"))
    lines = [line.rstrip(",") for line in result.stdout.decode().split()]
    times = [int(line) for line in lines if line and line != "N/A"]
    assert len(times) >= 25
    assert {later - earlier for earlier, later in pairwise(times)} == {90_000 // 20}


@pytest.mark.parametrize(
    ("name", "codec", "transport"), [("h264", "h264", "tcp"), ("h264_b", "h264", "udp"), ("hevc_b", "h265", "tcp")]
)
def test_gstreamer_sees_every_picture_over_the_seam(
    served: Simulator, tmp_path: Path, name: str, codec: str, transport: str
) -> None:
    target = tmp_path / "out.bgr"
    pipeline = f"rtspsrc location={served.url(name)} protocols={transport} latency=200 ! rtp{codec}depay ! {codec}parse"
    pipeline += f" ! avdec_{codec} ! identity eos-after=34 ! videoconvert ! video/x-raw,format=BGR"
    result = run("gst-launch-1.0", "-q", *f"{pipeline} ! filesink location={target}".split())
    assert result.returncode == 0, result.stderr
    assert_looping(numbers(target.read_bytes())[:28])


def test_the_password_opens_and_nothing_else_does(served: Simulator) -> None:
    assert_looping(numbers(ffmpeg(served.url("locked"), "tcp").stdout))
    for user in ("", "us%20er:wrong@", "other:p@"):
        refused = ffmpeg(f"rtsp://{user}127.0.0.1:{served.port}/locked", "tcp")
        assert refused.returncode != 0
        assert b"401" in refused.stderr


def test_gstreamer_signs_in_too(served: Simulator, tmp_path: Path) -> None:
    target = tmp_path / "out.bgr"
    source = ["rtspsrc", f"location=rtsp://127.0.0.1:{served.port}/locked", "user-id=us er", f"user-pw={PASSWORD}"]
    pipeline = "protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 ! identity eos-after=34 ! videoconvert"
    sink = f"! video/x-raw,format=BGR ! filesink location={target}"
    result = run("gst-launch-1.0", "-q", *source, *f"{pipeline} {sink}".split())
    assert result.returncode == 0, result.stderr
    assert_looping(numbers(target.read_bytes())[:28])


def test_an_unknown_path_is_not_found(served: Simulator) -> None:
    assert b"404" in ffmpeg(f"rtsp://127.0.0.1:{served.port}/none", "tcp").stderr


class Client:
    """A bare RTSP client."""

    def __init__(self, url: str, port: int, receive_buffer_bytes: int | None = None) -> None:
        self._url = url
        self._session = ""
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))

    def ask(self, method: str, headers: str = "", url: str | None = None) -> str:
        session = f"Session: {self._session}\r\n" if self._session else ""
        request = f"{method} {url or self._url} RTSP/1.0\r\nCSeq: 1\r\n{session}{headers}\r\n"
        self.socket.sendall(request.encode())
        answer = self._answer()
        for line in answer.split("\r\n"):
            if line.startswith("Session: "):
                self._session = line[9:].partition(";")[0]
        return answer

    def _answer(self) -> str:
        while (first := self._exactly(1)) == b"$":
            self._exactly(int.from_bytes(self._exactly(3)[1:], "big"))
        data = first
        while not data.endswith(b"\r\n\r\n"):
            data += self._exactly(1)
        length = next(
            (int(line[16:]) for line in data.decode().split("\r\n") if line.startswith("Content-Length: ")), 0
        )
        return (data + self._exactly(length)).decode()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece
            data += piece
        return data

    def play(self) -> None:
        assert " 200 " in self.ask("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", f"{self._url}/track0")
        assert " 200 " in self.ask("PLAY", "Range: npt=0-\r\n")


def test_the_methods_of_a_session(served: Simulator) -> None:
    client = Client(f"rtsp://127.0.0.1:{served.port}/h264", served.port)
    with client.socket:
        assert "GET_PARAMETER" in client.ask("OPTIONS")
        assert "m=video" in client.ask("DESCRIBE")
        assert " 454 " in client.ask("PLAY")
        assert " 461 " in client.ask("SETUP", "Transport: RTP/AVP;multicast\r\n")
        client.play()
        assert " 200 " in client.ask("GET_PARAMETER")
        assert " 405 " in client.ask("RECORD")
        assert " 200 " in client.ask("TEARDOWN")
        assert " 454 " in client.ask("TEARDOWN")


def test_what_is_no_rtsp_is_cut_off(served: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"RTSP/1.0 400")
        assert client.recv(100) == b""


def test_a_client_that_does_not_read_loses_pictures_and_holds_nobody_up(tmp_path: Path) -> None:
    large = make_clip(tmp_path / "large.mp4", 20, rate=20, gop=5, size_wh=(1280, 720))
    small = make_clip(tmp_path / "small.mp4", 20, rate=20)
    with Simulator([SimulatedCamera("large", large), SimulatedCamera("small", small)]) as simulator:
        client = Client(simulator.url("large"), simulator.port, receive_buffer_bytes=4_096)
        with client.socket:
            client.play()
            deadline = time.monotonic() + 20
            while simulator.traffic.pictures_skipped == 0:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            began = time.monotonic()
            assert_looping(numbers(ffmpeg(simulator.url("small"), "tcp").stdout))
            assert time.monotonic() - began < 15
        deadline = time.monotonic() + 10
        while simulator.clients:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert simulator.traffic.pictures_sent > 0


def test_two_clients_see_the_same_moment_and_an_offset_shifts_it(folder: Path, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "long.mp4", 200, rate=20, gop=1)
    reordered = make_clip(tmp_path / "long_b.mp4", 200, rate=20, b_frames=3)
    cameras = [SimulatedCamera("a", clip), SimulatedCamera("b", reordered, start_offset_s=5.0)]
    with Simulator(cameras) as simulator:
        streams = [Watched(CameraSource(name, simulator.url(name))) for name in ("a", "a", "b")]
        with streams[0], streams[1], streams[2]:
            for stream in streams:
                stream.wait_for_frames(10)
    # By RTCP every picture has the time at which the simulator's clock showed it.
    first, second, shifted = ({f.captured_at_ns // 10**7: number_of(f.image) for f in s.frames[3:]} for s in streams)
    shared = first.keys() & second.keys()
    assert shared
    assert all(first[moment] == second[moment] for moment in shared)
    moved = {(shifted[moment] - first[moment]) % 200 for moment in first.keys() & shifted.keys()}
    assert moved == {100}
    # And no picture is dated after it came.
    assert all(f.captured_at_ns <= at for s in streams for f, at in zip(s.frames, s.arrived_ns, strict=True))


def test_a_busy_port_is_one_clear_line(folder: Path) -> None:
    camera = SimulatedCamera("gate", folder / "h264.mp4")
    with Simulator([camera]) as first, pytest.raises(SimulatorError) as caught:
        Simulator([camera], port=first.port).start()
    assert str(first.port) in str(caught.value)
    assert "in use" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_after_stop_the_port_is_free_and_clients_are_cut_off(folder: Path) -> None:
    simulator = Simulator([SimulatedCamera("gate", folder / "h264.mp4")])
    simulator.start()
    client = Client(simulator.url("gate"), simulator.port)
    with client.socket:
        client.play()
        simulator.stop()
        with contextlib.suppress(ConnectionError):
            while client.socket.recv(65_536):
                pass
    with Simulator([SimulatedCamera("gate", folder / "h264.mp4")], port=simulator.port) as again:
        assert again.port == simulator.port


def test_it_serves_in_an_event_loop_of_others_until_cancelled(folder: Path) -> None:
    async def scene() -> int:
        simulator = Simulator([SimulatedCamera("gate", folder / "h264.mp4")])
        task = asyncio.create_task(simulator.serve())
        while simulator.port == 0 and not task.done():
            await asyncio.sleep(0.01)
        if task.done():
            task.result()
        _, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        writer.close()
        await writer.wait_closed()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return simulator.port

    port = asyncio.run(scene())
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)
