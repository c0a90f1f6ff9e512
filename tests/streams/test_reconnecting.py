"""A camera that fails is tried again, ever more slowly, for ever; on a simulated clock."""

from __future__ import annotations

import logging

import pytest

from streams.backoff import Backoff, ReconnectPolicy
from streams.clock import SimulatedClock
from streams.demand import Demand
from streams.errors import SourceError
from streams.health import StreamState
from streams.ingest import CameraStream
from streams.ring import PacketRing
from streams.source import CameraSource
from streams.timeline import SECOND_NS
from tests.streams.fakes import ScriptedCamera

SOURCE = CameraSource("gate", "rtsp://user:s3cret@cam/live")
REFUSED = SourceError("gate: rtsp://user:s3cret@cam/live: Connection refused")
WRONG_PASSWORD = SourceError("gate: the camera refuses this user name and password", lasting=True)


def run(*sessions: Exception | list[float], ring: PacketRing | None = None) -> tuple[ScriptedCamera, CameraStream]:
    clock = SimulatedClock(10**18)
    camera = ScriptedCamera(clock, *sessions)
    stream = CameraStream(SOURCE, ring or PacketRing("gate"), clock, opener=camera)
    camera.stream = stream
    stream.run()
    return camera, stream


def test_the_waits_grow_to_a_limit_and_are_never_the_same_twice() -> None:
    camera, _ = run(*[REFUSED] * 12)
    waits = camera.waits_s
    assert 0.1 <= waits[0] <= 0.2
    assert all(0.75 <= wait <= 1.5 for wait in waits[5:])
    assert len({round(wait, 6) for wait in waits}) == len(waits)


def test_two_cameras_do_not_wait_in_step() -> None:
    first, second = Backoff(ReconnectPolicy(), "gate"), Backoff(ReconnectPolicy(), "yard")
    assert [first.next_s() for _ in range(5)] != [second.next_s() for _ in range(5)]


def test_waits_stay_bounded_after_any_number_of_failures() -> None:
    backoff = Backoff(ReconnectPolicy(), "gate")
    assert max(backoff.next_s() for _ in range(5_000)) <= 1.5
    backoff.reset()
    assert backoff.next_s() <= 0.2


def test_a_wrong_password_is_not_tried_often() -> None:
    camera, stream = run(*[WRONG_PASSWORD] * 12)
    assert camera.waits_s[0] >= 1.0
    assert all(15.0 <= wait <= 30.0 for wait in camera.waits_s[7:])
    assert "password" in (stream.health().last_error or "")


def test_after_a_long_good_time_the_first_wait_is_short_again() -> None:
    camera, _ = run(*[REFUSED] * 8, [0.0, 30.0], [0.0])
    assert camera.waits_s[7] >= 0.75
    assert camera.waits_s[8] - 30.0 <= 0.2


def test_a_connection_that_breaks_at_once_does_not_reset_the_waits() -> None:
    camera, _ = run(*[[0.0]] * 8)
    assert camera.waits_s[7] >= 0.75


def test_reconnects_are_counted_and_every_connection_is_closed() -> None:
    camera, stream = run([0.0, 1.0], REFUSED, [0.0, 1.0], [0.0])
    health = stream.health()
    assert (health.reconnects, health.packets_read, health.state) == (2, 5, StreamState.STOPPED)
    assert camera.closed == 3


def test_the_timeline_goes_on_over_a_reconnect() -> None:
    ring = PacketRing("gate", max_seconds=3600)
    camera, _ = run([0.0, 1.0, 2.0], [0.0, 1.0], ring=ring)
    span = ring.span(0, 10**12)
    assert span is not None
    times = [packet.pts_ns for packet in span.packets]
    assert times == sorted(set(times))
    assert times[2] == 2 * SECOND_NS
    assert times[3] - times[2] == round((camera.opened_at_s[1] - 2.0) * SECOND_NS)
    assert [packet.captured_at_ns - packet.pts_ns for packet in span.packets] == [10**18] * 5


def test_states_are_told_apart() -> None:
    seen: list[tuple[StreamState, str | None]] = []
    clock = SimulatedClock(10**18)
    camera = ScriptedCamera(clock, REFUSED, WRONG_PASSWORD, [0.0], [0.0])

    def opener(source: CameraSource, used: object) -> object:
        health = stream.health()
        seen.append((health.state, health.last_error))
        return camera(source, clock)

    stream = CameraStream(
        SOURCE,
        PacketRing("gate"),
        clock,
        opener=opener,  # type: ignore[arg-type]
    )
    camera.stream = stream
    stream.run()
    assert [state for state, _ in seen] == [
        StreamState.CONNECTING,
        StreamState.RECONNECTING,
        StreamState.FAILED,
        StreamState.RECONNECTING,
        StreamState.RECONNECTING,
    ]
    assert seen[0][1] is None


def test_an_unexpected_error_does_not_end_the_thread() -> None:
    camera, stream = run(ValueError("boom rtsp://user:s3cret@cam/"), [0.0])
    assert len(camera.opened_at_s) == 3
    assert stream.health().packets_read == 1


def test_no_credentials_in_health_and_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, stream = run(REFUSED, ValueError("boom rtsp://user:s3cret@cam/"), [0.0, 20.0], REFUSED)
    assert "s3cret" not in str(stream.health().as_dict())
    assert "cam" in str(stream.health().last_error)
    assert "s3cret" not in caplog.text
    assert "rtsp://***@cam" in caplog.text


def test_errors_are_logged_at_most_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    run(*[REFUSED] * 3)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(lines) < 3


def test_pictures_that_do_not_decode_are_counted() -> None:
    camera, stream = run([0.0, 1.0, 2.0], ring=PacketRing("gate"))
    stream.reader.set_demand(Demand(1.0, 1.0))
    assert stream.reader.read(camera.now_ns, 4) == []
    assert stream.health().drops == {"decode_error": 1}
    assert stream.health().frames_emitted == 0


def test_a_stream_starts_once() -> None:
    clock = SimulatedClock()
    camera = ScriptedCamera(clock)
    stream = CameraStream(SOURCE, PacketRing("gate"), clock, opener=camera)
    camera.stream = stream
    stream.start()
    with pytest.raises(RuntimeError, match="started before"):
        stream.start()
    stream.stop()
    assert stream.health().state is StreamState.STOPPED
