"""Cameras over real sockets: GStreamer's server, our simulator, files and HTTP; and what goes wrong with them."""

from __future__ import annotations

import http.server
import logging
import threading
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from streams.decode import decode_span
from streams.demand import Demand
from streams.frame import TimeSource
from streams.health import StreamState
from streams.simulator import SimulatedCamera, Simulator
from streams.source import CameraSource
from streams.timeline import SECOND_NS
from tests.streams.clips import make_clip, number_of, numbers_in, write_mp4
from tests.streams.servers import StallingProxy, gstreamer_server
from tests.streams.watching import Watched

SECRET = "p@ss:w/rd s3cret"
Transport = Literal["tcp", "udp"]


@pytest.fixture(scope="module")
def loop_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second, 20 pictures a second, a key frame every half second, B-frames."""
    return make_clip(tmp_path_factory.mktemp("loop") / "loop.mp4", 20, rate=20, b_frames=2)


def simulator(clip: Path, port: int = 0) -> Simulator:
    return Simulator([SimulatedCamera("gate", clip, "user", SECRET)], port=port)


def assert_consecutive(numbers: list[int], modulus: int) -> None:
    assert all(later == (earlier + 1) % modulus for earlier, later in pairwise(numbers)), numbers


@pytest.mark.parametrize(
    ("name", "codec", "transport"), [("h264", "h264", "tcp"), ("h264_b", "h264", "udp"), ("hevc_b", "h265", "tcp")]
)
def test_gstreamer_s_server_is_read_picture_by_picture(
    clips: Path, tmp_path: Path, name: str, codec: str, transport: Transport
) -> None:
    with (
        gstreamer_server(codec, clips / f"{name}.mp4") as url,
        Watched(CameraSource("gate", url, transport)) as camera,
    ):
        camera.wait_for_frames(36)
    assert camera.numbers[:36] == list(range(36))
    assert camera.times_ns[:36] == [number * SECOND_NS // 10 for number in range(36)]
    assert camera.frames[35].time_source is TimeSource.RTCP_SR
    health = camera.stream.health()
    assert (health.codec, health.width, health.height) == ("hevc" if codec == "h265" else "h264", 128, 96)
    assert health.drops == {}
    span = camera.ring.span(SECOND_NS, 2 * SECOND_NS)
    assert span is not None
    assert numbers_in(write_mp4(span, tmp_path / "out.mp4"))[:11] == list(range(10, 21))


def test_pictures_of_several_slices_come_whole(tmp_path: Path) -> None:
    # The server repeats the parameter sets before every slice of a key picture, at which FFmpeg cuts it in two.
    clip = make_clip(tmp_path / "slices.mp4", 40, rate=20, slices=3)
    with gstreamer_server("h264", clip) as url, Watched(CameraSource("gate", url)) as camera:
        camera.wait_for_frames(25)
    assert camera.numbers[:25] == list(range(25))
    assert camera.times_ns[:25] == [number * SECOND_NS // 20 for number in range(25)]
    assert camera.stream.health().drops == {}


def test_a_real_clip_with_several_slices_a_picture_comes_whole(shared_data: Path) -> None:
    clip = shared_data / "videos" / "cvtrafficcam_parked_street" / "traffic_000-279.mp4"
    with gstreamer_server("h264", clip) as url, Watched(CameraSource("gate", url)) as camera:
        camera.wait_for_frames(15)
    assert camera.times_ns[:15] == [number * SECOND_NS // 10 for number in range(15)]
    assert camera.stream.health().drops == {}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_simulator_is_read_over_its_seam(loop_clip: Path, transport: Transport) -> None:
    with simulator(loop_clip) as server, Watched(CameraSource("gate", server.url("gate"), transport)) as camera:
        camera.wait_for_frames(30)
    assert_consecutive(camera.numbers, 20)
    assert all(later - earlier == SECOND_NS // 20 for earlier, later in pairwise(camera.times_ns))
    assert camera.frames[29].time_source is TimeSource.RTCP_SR
    assert camera.stream.health().drops == {}


def test_a_picture_of_the_past_comes_back_from_the_ring(loop_clip: Path) -> None:
    with simulator(loop_clip) as server, Watched(CameraSource("gate", server.url("gate")), Demand(0.5, 0.5)) as camera:
        camera.wait_for_frames(4)
    between_ns = camera.frames[0].pts_ns + SECOND_NS // 4
    span = camera.ring.gop_at(between_ns)
    assert span is not None
    frame = decode_span(span, between_ns)[0]
    assert number_of(frame.image) == (camera.numbers[0] + 5) % 20


def test_a_server_that_comes_back_is_found_again(loop_clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = simulator(loop_clip)
    server.start()
    with Watched(CameraSource("gate", server.url("gate"))) as camera:
        camera.wait_for_frames(10)
        server.stop()
        broken = camera.wait_for(lambda health: health.state is StreamState.RECONNECTING)
        before = len(camera.frames)
        with simulator(loop_clip, server.port):
            camera.wait_for_frames(before + 10)
            health = camera.stream.health()
    assert health.state is StreamState.STREAMING
    assert health.reconnects == 1
    assert camera.times_ns == sorted(set(camera.times_ns))
    wall = [frame.captured_at_ns for frame in camera.frames]
    gap_ns = camera.times_ns[before] - camera.times_ns[before - 1]
    assert abs(gap_ns - (wall[before] - wall[before - 1])) < SECOND_NS
    for shown in (str(broken.as_dict()), str(health.as_dict()), caplog.text):
        assert "s3cret" not in shown


def test_a_socket_that_falls_silent_is_noticed_and_left(loop_clip: Path) -> None:
    with simulator(loop_clip) as server:
        proxy = StallingProxy(server.port)
        url = server.url("gate").replace(f":{server.port}/", f":{proxy.port}/")
        source = CameraSource("gate", url, open_timeout_s=1.0, read_timeout_s=1.0)
        try:
            with Watched(source) as camera:
                camera.wait_for_frames(5)
                proxy.stall()
                health = camera.wait_for(lambda health: health.state is StreamState.RECONNECTING)
                assert "silent for 1 s" in str(health.last_error)
                assert "s3cret" not in str(health.last_error)
                assert 0.9 < (health.last_packet_age_s or 0) < 5
                proxy.flow()
                camera.wait_for_frames(len(camera.frames) + 5)
                assert camera.stream.health().state is StreamState.STREAMING
        finally:
            proxy.close()
    assert camera.times_ns == sorted(set(camera.times_ns))


def test_a_udp_server_that_goes_away_is_noticed(loop_clip: Path) -> None:
    with simulator(loop_clip) as server:
        source = CameraSource("gate", server.url("gate"), "udp", open_timeout_s=1.0, read_timeout_s=1.0)
        with Watched(source) as camera:
            camera.wait_for_frames(5)
            server.stop()
            camera.wait_for(lambda health: health.state is StreamState.RECONNECTING)


@pytest.mark.parametrize("user", ["", "user:wrong@", "nobody:s3cret@"])
def test_a_wrong_password_is_said_as_such(loop_clip: Path, user: str) -> None:
    with simulator(loop_clip) as server:
        source = CameraSource("gate", f"rtsp://{user}127.0.0.1:{server.port}/gate")
        with Watched(source) as camera:
            health = camera.wait_for(lambda health: health.state is StreamState.FAILED)
    assert "user name and password" in str(health.last_error)
    assert "s3cret" not in str(health.last_error)
    assert camera.frames == []


def test_an_unknown_path_and_a_closed_port_are_said_as_such(loop_clip: Path) -> None:
    with simulator(loop_clip) as server:
        port = server.port
        with Watched(CameraSource("gate", f"rtsp://127.0.0.1:{port}/other")) as camera:
            assert "404" in str(camera.wait_for(lambda health: health.state is StreamState.FAILED).last_error)
    with Watched(CameraSource("gate", f"rtsp://127.0.0.1:{port}/gate")) as camera:
        health = camera.wait_for(lambda health: health.state is StreamState.RECONNECTING)
        assert "refused" in str(health.last_error).lower()


def test_a_file_stands_in_for_a_camera_and_begins_again(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "short.mp4", 12, rate=20, gop=6)
    with Watched(CameraSource("gate", str(clip))) as camera:
        camera.wait_for_frames(30)
    assert_consecutive(camera.numbers[:30], 12)
    assert all(later - earlier == SECOND_NS // 20 for earlier, later in pairwise(camera.times_ns))
    lasted_ns = camera.frames[-1].captured_at_ns - camera.frames[0].captured_at_ns
    assert abs(lasted_ns - (camera.times_ns[-1] - camera.times_ns[0])) < SECOND_NS // 2


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class _QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A camera that hangs up is no news."""


