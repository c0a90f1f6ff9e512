"""Offsets add up by what carries a picture's time, and what nobody knows stays unknown."""

from __future__ import annotations

import pytest

from evidence.clock_reading import ClockSample, SampleHistory, combine, drift_ppm
from evidence.manifest import HostClock

SECOND_NS = 1_000_000_000
HOST = HostClock(
    offset_ns=20_000_000, uncertainty_ns=3_000_000, drift_ppm=1.5, method="SNTP time.example", measured_at_ns=5
)
LOST = HostClock(offset_ns=None, uncertainty_ns=None, drift_ppm=None, method="unknown: no answer", measured_at_ns=None)
CAMERA = ClockSample(-300_000_000, 1_000_000, "RTCP sender reports", 7)


def test_a_camera_s_own_time_is_its_offset_to_the_host_and_the_host_s_to_utc() -> None:
    reading = combine("rtcp_sr", HOST, CAMERA, 12.5)
    assert (reading.offset_ns, reading.uncertainty_ns) == (-280_000_000, 4_000_000)
    assert (reading.drift_ppm, reading.measured_at_ns, reading.host) == (12.5, 7, HOST)
    assert reading.method == "camera: RTCP sender reports; host: SNTP time.example"


def test_a_time_of_arrival_is_off_as_the_host_is() -> None:
    reading = combine("host", HOST, CAMERA)
    assert (reading.offset_ns, reading.uncertainty_ns, reading.drift_ppm) == (20_000_000, 3_000_000, 1.5)


@pytest.mark.parametrize(
    ("source", "host", "camera", "said"),
    [
        ("file", HOST, CAMERA, "a file's own time"),
        ("host", None, CAMERA, "not checked"),
        ("host", LOST, CAMERA, "unknown: no answer"),
        ("rtcp_sr", HOST, None, "the camera's clock was not measured"),
        ("onvif", LOST, CAMERA, "unknown: no answer"),
        ("onvif", None, CAMERA, "not checked"),
    ],
)
def test_an_unknown_part_makes_an_unknown_sum_and_is_said(
    source: str, host: HostClock | None, camera: ClockSample | None, said: str
) -> None:
    reading = combine(source, host, camera)
    assert reading.offset_ns is None
    assert said in reading.method


def samples(ppm: float, count: int, method: str = "one") -> list[ClockSample]:
    step_ns = 30 * SECOND_NS
    return [ClockSample(round(number * step_ns * ppm / 1e6), 0, method, number * step_ns) for number in range(count)]


def test_drift_is_the_slope_of_the_offsets() -> None:
    assert drift_ppm(samples(40.0, 10)) == pytest.approx(40.0)
    assert drift_ppm(samples(-3.5, 10)) == pytest.approx(-3.5)


def test_two_samples_or_a_short_time_give_no_drift() -> None:
    assert drift_ppm(samples(40.0, 2)) is None
    assert drift_ppm([ClockSample(0, 0, "one", at) for at in range(5)]) is None


def test_the_history_is_bounded_and_starts_anew_with_another_method() -> None:
    history = SampleHistory(longest=5)
    assert history.latest is None
    for sample in samples(40.0, 9):
        history.add(sample)
    assert history.drift_ppm == pytest.approx(40.0)
    history.add(ClockSample(1, 1, "another", 10**12))
    assert history.drift_ppm is None
    assert history.latest == ClockSample(1, 1, "another", 10**12)
