"""Scripted sources for the camera's thread, on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from streams.clock import Clock, SimulatedClock
from streams.container import SourcePacket
from streams.errors import SourceError
from streams.ingest import CameraStream, OpenedSource
from streams.packet import StreamParameters
from streams.source import CameraSource
from streams.timeline import SECOND_NS

PARAMETERS = StreamParameters("mjpeg", 16, 16, b"", Fraction(1, 90_000))


def source_packet(clock: Clock, seconds: float, parameters: StreamParameters = PARAMETERS) -> SourcePacket:
    """A key frame of nonsense (it decodes to nothing) at a time of the source."""
    return SourcePacket(
        parameters=parameters,
        pts_ns=round(seconds * SECOND_NS),
        dts_ns=round(seconds * SECOND_NS),
        duration_ns=0,
        is_keyframe=True,
        is_corrupt=False,
        data=b"nonsense",
        sender_wall_ns=None,
        arrival_ns=clock.monotonic_ns(),
        arrival_wall_ns=clock.wall_ns(),
    )


class ScriptedCamera:
    """Opens as the script says: an error refuses the connection, a list of seconds gives packets at these times."""

    def __init__(self, clock: SimulatedClock, *sessions: SourceError | Exception | list[float]) -> None:
        self._clock = clock
        self._sessions = list(sessions)
        self.opened_at_s: list[float] = []
        self.closed = 0
        # Of the connections in turn; those after the last have the last.
        self.parameters = [PARAMETERS]
        self.stream: CameraStream | None = None

    def __call__(self, source: CameraSource, clock: Clock) -> OpenedSource:
        self.opened_at_s.append(clock.monotonic_ns() / SECOND_NS)
        if not self._sessions:
            assert self.stream is not None
            self.stream.stop()
            raise SourceError("the script is over")
        session = self._sessions.pop(0)
        if isinstance(session, Exception):
            raise session
        return _Session(self, self._clock, session)

    @property
    def now_ns(self) -> int:
        """The simulated clock's time, monotonic."""
        return self._clock.monotonic_ns()

    @property
    def waits_s(self) -> list[float]:
        """Seconds between the attempts to connect."""
        return [later - earlier for earlier, later in zip(self.opened_at_s, self.opened_at_s[1:], strict=False)]


class _Session:
    def __init__(self, camera: ScriptedCamera, clock: SimulatedClock, times_s: list[float]) -> None:
        self._camera = camera
        self._clock = clock
        self._times_s = times_s
        self._parameters = camera.parameters.pop(0) if len(camera.parameters) > 1 else camera.parameters[0]

    def packets(self) -> Iterator[SourcePacket]:
        before_s = self._times_s[0] if self._times_s else 0.0
        for seconds in self._times_s:
            self._clock.advance(max(0.0, seconds - before_s))
            before_s = seconds
            yield source_packet(self._clock, seconds, self._parameters)
        raise SourceError("gate: rtsp://user:s3cret@cam/: the connection broke")

    def close(self) -> None:
        self._camera.closed += 1
