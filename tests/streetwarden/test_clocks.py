"""What is known of the clocks behind a picture, from measurements on loopback and by hand."""

from __future__ import annotations

import threading

import pytest

from evidence.clock_reading import ClockSample
from evidence.context import CameraContext
from evidence.errors import ClockError
from evidence.grade import CLOCK_OFF, GradeLimits
from evidence.host_clock import HostClockSettings
from evidence.manifest import HostClock
from streams.clock import Clock, SimulatedClock
from streetwarden.clocks import RTCP_EVERY_NS, SECOND_NS, CameraClock, Clocks
from tests.evidence.test_host_clock import TimeServer, serving

NOW_NS = 1_780_000_000 * SECOND_NS
GOOD_HOST = HostClock(
    offset_ns=2_000_000, uncertainty_ns=1_000_000, drift_ppm=None, method="SNTP", measured_at_ns=NOW_NS
)


def judged_s(clock: CameraClock, time_source: str, rtcp_offset_s: float | None) -> float | None:
    """Seconds that the grade counts: offset and uncertainty together."""
    time = clock.reading(time_source, rtcp_offset_s, NOW_NS)
    context = CameraContext(
        "kerb-1",
        time_source=time_source,
        clock_offset_ns=time.reading.offset_ns,
        clock_uncertainty_ns=time.reading.uncertainty_ns,
        device_offset_ns=time.device_offset_ns,
        device_uncertainty_ns=time.device_uncertainty_ns,
    )
    offset_ns, uncertainty_ns = context.judged_clock
    return None if offset_ns is None else (abs(offset_ns) + uncertainty_ns) / SECOND_NS


@pytest.mark.parametrize(
    ("time_source", "rtcp_offset_s", "passes"),
    [
        ("rtcp_sr", 0.1, True),
        ("rtcp_sr", 0.9, False),
        ("host", None, True),
        ("host", 2.0, False),
        ("host", -2.0, False),
    ],
)
def test_the_worse_of_the_two_clocks_is_judged(time_source: str, rtcp_offset_s: float | None, passes: bool) -> None:
    judged = judged_s(CameraClock(lambda: GOOD_HOST), time_source, rtcp_offset_s)
    assert judged is not None
    assert (judged <= GradeLimits().max_clock_offset_s) is passes, (judged, CLOCK_OFF)


@pytest.mark.parametrize("time_source", ["rtcp_sr", "host", "file"])
def test_nothing_is_known_without_the_hosts_clock(time_source: str) -> None:
    assert judged_s(CameraClock(), time_source, 0.1) is None


def test_a_time_by_the_host_names_what_the_cameras_own_clock_showed() -> None:
    told = CameraClock(lambda: GOOD_HOST).reading("host", 2.0, NOW_NS).reading
    assert told.offset_ns == GOOD_HOST.offset_ns
    assert "the camera's own clock is +2.000 s" in told.method


def test_onvif_speaks_where_no_sender_report_does_and_not_for_ever() -> None:
    clock = CameraClock(lambda: GOOD_HOST)
    clock.take_onvif(ClockSample(100_000_000, 500_000_000, "ONVIF", NOW_NS))
    assert clock.reading("host", None, NOW_NS).device_offset_ns == 102_000_000
    assert clock.reading("host", None, NOW_NS + 3601 * SECOND_NS).device_offset_ns is None


def test_the_drift_is_learnt_from_sender_reports() -> None:
    clock = CameraClock(lambda: GOOD_HOST)
    for step in range(10):
        at_ns = NOW_NS + step * RTCP_EVERY_NS
        told = clock.reading("rtcp_sr", 0.1 + step * 10 * 20e-6, at_ns).reading
    assert told.drift_ppm == pytest.approx(20.0)


def test_the_host_is_measured_while_the_clocks_run_and_cameras_when_they_are_due() -> None:
    asked: list[str] = []

    def measure(url: str, clock: Clock) -> ClockSample:
        asked.append(url)
        if "dead" in url:
            raise ClockError("the camera does not answer")
        return ClockSample(300_000_000, 500_000_000, "ONVIF", clock.wall_ns())

    clock = SimulatedClock(NOW_NS)
    with serving(TimeServer(clock.wall_ns)) as address:
        clocks = Clocks(clock, HostClockSettings((address,), timeout_s=5.0), camera_every_s=600, measure=measure)
        followed = clocks.follow("a", "http://a/onvif")
        clocks.follow("b", "http://dead/onvif")
        clocks.follow("c", None)
        clocks.poll()
        clocks.poll()
        assert asked == ["http://a/onvif", "http://dead/onvif"]
        clock.advance(600)
        clocks.forget("b")
        clocks.poll()
        assert asked[2:] == ["http://a/onvif"]
        assert clocks.host.offset_ns is None
        with clocks:
            for _ in range(500):
                if clocks.host.offset_ns is not None:
                    break
                threading.Event().wait(0.01)
        time = followed.reading("host", None, clock.wall_ns())
        assert time.device_offset_ns == pytest.approx(300_000_000, abs=1_000_000)
