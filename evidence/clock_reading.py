"""How far a camera's times are off UTC: offsets of clocks, their drift, and how they add up.

An offset is clock minus reference: positive when the clock is ahead. What carries a picture's time decides the sum:

* `rtcp_sr`, `onvif`: the camera's own clock, so (camera - host) + (host - UTC);
* `host`: the time of arrival on this machine, so (host - UTC);
* `file`: nobody knows.

Uncertainties add up; where one of the parts is unknown the offset is unknown, and the method says which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from evidence.manifest import HostClock

_CAMERA_SOURCES: Final = frozenset({"rtcp_sr", "onvif"})
_LONGEST_METHOD: Final = 400
MIN_DRIFT_SPAN_NS: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One measurement of a clock against a reference; `measured_at_ns` is UTC nanoseconds by the measuring machine."""

    offset_ns: int
    uncertainty_ns: int
    method: str
    measured_at_ns: int


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What is known of the clock behind a picture's time; fields as in `evidence.context.CameraContext`."""

    offset_ns: int | None
    uncertainty_ns: int | None
    drift_ppm: float | None
    method: str
    measured_at_ns: int | None
    host: HostClock | None


class SampleHistory:
    """The latest samples of one clock, and its drift. Not thread-safe."""

    def __init__(self, longest: int = 64) -> None:
        self._samples: deque[ClockSample] = deque(maxlen=longest)

    def add(self, sample: ClockSample) -> None:
        """Take a sample; another method starts anew, since its error is another."""
        if self._samples and self._samples[-1].method != sample.method:
            self._samples.clear()
        self._samples.append(sample)

    @property
    def latest(self) -> ClockSample | None:
        """The newest sample."""
        return self._samples[-1] if self._samples else None

    @property
    def drift_ppm(self) -> float | None:
        """Parts per million that the clock gains; None before there are three samples over a minute."""
        return drift_ppm(self._samples)


def drift_ppm(samples: Iterable[ClockSample]) -> float | None:
    """The slope of the offsets over time by least squares, in parts per million; None for too few or too short."""
    points = [(sample.measured_at_ns, sample.offset_ns) for sample in samples]
    if len(points) < 3 or points[-1][0] - points[0][0] < MIN_DRIFT_SPAN_NS:
        return None
    first = points[0][0]
    times = [(at_ns - first) / 1e9 for at_ns, _ in points]
    offsets = [offset_ns / 1e9 for _, offset_ns in points]
    mean_time, mean_offset = sum(times) / len(times), sum(offsets) / len(offsets)
    spread = sum((time - mean_time) ** 2 for time in times)
    slope = sum((time - mean_time) * (offset - mean_offset) for time, offset in zip(times, offsets, strict=True))
    return round(slope / spread * 1e6, 3) if spread else None


def combine(
    time_source: str, host: HostClock | None, camera: ClockSample | None = None, camera_drift_ppm: float | None = None
) -> ClockReading:
    """The offset against UTC of the clock behind a picture's time.

    `camera` is the camera's clock against this machine's, by RTCP sender reports or ONVIF; see the module for the sum.
    """
    host_said = "the host's clock was not checked" if host is None else f"host: {host.method}"
    if time_source == "file":
        return ClockReading(None, None, None, "a file's own time: nobody measured its clock", None, host)
    if time_source not in _CAMERA_SOURCES:
        known = host or HostClock(offset_ns=None, uncertainty_ns=None, drift_ppm=None, method="", measured_at_ns=None)
        return ClockReading(
            known.offset_ns, known.uncertainty_ns, known.drift_ppm, host_said, known.measured_at_ns, host
        )
    if camera is None:
        return ClockReading(None, None, None, f"the camera's clock was not measured; {host_said}", None, host)
    method = f"camera: {camera.method}; {host_said}"[:_LONGEST_METHOD]
    if host is None or host.offset_ns is None:
        return ClockReading(None, None, camera_drift_ppm, method, camera.measured_at_ns, host)
    return ClockReading(
        offset_ns=camera.offset_ns + host.offset_ns,
        uncertainty_ns=camera.uncertainty_ns + (host.uncertainty_ns or 0),
        drift_ppm=camera_drift_ppm,
        method=method,
        measured_at_ns=camera.measured_at_ns,
        host=host,
    )