def test_http_is_read_too(tmp_path: Path) -> None:
    make_clip(tmp_path / "live.ts", 40)
    handler = partial(_QuietHandler, directory=str(tmp_path))
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://user:s3cret@127.0.0.1:{server.server_address[1]}/live.ts"
            with Watched(CameraSource("gate", url)) as camera:
                camera.wait_for_frames(10)
                health = camera.wait_for(lambda health: health.state is StreamState.RECONNECTING)
        finally:
            server.shutdown()
            thread.join()
    # It comes faster than it was filmed, and is looked at from the newest key frame on.
    assert_consecutive(camera.numbers[:10], 40)
    assert "ended the stream" in str(health.last_error)
    assert "s3cret" not in str(health.last_error)


def test_a_camera_is_heard_in_packets_and_decoded_only_where_it_is_looked_at(loop_clip: Path) -> None:
    with (
        simulator(loop_clip) as server,
        Watched(CameraSource("gate", server.url("gate")), Demand(1.0, 1.0)) as camera,
    ):
        camera.wait_for_frames(4)
        health = camera.stream.health()
    assert {later - earlier for earlier, later in pairwise(camera.times_ns)} == {SECOND_NS}
    assert health.packets_read > 50
    assert health.frames_decoded <= 5
    assert health.key_spacing_s == 0.5
    assert health.gate["moving_share"] == 0.0


def test_after_stop_no_frame_comes(loop_clip: Path) -> None:
    with simulator(loop_clip) as server, Watched(CameraSource("gate", server.url("gate"))) as camera:
        camera.wait_for_frames(5)
        camera.stream.stop()
        count = len(camera.frames)
        assert not any(thread.name == "camera-gate" for thread in threading.enumerate())
        assert len(camera.frames) == count
        assert camera.stream.health().state is StreamState.STOPPED
