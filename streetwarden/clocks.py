"""What is known of the clocks: this machine's against UTC, and each camera's against this machine's.

A camera's clock is measured by its RTCP sender reports, as they come with the pictures, and, where its device service
is known, by ONVIF from a thread of its own. Nothing here is ever waited for by a look.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from evidence.camera_time import measure
from evidence.clock_reading import ClockReading, ClockSample, SampleHistory, combine
from evidence.errors import ClockError
from evidence.host_clock import HostClockSettings, HostClockWatch
from evidence.manifest import HostClock
from streams.clock import Clock

logger = logging.getLogger(__name__)

SECOND_NS: Final = 1_000_000_000
RTCP_METHOD: Final = "RTCP sender reports against the time of arrival"
RTCP_UNCERTAINTY_NS: Final = 200_000_000
"""Our own estimate of the shortest way of a picture from the sensor to this machine, which no report tells."""
RTCP_EVERY_NS: Final = 10 * SECOND_NS
STALE_NS: Final = 3600 * SECOND_NS
LONGEST_METHOD: Final = 400
Measure = Callable[[str, Clock], ClockSample]


@dataclass(frozen=True, slots=True)
class CameraTime:
    """The clock behind a picture's time, and the camera's own clock against UTC, whatever carried the time."""

    reading: ClockReading
    device_offset_ns: int | None = None
    device_uncertainty_ns: int | None = None


def nobody_knows() -> HostClock | None:
    """The host's clock was not asked for."""
    return None


class CameraClock:
    """One camera's clock. `reading` may be called from any thread; `host` gives the host's clock now."""

    def __init__(self, host: Callable[[], HostClock | None] = nobody_knows) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._rtcp = SampleHistory()
        self._onvif = SampleHistory()
        self._drift: dict[str, float | None] = {}

    def take_onvif(self, sample: ClockSample) -> None:
        """A measurement by ONVIF."""
        with self._lock:
            self._add(self._onvif, sample)

    def reading(self, time_source: str, rtcp_offset_s: float | None, now_ns: int) -> CameraTime:
        """What is known at `now_ns` (UTC); `rtcp_offset_s` is camera minus host by the newest sender report."""
        host = self._host()
        with self._lock:
            if rtcp_offset_s is not None:
                self._take_rtcp(round(rtcp_offset_s * SECOND_NS), now_ns)
            sample = self._sample(now_ns, by_rtcp=rtcp_offset_s is not None)
            drift = None if sample is None else self._drift.get(sample.method)
        reading = combine(time_source, host, sample, drift)
        if time_source == "file" or sample is None or host is None or host.offset_ns is None:
            return CameraTime(reading)
        offset_ns = sample.offset_ns + host.offset_ns
        uncertainty_ns = sample.uncertainty_ns + (host.uncertainty_ns or 0)
        return CameraTime(_naming(reading, sample, time_source), offset_ns, uncertainty_ns)

    def _take_rtcp(self, offset_ns: int, now_ns: int) -> None:
        latest = self._rtcp.latest
        if latest is None or abs(now_ns - latest.measured_at_ns) >= RTCP_EVERY_NS:
            self._add(self._rtcp, ClockSample(offset_ns, RTCP_UNCERTAINTY_NS, RTCP_METHOD, now_ns))

    def _add(self, history: SampleHistory, sample: ClockSample) -> None:
        history.add(sample)
        self._drift[sample.method] = history.drift_ppm

    def _sample(self, now_ns: int, *, by_rtcp: bool) -> ClockSample | None:
        latest = self._rtcp.latest if by_rtcp else self._onvif.latest
        return latest if latest is not None and abs(now_ns - latest.measured_at_ns) <= STALE_NS else None


def _naming(reading: ClockReading, sample: ClockSample, time_source: str) -> ClockReading:
    """Where the host's clock carried the time, the record still says what the camera's own clock showed."""
    if time_source != "host":
        return reading
    told = f"{reading.method}; the camera's own clock is {sample.offset_ns / SECOND_NS:+.3f} s ({sample.method})"
    return ClockReading(
        reading.offset_ns,
        reading.uncertainty_ns,
        reading.drift_ppm,
        told[:LONGEST_METHOD],
        reading.measured_at_ns,
        reading.host,
    )


@dataclass(slots=True)
class _Polled:
    """A camera whose device service is asked now and then."""

    clock: CameraClock
    url: str | None
    due_ns: int = 0
    trouble: str = ""


@dataclass(slots=True)
class Clocks:
    """All clocks of a worker. As a context manager it measures while it is open."""

    clock: Clock
    settings: HostClockSettings = field(default_factory=HostClockSettings)
    camera_every_s: float = 600.0
    measure: Measure = measure
    _host: HostClockWatch = field(init=False)
    _cameras: dict[str, _Polled] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._host = HostClockWatch(self.clock, self.settings)

    def __enter__(self) -> Self:
        self._host.start()
        self._thread = threading.Thread(target=self._run, name="camera-clocks", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._host.stop()
        if self._thread is not None:
            self._thread.join(timeout=10.0)

    @property
    def host(self) -> HostClock:
        """The host's clock now."""
        return self._host.state

    def follow(self, camera_id: str, onvif_url: str | None) -> CameraClock:
        """Keep this camera's clock from now on."""
        followed = CameraClock(lambda: self._host.state)
        with self._lock:
            self._cameras[camera_id] = _Polled(followed, onvif_url)
        return followed

    def forget(self, camera_id: str) -> None:
        """The camera is gone."""
        with self._lock:
            self._cameras.pop(camera_id, None)

    def poll(self) -> None:
        """Ask every camera that is due by ONVIF; blocks for a few seconds each, never raises for what they do."""
        with self._lock:
            polled = list(self._cameras.items())
        for camera_id, camera in polled:
            if camera.url is None or self._stopping.is_set() or self.clock.monotonic_ns() < camera.due_ns:
                continue
            camera.due_ns = self.clock.monotonic_ns() + round(self.camera_every_s * SECOND_NS)
            self._ask(camera_id, camera, camera.url)

    def _ask(self, camera_id: str, camera: _Polled, url: str) -> None:
        try:
            camera.clock.take_onvif(self.measure(url, self.clock))
            camera.trouble = ""
        except ClockError as error:
            if str(error) != camera.trouble:
                logger.warning("camera %s: its clock cannot be asked by ONVIF: %s", camera_id, error)
            camera.trouble = str(error)

    def _run(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                self.poll()
            except Exception:
                logger.exception("asking the cameras' clocks failed; it is tried again")
